/** Words by how near they are to a misspelt one. Knows no words itself. */

/** `words` with the number of edits that make `text` of each, fewest first. */
export function byDistance(
  text: string,
  words: readonly string[],
): { readonly word: string; readonly edits: number }[] {
  return words
    .map((word) => ({ word, edits: editDistance(text, word) }))
    .sort((a, b) => a.edits - b.edits);
}

/** The word that is fewest edits away, if that is at most 4 in 10 of its letters. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  return byDistance(text, words)
    .find(({ word, edits }) => edits <= Math.ceil(0.4 * word.length))?.word;
}

/** Insertions, deletions and replacements that turn `a` into `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      ));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
