/** What a data set is like and what is wrong with it, from what was found out about its images. */
import type { Dataset } from "../sources.ts";
import { equalGroups, nearGroups } from "./duplicates.ts";
import { type Feature, type Leak, leaksOf, median } from "./leaks.ts";
import type { Part, Scanned } from "./scan.ts";

/** Images that are one. */
export interface Group {
  readonly images: readonly Scanned[];
  /** Whether some are in training and some in validation. */
  readonly crosses: boolean;
  /** Whether their classes differ. */
  readonly conflicts: boolean;
}

/** Least, middle and greatest of some numbers. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** All that is known of a data set. */
export interface DataReport {
  readonly source: string;
  readonly classes: readonly string[];
  readonly notes: readonly string[];
  readonly images: readonly Scanned[];
  /** Images of each class by part. */
  readonly counts: Readonly<Record<Part, readonly number[]>>;
  /** Images that cannot be used. */
  readonly unusable: readonly Scanned[];
  /** How many images are in each format. */
  readonly formats: Readonly<Record<string, number>>;
  readonly widths: Spread;
  readonly heights: Spread;
  readonly bytes: Spread;
  /** Files with the same bytes. */
  readonly exact: readonly Group[];
  /** Pictures that are nearly the same, of which not all are the same file. */
  readonly near: readonly Group[];
  readonly leaks: readonly Leak[];
  /** What a person should do something about, one sentence each, the gravest first. */
  readonly warnings: readonly string[];
}

/** Classes whose sizes differ by more are said to be out of balance. */
const BALANCE = 3;

function groupOf(images: readonly Scanned[]): Group {
  const distinct = (values: readonly unknown[]) => new Set(values).size > 1;
  return {
    images,
    crosses: distinct(images.map(({ part }) => part)),
    conflicts: distinct(images.map(({ sample }) => sample.label)),
  };
}

function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { least: 0, median: 0, most: 0 };
  const [least, most] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  return { least, median: median(values), most };
}

/** Everything about a file that says nothing of what it shows, as numbers. */
export function featuresOf(images: readonly Scanned[]): Feature[] {
  const feature = (name: string, value: (image: Scanned) => number | undefined): Feature => ({
    name,
    values: images.map(value),
  });
  const flag = (value: boolean | undefined) => value === undefined ? undefined : Number(value);
  const found = [...new Set(images.map(({ header }) => header?.format))];
  const subsamplings = [...new Set(images.map(({ header }) => header?.jpeg?.subsampling))];
  return [
    feature("brightness", ({ looks }) => looks?.brightness),
    feature("contrast", ({ looks }) => looks?.contrast),
    feature("width", ({ header }) => header?.width),
    feature("height", ({ header }) => header?.height),
    feature("width / height", ({ header }) => header && header.width / header.height),
    feature("file size", ({ bytes }) => bytes),
    feature(
      "bytes a pixel",
      ({ bytes, header }) => bytes && header && bytes / header.width / header.height,
    ),
    feature("JPEG quality", ({ header }) => header?.jpeg?.quality),
    feature("progressive JPEG", ({ header }) => flag(header?.jpeg?.progressive)),
    feature("EXIF data", ({ header }) => flag(header?.exif)),
    ...found.filter((format) => format !== undefined).map((format) =>
      feature(`format ${format}`, ({ header }) => flag(header && header.format === format))
    ),
    ...subsamplings.filter((kind) => kind !== undefined).map((kind) =>
      feature(
        `JPEG ${kind}`,
        ({ header }) => flag(header?.jpeg && header.jpeg.subsampling === kind),
      )
    ),
  ];
}

const counted = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

function warningsOf(report: Omit<DataReport, "warnings">): string[] {
  const { unusable, exact, near, leaks, counts, classes, images } = report;
  const warnings: string[] = [];
  if (unusable.length > 0) {
    warnings.push(`${unusable.length} of ${counted(images.length, "image")} cannot be used`);
  }
  for (
    const [groups, what] of [[exact, "the same file"], [near, "nearly the same picture"]] as const
  ) {
    const crossing = groups.filter(({ crosses }) => crosses).length;
    const conflicting = groups.filter(({ conflicts }) => conflicts).length;
    if (crossing > 0) {
      warnings.push(
        `${counted(crossing, "group")} of images with ${what} in training and in validation: ` +
          "validation results are too good",
      );
    }
    if (conflicting > 0) {
      warnings.push(
        `${counted(conflicting, "group")} of images with ${what} in different classes: ` +
          "altered copies beside their originals, or wrong labels",
      );
    }
  }
  for (const { feature, auc, label, higher } of leaks.filter(({ suspicious }) => suspicious)) {
    warnings.push(
      `${feature} alone tells class ${classes[label]} apart, by ${higher ? "higher" : "lower"} ` +
        `values (AUC ${auc.toFixed(2)}): a net may learn that instead`,
    );
  }
  const sizes = classes.map((_, k) => counts.train[k]!);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (most > BALANCE * least) {
    const [small, large] = [least, most].map((size) => classes[sizes.indexOf(size)]);
    warnings.push(
      `class ${large} has ${most} training images, class ${small} ${least}: ` +
        "--sampler balanced or --class-weights auto evens that out",
    );
  }
  return warnings;
}

/** Judges a data set by its scanned images. */
export function reportOf(
  { classes, notes }: Pick<Dataset, "classes" | "notes">,
  images: readonly Scanned[],
  source: string,
): DataReport {
  const usable = images.filter(({ looks }) => looks !== undefined);
  const formats: Record<string, number> = {};
  for (const { header } of usable) formats[header!.format] = (formats[header!.format] ?? 0) + 1;
  const count = (part: Part) =>
    classes.map((_, label) =>
      images.filter((image) => image.part === part && image.sample.label === label).length
    );
  const exact = equalGroups(images.map(({ digest, bytes }) => bytes === 0 ? undefined : digest));
  const near = nearGroups(images.map(({ looks }) => looks))
    .filter((group) => new Set(group.map((i) => images[i]!.digest)).size > 1);
  const groups = (found: readonly number[][]) =>
    found.map((group) => groupOf(group.map((i) => images[i]!)))
      // What harms most comes first.
      .sort((a, b) =>
        Number(b.crosses) - Number(a.crosses) || Number(b.conflicts) - Number(a.conflicts)
      );
  const labels = usable.map(({ sample }) => sample.label);
  const report = {
    source,
    classes,
    notes,
    images,
    counts: { train: count("train"), validation: count("validation") },
    unusable: images.filter(({ reason }) => reason !== undefined),
    formats,
    widths: spread(usable.map(({ header }) => header!.width)),
    heights: spread(usable.map(({ header }) => header!.height)),
    bytes: spread(usable.map(({ bytes }) => bytes!)),
    exact: groups(exact),
    near: groups(near),
    leaks: leaksOf(featuresOf(usable), labels, classes.length),
  };
  return { ...report, warnings: warningsOf(report) };
}
