/** A worker for images that breaks down over files of certain names: `throw`, `end`, `hang`; `once` if it is the first. */

import "../../data/worker.ts";
import type { Request } from "../../data/decoding.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  close(): void;
};
const decode = scope.onmessage;
const first = new URL(import.meta.url).searchParams.get("number") === "0";

scope.onmessage = (event) => {
  const names = event.data.type === "work" ? event.data.items.map(({ work }) => work.name) : [];
  const has = (mood: string) => names.some((name) => name.startsWith(mood));
  if (has("throw") || first && has("once")) throw new Error("the codec has crashed");
  if (has("end")) return scope.close();
  while (has("hang"));
  decode(event);
};
