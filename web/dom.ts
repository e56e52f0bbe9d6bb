/** Elements with attributes, listeners and children in one call. Knows nothing of what they are for. */
/// <reference lib="dom" />

/** What may stand in an element: undefined and false stand for nothing. */
export type Child = Node | string | undefined | false;

/** Attributes by name, `true` for those without a value, undefined and false for none; listeners under `on`. */
export interface Properties {
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
  readonly [attribute: string]:
    | string
    | number
    | boolean
    | undefined
    | Readonly<Record<string, (event: Event) => void>>;
}

/** A new element. Text in it stays text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "object") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** A button that does something; `kind` is its look. */
export function button(
  text: string,
  act: () => unknown,
  properties: Properties = {},
): HTMLButtonElement {
  return make("button", { type: "button", on: { click: () => void act() }, ...properties }, text);
}

/** Gives an element other children, unless it has that text already: what did not change is not read aloud again. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows how far something is; undefined where that is not known. */
export function advance(
  bar: HTMLProgressElement,
  progress: { readonly done: number; readonly total: number } | undefined,
): void {
  if (progress) {
    bar.max = Math.max(1, progress.total);
    bar.value = progress.done;
  } else bar.removeAttribute("value");
}

/** A picture in memory; its address is given back once it is shown. */
export function picture(blob: Blob, alt: string): HTMLImageElement {
  const image = make("img", { alt, src: URL.createObjectURL(blob), decoding: "async" });
  const release = () => URL.revokeObjectURL(image.src);
  image.addEventListener("load", release, { once: true });
  image.addEventListener("error", release, { once: true });
  return image;
}

/** Rows of cells as a table with a caption that is heard, not seen. Columns from `numbers` on stand at the right; a `tall` one is scrolled. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Child[])[],
  { numbers = 1, tall = false }: { readonly numbers?: number; readonly tall?: boolean } = {},
): HTMLElement {
  // A table that is wider than a phone is scrolled, by keys too.
  return make(
    "div",
    { class: tall ? "scroll tall" : "scroll", tabindex: 0, role: "region", "aria-label": caption },
    make(
      "table",
      {},
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          ...head.map((cell, i) => make("th", { scope: "col", class: kindOf(i, numbers) }, cell)),
        ),
      ),
      make("tbody", {}, ...rows.map((row) => tableRow(row, numbers))),
    ),
  );
}

/** A row more for the body of a {@linkcode table}. */
export function tableRow(cells: readonly Child[], numbers = 1): HTMLTableRowElement {
  return make(
    "tr",
    {},
    ...cells.map((cell, i) => make("td", { class: kindOf(i, numbers) }, cell)),
  );
}

function kindOf(column: number, numbers: number): string {
  return column >= numbers ? "number" : "name";
}
