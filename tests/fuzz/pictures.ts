/** Targets that hold images: headers, bodies through each decoder, archives. */
import { withArchives } from "../../data/archives/mount.ts";
import { openDecoder } from "../../data/decode.ts";
import { encodeJpeg, encodePng } from "../../data/encode.ts";
import { DataError } from "../../data/errors.ts";
import type { Files } from "../../data/files.ts";
import { readHeader } from "../../data/headers/header.ts";
import { MAX_PIXELS } from "../../data/image.ts";
import { gzipOf, madeOf, tarOf, zipOf } from "../data/archive_files.ts";
import { smooth } from "../data/fixtures.ts";
import { oneFolder } from "./one_folder.ts";
import { require, type Target } from "./verdict.ts";

const picture = smooth(12, 8, 1);
const jpeg = await encodeJpeg(picture);
const png = await encodePng(picture);

/** The same picture, written by sharp. */
async function others(): Promise<Uint8Array[]> {
  const { default: sharp } = await import("sharp");
  const raw = { width: 12, height: 8, channels: 3 } as const;
  const image = () => sharp(picture.data, { raw });
  const made = [
    image().webp({ quality: 50 }),
    image().webp({ lossless: true }),
    image().gif(),
    image().tiff(),
    image().jpeg({ progressive: true }).withMetadata({ orientation: 6 }),
    image().png({ palette: true }),
  ];
  return await Promise.all(made.map(async (one) => new Uint8Array(await one.toBuffer())));
}

const seeds = [jpeg, png, ...await others()];

/** Marks of formats, sizes that are too large, names of chunks. */
const words = [
  ...[
    "\xff\xd8",
    "\xff\xd9",
    "\xff\xc0",
    "\xff\xc4",
    "\xff\xda",
    "\xff\xe1",
    "Exif\0\0II*\0",
    "MM\0*",
  ],
  ...[
    "IHDR",
    "IDAT",
    "IEND",
    "PLTE",
    "acTL",
    "RIFF",
    "WEBP",
    "VP8 ",
    "VP8L",
    "VP8X",
    "ANMF",
    "GIF89a",
  ],
  ...["BM", "ftypavif", "ispe", "\0\0\xff\xff", "\xff\xff\xff\xff", "<!doctype html>", "\0"],
];

const headers: Target = {
  name: "headers",
  seeds,
  words,
  refuses: [],
  says: "",
  read(bytes) {
    const header = readHeader(bytes);
    if (!header) return;
    const { width, height, orientation } = header;
    const whole = [width, height].every((n) => Number.isSafeInteger(n) && n >= 0 && n < 2 ** 32);
    require(whole, `${width} × ${height} pixels`);
    require(orientation >= 1 && orientation <= 8, `orientation ${orientation}`);
  },
};

const decoder = (library: "sharp" | "jsquash", kind: string, of: readonly Uint8Array[]): Target => {
  const opened = openDecoder(library);
  return {
    name: `${library}-${kind}`,
    seeds: of,
    words,
    refuses: [DataError],
    says: "a.img",
    async read(bytes) {
      const header = readHeader(bytes);
      // What would take the time of a real image of this size is no fault.
      if (
        header && header.width * header.height > 2 ** 20 &&
        header.width * header.height <= MAX_PIXELS
      ) return;
      const { width, height, data } = await (await opened).decode(bytes, "a.img");
      require(data.length === 3 * width * height, `${width} × ${height} in ${data.length} bytes`);
      const turned = header!.orientation > 4;
      const size = turned ? [height, width] : [width, height];
      require(
        size[0] === header!.width && size[1] === header!.height,
        `${size} pixels where the header says ${header!.width} × ${header!.height}`,
      );
    },
  };
};

const made = madeOf({ "real/1.jpg": jpeg, "fake/2.png": png, "labels.txt": "img_name,target\n" });
const packed = made.map((file) => ({ ...file, deflate: true }));
const PATHS = [
  ...[
    "../",
    "/etc/passwd",
    "..\\",
    "C:\\",
    "\0",
    "real/../../x",
    "./",
    "//",
    "%2e%2e/",
    "real/1.jpg",
  ],
  ...["PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07", "ustar", "99999999999"],
  ...[
    "path=../x\n",
    "12 path=/x\n",
    "\x1f\x8b\x08",
    "2",
    "1",
    "x",
    "g",
    "L",
    "K",
    "\xff".repeat(11),
  ],
];

/** Every file of an archive is read. */
async function walk(files: Files, dir: string): Promise<void> {
  for (const { name, kind, link } of await files.list(dir)) {
    require(!link, `${name} is a link`);
    require(
      name !== "" && name !== ".." && name !== "." && !/[/\\\0]/.test(name),
      `a name is ${JSON.stringify(name)}`,
    );
    const path = `${dir}/${name}`;
    if (kind === "directory") await walk(files, path);
    else {
      const { size } = await files.info(path);
      const { length } = await files.read(path);
      require(length === size, `${path} has ${length} bytes, its entry says ${size}`);
    }
  }
}

const archive = (name: string, of: readonly Uint8Array[]): Target => ({
  name: name.replace("a.", ""),
  seeds: of,
  words: PATHS,
  refuses: [DataError],
  says: name,
  async read(bytes) {
    await walk(withArchives(oneFolder(new Map([[name, bytes]]))), name);
  },
});

/** Targets of this file. */
export const pictureTargets: readonly Target[] = [
  headers,
  archive("a.zip", [zipOf(made), zipOf(packed)]),
  archive("a.tar", [
    tarOf(made),
    tarOf([{ name: `${"d/".repeat(60)}1.jpg`, bytes: jpeg }, ...made]),
  ]),
  archive("a.tar.gz", [gzipOf(tarOf(made))]),
  decoder("jsquash", "jpeg", [jpeg, seeds[6]!]),
  decoder("jsquash", "png", [png, seeds[7]!]),
  decoder("jsquash", "webp", seeds.slice(2, 4)),
  decoder("sharp", "any", seeds),
];
