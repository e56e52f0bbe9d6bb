/** A report on a data set as lines for a terminal and as plain data for programs. Judges nothing. */
import type { Part, Scanned } from "./scan.ts";
import type { DataReport, Group, Spread } from "./report.ts";

/** Most examples of a kind in the text; the page and the JSON have more. */
const EXAMPLES = 5;

function size(bytes: number): string {
  return bytes < 1000
    ? `${bytes} B`
    : bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}

function range({ least, median, most }: Spread, show: (value: number) => string = String): string {
  return least === most ? show(most) : `${show(least)} … ${show(median)} … ${show(most)}`;
}

/** Columns of equal width, the first to the left and the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    "  " + row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))
      .join("  ").trimEnd()
  );
}

/** A number as short as it can be read. */
export function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

function groupLine({ images, crosses, conflicts }: Group): string {
  const names = images.slice(0, 4).map(({ sample, part }) => `${sample.name} (${part})`);
  const marks = [crosses ? "across the split" : "", conflicts ? "different classes" : ""]
    .filter((mark) => mark !== "");
  return `  ${names.join(" = ")}${images.length > 4 ? " = …" : ""}` +
    (marks.length > 0 ? `: ${marks.join(", ")}` : "");
}

function listed<T>(items: readonly T[], line: (item: T) => string): string[] {
  const more = items.length - EXAMPLES;
  return [...items.slice(0, EXAMPLES).map(line), ...(more > 0 ? [`  … and ${more} more`] : [])];
}

/** The report for people, a line each. */
export function reportLines(report: DataReport): string[] {
  const { classes, counts, images, unusable, formats, exact, near, leaks, warnings } = report;
  const formatted = Object.entries(formats).sort(([, a], [, b]) => b - a)
    .map(([format, count]) => `${format} ${count}`).join(", ");
  const groups = (found: readonly Group[]) => {
    const across = found.filter(({ crosses }) => crosses).length;
    return `${found.length} ${found.length === 1 ? "group" : "groups"}, ${across} across the split`;
  };
  return [
    `data        ${report.source}`,
    ...report.notes.map((note) => `            ${note}`),
    `images      ${images.length}, ${unusable.length} of them cannot be used`,
    ...table([
      ["class", "training", "validation"],
      ...classes.map((name, k) => [name, `${counts.train[k]}`, `${counts.validation[k]}`]),
    ]),
    `formats     ${formatted}`,
    `width       ${range(report.widths, short)} pixels`,
    `height      ${range(report.heights, short)} pixels`,
    `file size   ${range(report.bytes, size)}`,
    `same file   ${groups(exact)}`,
    ...listed(exact, groupLine),
    `same picture ${groups(near)}, not counting the same file`,
    ...listed(near, groupLine),
    ...(unusable.length > 0 ? ["cannot be used"] : []),
    ...listed(unusable, ({ reason }) => `  ${reason}`),
    "what tells the classes apart without looking at the pictures (0.5: nothing)",
    ...table([
      ["feature", "AUC", "class", "its median", "others", ""],
      ...leaks.filter(({ auc }) => auc > 0.5).map((leak) => [
        leak.feature,
        leak.auc.toFixed(3),
        classes[leak.label]!,
        short(leak.medians[0]),
        short(leak.medians[1]),
        leak.suspicious ? "<- suspicious" : "",
      ]),
    ]),
    ...(warnings.length === 0 ? ["No warning"] : warnings.map((text) => `warning: ${text}`)),
  ];
}

/** The report as plain data: all groups and all unusable files. */
export function reportData(report: DataReport): Record<string, unknown> {
  const { classes, counts, images, unusable, formats, widths, heights, bytes } = report;
  const image = ({ sample: { name, path, label }, part }: Scanned) => ({
    name,
    path,
    part,
    class: classes[label],
  });
  const groups = (found: readonly Group[]) =>
    found.map(({ images, crosses, conflicts }) => ({
      images: images.map(image),
      "across_split": crosses,
      "different_classes": conflicts,
    }));
  const total = (part: Part) => counts[part].reduce((sum, n) => sum + n, 0);
  return {
    event: "data",
    source: report.source,
    notes: report.notes,
    images: images.length,
    train: total("train"),
    validation: total("validation"),
    classes: classes.map((name, k) => ({
      name,
      train: counts.train[k],
      validation: counts.validation[k],
    })),
    formats,
    width: widths,
    height: heights,
    "file_bytes": bytes,
    unusable: unusable.map((one) => ({ ...image(one), reason: one.reason })),
    "same_file": groups(report.exact),
    "same_picture": groups(report.near),
    leaks: report.leaks.map(({ feature, auc, label, higher, medians, suspicious }) => ({
      feature,
      auc,
      class: classes[label],
      higher,
      median: medians[0],
      "median_others": medians[1],
      suspicious,
    })),
    warnings: report.warnings,
  };
}
