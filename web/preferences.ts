/** What a person prefers: language and light or dark. Remembers it in this browser and draws nothing. */
/// <reference lib="dom" />

import { en } from "./texts/en.ts";
import type { Language, Texts } from "./texts/texts.ts";
import { zh } from "./texts/zh.ts";

/** The texts by language. */
export const TEXTS: Readonly<Record<Language, Texts>> = { en, zh };

/** Light or dark. */
export type Theme = "light" | "dark";

/** The language chosen earlier, else the first of the browser's that the page has. */
export function preferredLanguage(): Language {
  const known = (tag: string | undefined) => Object.keys(TEXTS).find((one) => tag?.startsWith(one));
  const tags = [remembered("language"), ...navigator.languages];
  return (tags.map(known).find((one) => one !== undefined) ?? "en") as Language;
}

/** The theme chosen earlier, else the system's. */
export function preferredTheme(): Theme {
  const chosen = remembered("theme");
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Keeps a choice for later visits. */
export function remember(name: "language" | "theme", value: string): void {
  try {
    localStorage.setItem(`verity-${name}`, value);
  } catch {
    // A browser that keeps nothing asks again.
  }
}

function remembered(name: string): string | undefined {
  try {
    return localStorage.getItem(`verity-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}
