/** Files and folders that a person drops or chooses, as sources. Reads none of them. */
/// <reference lib="dom" />
/// <reference lib="dom.asynciterable" />

import { make } from "./dom.ts";
import type { PlacedFile, Source } from "./messages.ts";

/** What some browsers have and the library of types lacks. */
interface Pickers {
  showDirectoryPicker?(options: { readonly id: string }): Promise<FileSystemDirectoryHandle>;
}
interface DroppedItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** Endings of archives and images, for the browser's own choice of files. */
const ARCHIVES = ".zip,.tar,.tgz,.tar.gz,application/zip,application/x-tar";

/** What was dropped; undefined where it holds no file. Must be called while the event is handled. */
export async function dropped(transfer: DataTransfer): Promise<Source | undefined> {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry());
  const files = items.map((item) => item.getAsFile());
  const handles = items.map((item) => (item as DroppedItem).getAsFileSystemHandle?.());
  const [handle] = await Promise.all(handles.map((one) => one?.catch(() => null)));
  if (items.length === 1 && handle?.kind === "directory") {
    return { kind: "folder", handle: handle as FileSystemDirectoryHandle };
  }
  const placed: PlacedFile[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry) await gather(entry, placed);
    else if (files[i]) placed.push({ path: files[i].name, file: files[i] });
  }
  return placed.length > 0 ? { kind: "files", files: placed } : undefined;
}

/** A folder of this machine; undefined where none was chosen. */
export async function chooseFolder(): Promise<Source | undefined> {
  const { showDirectoryPicker } = globalThis as Pickers;
  if (showDirectoryPicker) {
    try {
      return { kind: "folder", handle: await showDirectoryPicker({ id: "verity" }) };
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return undefined;
      throw error;
    }
  }
  return placedFiles(await chosen({ webkitdirectory: true, multiple: true }));
}

/** Archives or single files. */
export async function chooseFiles(kind: "archive" | "images"): Promise<Source | undefined> {
  return placedFiles(
    await chosen({ accept: kind === "archive" ? ARCHIVES : "image/*", multiple: true }),
  );
}

/** One file; undefined where none was chosen. */
export async function chooseFile(accept: string): Promise<File | undefined> {
  return (await chosen({ accept }))[0];
}

function placedFiles(files: readonly File[]): Source | undefined {
  if (files.length === 0) return undefined;
  const placed = files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  return { kind: "files", files: placed };
}

/** Opens the browser's own dialogue for files. */
function chosen(properties: Record<string, string | boolean>): Promise<readonly File[]> {
  return new Promise((resolve) => {
    const input = make("input", {
      type: "file",
      ...properties,
      on: {
        change: () => resolve([...input.files ?? []]),
        cancel: () => resolve([]),
      },
    });
    input.click();
  });
}

/** Every file in what was dropped, with its path. */
async function gather(entry: FileSystemEntry, into: PlacedFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject)
    );
    into.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  while (true) {
    // A part of the folder at a time, until there is none left.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (part.length === 0) return;
    for (const one of part) await gather(one, into);
  }
}

/** An area that takes what is dropped on it; `children` stand in it. */
export function dropArea(
  take: (source: Source | undefined) => void,
  ...children: readonly (Node | string)[]
): HTMLElement {
  const over = (event: Event) => {
    event.preventDefault();
    area.classList.add("over");
  };
  const area = make("div", {
    class: "drop",
    on: {
      dragenter: over,
      dragover: over,
      dragleave: () => area.classList.remove("over"),
      drop: (event) => {
        event.preventDefault();
        area.classList.remove("over");
        const { dataTransfer } = event as DragEvent;
        if (dataTransfer) void dropped(dataTransfer).then(take, () => take(undefined));
      },
    },
  }, ...children);
  return area;
}
