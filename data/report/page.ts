/** A report on a data set as one HTML page that asks for nothing from anywhere. Decodes no image. */
import { type DataReport, featuresOf, type Group } from "./report.ts";
import type { Scanned } from "./scan.ts";
import { SUSPICIOUS } from "./leaks.ts";
import { escaped, histogram } from "./svg.ts";
import { short } from "./text.ts";

/** Examples of a class, groups of duplicates, and images of a group that are shown at most. */
const EXAMPLES = 12;
const GROUPS = 40;
const MEMBERS = 6;

/** Classes whose examples and curves are shown at most. */
const CLASSES = 12;

/** Colours of classes that can be told apart by most eyes (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1100px; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); }
p.note, td small, figcaption { color: #888; } p { margin: .3rem 0; }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; }
.cards div { background: var(--soft); border-radius: 8px; padding: .5rem .9rem; }
.cards b { display: block; font-size: 1.3rem; }
.warning { border-left: 4px solid #d55e00; background: #d55e0018; margin: .4rem 0; padding: .4rem .8rem; }
.good { border-left: 4px solid #009e73; background: #009e7318; padding: .4rem .8rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .9rem .2rem 0; text-align: left; }
th { font-weight: 600; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { background: var(--soft); width: 160px; height: .8rem; position: relative; }
.bar i { background: #0072b2; height: 100%; position: absolute; left: 0; }
.bar i.suspicious { background: #d55e00; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 1rem; }
.curves h3 { font-size: .9rem; margin: 0; font-weight: 600; }
svg { width: 100%; } svg text { font-size: 10px; fill: #888; } .axis { stroke: #888; }
.legend span { margin-right: 1rem; } .legend i { display: inline-block; width: .8rem; height: .8rem; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; margin: .4rem 0 1rem; }
figure { margin: 0; width: 112px; } figure img, figure .none { height: 96px; max-width: 112px; object-fit: contain; display: block; }
figure .none { background: var(--soft); width: 96px; }
figcaption { font-size: 11px; overflow-wrap: anywhere; line-height: 1.2; }
.group { border: 1px solid var(--line); border-radius: 8px; padding: .4rem .6rem; }
.group p { font-size: 12px; } .groups { display: flex; flex-wrap: wrap; gap: .8rem; }
`;

/** The images that the page shows: a thumbnail of each is needed. */
export function shownImages(report: DataReport): Set<Scanned> {
  const groups = [...report.exact.slice(0, GROUPS), ...report.near.slice(0, GROUPS)];
  return new Set([
    ...groups.flatMap(({ images }) => images.slice(0, MEMBERS)),
    ...report.classes.slice(0, CLASSES).flatMap((_, label) => examplesOf(report, label)),
  ].filter(({ looks }) => looks !== undefined));
}

/** Images of a class, evenly from all over the set. */
function examplesOf({ images }: DataReport, label: number): Scanned[] {
  const all = images.filter(({ sample, looks }) => looks && sample.label === label);
  const step = Math.max(1, all.length / EXAMPLES);
  return all.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)).slice(
    0,
    EXAMPLES,
  );
}

function rows(cells: readonly (readonly string[])[]): string {
  return cells.map((row) => `<tr>${row.join("")}</tr>`).join("\n");
}

const text = (value: string) => `<td>${escaped(value)}</td>`;
const number = (value: string) => `<td class="number">${escaped(value)}</td>`;

/**
 * The page. `thumbnails` are `data:` addresses of small pictures of {@linkcode shownImages}. Names of files are
 * escaped, and the page forbids itself scripts and requests.
 */
export function reportPage(report: DataReport, thumbnails: ReadonlyMap<Scanned, string>): string {
  const { classes, counts, images, unusable, exact, near, warnings } = report;
  const figure = (image: Scanned, caption: string) => {
    const source = thumbnails.get(image);
    const picture = source === undefined
      ? '<div class="none"></div>'
      : `<img src="${escaped(source)}" alt="" loading="lazy">`;
    return `<figure title="${escaped(image.sample.path)}">${picture}` +
      `<figcaption>${escaped(caption)}</figcaption></figure>`;
  };
  const groups = (found: readonly Group[], none: string) => {
    if (found.length === 0) return `<p class="good">${none}</p>`;
    const shown = found.slice(0, GROUPS).map(({ images, crosses, conflicts }) => {
      const marks = [
        `${images.length} images`,
        ...(crosses ? ["across the split"] : []),
        ...(conflicts ? ["different classes"] : []),
      ];
      const members = images.slice(0, MEMBERS).map((image) =>
        figure(image, `${image.sample.name} · ${image.part} · ${classes[image.sample.label]}`)
      );
      return `<div class="group"><p>${marks.join(", ")}</p><div class="row">${
        members.join("")
      }</div></div>`;
    });
    const more = found.length - GROUPS;
    return `<div class="groups">${shown.join("\n")}</div>` +
      (more > 0 ? `<p class="note">… and ${more} groups more; --json lists them all.</p>` : "");
  };
  const total = (list: readonly number[]) => list.reduce((sum, n) => sum + n, 0);
  const cards = [
    [images.length, "images"],
    [total(counts.train), "training"],
    [total(counts.validation), "validation"],
    [classes.length, "classes"],
    [unusable.length, "cannot be used"],
    [exact.length, "groups of the same file"],
    [near.length, "groups of the same picture"],
  ].map(([n, what]) => `<div><b>${n}</b>${what}</div>`);

  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data report: ${escaped(report.source)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(report.source)}</h1>
${report.notes.map((note) => `<p class="note">${escaped(note)}</p>`).join("\n")}
<div class="cards">${cards.join("\n")}</div>
${
    warnings.length === 0
      ? '<p class="good">No warning.</p>'
      : warnings.map((warning) => `<p class="warning">${escaped(warning)}</p>`).join("\n")
  }
<h2>Classes</h2>
<table>${
    rows([
      ["<th>class</th>", "<th>training</th>", "<th>validation</th>", "<th></th>"],
      ...classes.map((name, k) => [
        text(name),
        number(`${counts.train[k]}`),
        number(`${counts.validation[k]}`),
        `<td>${bar(counts.train[k]! / Math.max(1, ...counts.train))}</td>`,
      ]),
    ])
  }</table>
<h2>What tells the classes apart without looking at the pictures</h2>
<p class="note">Area under the ROC curve of each feature of the files by itself: 0.5 tells nothing, 1 everything. Above ${SUSPICIOUS}, a net may learn the feature instead of the pictures.</p>
${leakTable(report)}
${curves(report)}
<h2>The same file more than once</h2>
${groups(exact, "No file is there twice.")}
<h2>Nearly the same picture</h2>
<p class="note">Encoded again, resized or lightly edited: found by a perceptual hash, so look before you delete.</p>
${groups(near, "No picture is there twice.")}
<h2>Files that cannot be used</h2>
${
    unusable.length === 0 ? '<p class="good">Every file can be decoded.</p>' : `<table>${
      rows(
        unusable.map((
          { sample, part, reason },
        ) => [text(sample.name), text(part), text(reason!)]),
      )
    }</table>`
  }
<h2>Examples</h2>
${
    classes.slice(0, CLASSES).map((name, label) =>
      `<p>${escaped(name)}</p><div class="row">${
        examplesOf(report, label).map((image) => figure(image, image.sample.name)).join("")
      }</div>`
    ).join("\n")
  }
</body></html>
`;
}

function bar(share: number, mark = ""): string {
  return `<div class="bar"><i class="${mark}" style="width:${
    (100 * share).toFixed(1)
  }%"></i></div>`;
}

function leakTable({ leaks, classes }: DataReport): string {
  const header = ["feature", "AUC", "", "class", "its median", "others"]
    .map((name) => `<th>${name}</th>`);
  return `<table>${
    rows([
      header,
      ...leaks.map(({ feature, auc, label, medians, suspicious }) => [
        text(feature),
        number(auc.toFixed(3)),
        `<td>${bar(2 * (auc - 0.5), suspicious ? "suspicious" : "")}</td>`,
        text(classes[label]!),
        number(short(medians[0])),
        number(short(medians[1])),
      ]),
    ])
  }</table>`;
}

/** How the features are spread in each class. */
function curves({ images, classes }: DataReport): string {
  const usable = images.filter(({ looks }) => looks !== undefined);
  const shown = classes.slice(0, COLOURS.length);
  const legend = shown.map((name, k) =>
    `<span><i style="background:${COLOURS[k]}"></i> ${escaped(name)}</span>`
  );
  const drawn = featuresOf(usable).flatMap(({ name, values }) => {
    const series = shown.map((className, k) => ({
      name: className,
      colour: COLOURS[k]!,
      values: values.filter((value, i): value is number =>
        value !== undefined && usable[i]!.sample.label === k
      ),
    })).filter(({ values }) => values.length > 0);
    // What is the same everywhere, or yes or no, has no curve to look at.
    if (new Set(values).size < 3) return [];
    return [
      `<div><h3>${escaped(name)}</h3>${histogram(series, { title: name, show: short })}</div>`,
    ];
  });
  return `<p class="legend">${legend.join("")}</p><div class="curves">${drawn.join("\n")}</div>`;
}
