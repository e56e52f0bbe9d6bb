/** The page's texts: both languages say everything, and each with what it is given. */

import assert from "node:assert/strict";
import { en } from "../../web/texts/en.ts";
import { zh } from "../../web/texts/zh.ts";

/** What stands in for every value: texts must hold all that they take. */
const GIVEN = ["⟨1⟩", "⟨2⟩", "⟨3⟩", "⟨4⟩"];

/** Every text under its path; a function with its values in. */
function flat(texts: object, path = ""): Map<string, { text: string; takes: number }> {
  const all = new Map<string, { text: string; takes: number }>();
  for (const [key, value] of Object.entries(texts)) {
    const at = `${path}${key}`;
    if (typeof value === "string") all.set(at, { text: value, takes: 0 });
    else if (typeof value === "function") {
      const takes = value.length;
      const text = key === "duration" ? value(90) : value(...GIVEN.slice(0, takes));
      all.set(at, { text, takes: key === "duration" ? 0 : takes });
    } else for (const [one, text] of flat(value, `${at}.`)) all.set(one, text);
  }
  return all;
}

/** Names and codes that are the same in every language. */
const SAME = /^(en|zh-CN|English|中文|AUC|F1|ONNX)$/;

Deno.test("both languages have every text, and use every value that they are given", () => {
  const [english, chinese] = [flat(en), flat(zh)];
  assert.deepEqual([...chinese.keys()].sort(), [...english.keys()].sort());
  assert.ok(english.size > 150, `${english.size} texts`);
  for (const [path, { text, takes }] of [...english, ...chinese]) {
    assert.notEqual(text.trim(), "", path);
    for (const value of GIVEN.slice(0, takes)) assert.ok(text.includes(value), `${path}: ${text}`);
  }
});

Deno.test("no English is left in the Chinese texts, no Chinese in the English ones", () => {
  for (const [path, { text }] of flat(zh)) {
    if (SAME.test(text)) continue;
    assert.match(text, /\p{Script=Han}/u, `${path}: ${text}`);
    assert.doesNotMatch(text, /[,;:?!(]\p{Script=Han}|\p{Script=Han}[,;:?!]/u, `${path}: ${text}`);
  }
  for (const [path, { text }] of flat(en)) {
    if (!SAME.test(text)) assert.doesNotMatch(text, /\p{Script=Han}/u, path);
  }
});
