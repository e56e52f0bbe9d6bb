/** What every screen is given and gives. Draws nothing. */

import type { App } from "./app.ts";
import type { Formats } from "./formats.ts";
import type { Texts } from "./texts/texts.ts";

/** The page's state, and the words and numbers of its language. */
export interface View {
  readonly app: App;
  readonly texts: Texts;
  readonly formats: Formats;
}

/** A part of the page; made anew when what it shows is another thing. */
export interface Screen {
  readonly element: HTMLElement;
  /** Shows new numbers in the same place. */
  update?(): void;
  /** Gives back what it holds. */
  close?(): void;
}
