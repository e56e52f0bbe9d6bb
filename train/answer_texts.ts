/** What predicting and averaging weights say, as lines for people. The other events' lines are in log.ts. */

import type { DoubtsEvent, MergeEvent, PartEvent, PredictEvent, SoupEvent } from "./events.ts";
import { scoreText, table } from "./score_tables.ts";
import type { Judgement } from "./submission.ts";

/** A written submission and what the check of its file found. */
export function predictText(event: PredictEvent): string {
  const { n, out, sample, checkpoints, passes, lowest, highest } = event;
  const views = passes === 0 ? "one plain view" : `mean of ${passes} views`;
  const models = checkpoints === 1 ? "" : ` of ${checkpoints} checkpoints`;
  const order = sample === undefined ? "each image once" : `the names of ${sample} in their order`;
  return `Wrote ${n} rows to ${out}: ${views}${models}, ${event["img_per_s"].toFixed(1)} img/s\n` +
    checkedText({ n, lowest, highest }, order);
}

function checkedText(
  { n, lowest, highest }: Pick<PredictEvent, "n" | "lowest" | "highest">,
  order: string,
): string {
  return `Read back and checked: ${n} rows, ${order}, scores from ${lowest.toFixed(4)} to ` +
    highest.toFixed(4);
}

/** A written part, or one that was there. */
export function partText({ out, index, count, n, found, "img_per_s": speed }: PartEvent): string {
  const part = `part ${index} of ${count}, ${n} images`;
  return found
    ? `${out} is there already: ${part}; --again computes it once more`
    : `Wrote ${out}: ${part}${speed === undefined ? "" : `, ${speed.toFixed(1)} img/s`}`;
}

/** A submission put together and what the check of its file found. */
export function mergeText(event: MergeEvent): string {
  return `Wrote ${event.n} rows to ${event.out}: ${event.parts} parts\n` +
    checkedText(event, "the images of all parts in their order");
}

/** The images that a prediction is least sure of. */
export function doubtsText({ uncertain, disputed }: DoubtsEvent): string {
  const several = disputed.length > 0; // one view of one model is not apart from itself
  const list = (title: string, images: readonly Judgement[]) => [
    title,
    ...table([
      ["image", "taken for", "probability", ...several ? ["spread"] : []],
      ...images.map(({ name, taken, probability, spread }) => [
        ...[name, taken, probability.toFixed(4)],
        ...several ? [spread.toFixed(4)] : [],
      ]),
    ]),
  ];
  return [
    ...list("Least certain:", uncertain),
    ...several ? list("Views and models differ most:", disputed) : [],
  ].join("\n");
}

/** What became of each ingredient of a soup. */
export function soupText({ out, tasted, auc, accuracy, loss }: SoupEvent): string {
  const rows = tasted.map(({ name, auc, "soup_auc": soup, kept }) => [
    ...[name, scoreText("auc", auc), scoreText("auc", soup), kept ? "yes" : "no"],
  ]);
  return [
    ...table([["checkpoint", "AUC alone", "AUC averaged", "kept"], ...rows]),
    `Wrote ${out}: the mean of ${tasted.filter(({ kept }) => kept).length} of ${tasted.length}, ` +
    `AUC ${scoreText("auc", auc)} (best alone ${scoreText("auc", tasted[0]!.auc)}), ` +
    `accuracy ${scoreText("accuracy", accuracy)}, loss ${scoreText("loss", loss)}`,
  ].join("\n");
}
