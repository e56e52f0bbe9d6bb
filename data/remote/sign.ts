/** Signatures of requests to object storage, AWS Signature Version 4, which other stores take too. Sends nothing. */

/** Whose signature it is. */
export interface S3Keys {
  readonly id: string;
  readonly secret: string;
  /** Where the keys are for some hours only. */
  readonly token?: string | undefined;
  readonly region: string;
}

/** SHA-256 of a body that has no byte. */
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const ALGORITHM = "AWS4-HMAC-SHA256";

/** Headers that sign a GET of an address at a time, and those of `headers` that are to be signed with it. */
export async function signedHeaders(
  url: URL,
  { keys, now, headers = {} }: {
    readonly keys: S3Keys;
    readonly now: Date;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Record<string, string>> {
  const { id, secret, token, region } = keys;
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const own = {
    "x-amz-content-sha256": EMPTY,
    "x-amz-date": time,
    ...(token !== undefined && { "x-amz-security-token": token }),
  };
  const signed = Object.entries({ host: url.host, ...lowered(headers), ...own })
    .sort(([a], [b]) => a < b ? -1 : 1);
  const names = signed.map(([name]) => name).join(";");
  const request = [
    "GET",
    url.pathname.split("/").map((part) => strict(decodeURIComponent(part))).join("/"),
    [...url.searchParams].map((pair) => pair.map(strict).join("=")).sort().join("&"),
    ...signed.map(([name, value]) => `${name}:${value.trim()}`),
    "",
    names,
    EMPTY,
  ].join("\n");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const text = [ALGORITHM, time, scope, await sha256(request)].join("\n");
  let key: Uint8Array<ArrayBuffer> = encoded(`AWS4${secret}`);
  for (const part of scope.split("/")) key = await hmac(key, part);
  const signature = (await hmac(key, text)).toHex();
  const Authorization =
    `${ALGORITHM} Credential=${id}/${scope},SignedHeaders=${names},Signature=${signature}`;
  return { ...own, Authorization };
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

/** All but letters, digits and `-._~` in percent signs, as RFC 3986 reserves them. */
function strict(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoded(text))).toHex();
}

async function hmac(
  key: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoded(text)));
}
