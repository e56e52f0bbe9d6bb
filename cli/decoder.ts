/** A worker for images with no more rights than decoding takes. Decodes nothing itself. */

/** Where the libraries that decode are. */
const MODULES = new URL("../node_modules", import.meta.url);

/**
 * What a worker for images may do: read the libraries' folder and call their native code, where the program itself
 * may. No other file, no network, no program: what it decodes it is given.
 */
export function decodingRights(): Deno.PermissionOptionsObject {
  const modules = decodeURIComponent(MODULES.pathname);
  const granted = (name: "read" | "ffi") =>
    Deno.permissions.querySync({ name, path: modules }).state === "granted" ? [modules] : false;
  return {
    ...{ net: false, write: false, run: false, import: false },
    read: granted("read"),
    ffi: granted("ffi"),
    // sharp asks which system this is, and libvips what it is told to do.
    ...{ env: "inherit", sys: "inherit" },
  };
}

/** Starts a worker for images with {@linkcode decodingRights}. */
export function startDecoder(): Worker {
  return new Worker(new URL("../data/worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: decodingRights() },
  });
}
