/** Numbers, sizes and times as a language writes them. Knows no text. */
/// <reference lib="dom" />

/** Writes what is measured. */
export class Formats {
  readonly #whole: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #language: string;

  /** Formats of the language with this tag. */
  constructor(language: string) {
    this.#language = language;
    this.#whole = new Intl.NumberFormat(language);
    this.#percent = new Intl.NumberFormat(language, {
      ...{ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 },
    });
  }

  /** A count. */
  count(value: number): string {
    return this.#whole.format(value);
  }

  /** A share as percent, with one digit behind the point. */
  percent(share: number): string {
    return this.#percent.format(share);
  }

  /** A score or a loss, four digits behind the point; undefined where it is not a number. */
  score(value: number | null | undefined): string | undefined {
    return typeof value === "number" && Number.isFinite(value) ? value.toFixed(4) : undefined;
  }

  /** A rate such as that of learning, three digits. */
  rate(value: number): string {
    if (value === 0) return "0";
    return value < 1e-3 ? value.toExponential(2) : String(+value.toPrecision(3));
  }

  /** A large count, in thousands or millions where it is that large. */
  short(value: number): string {
    const options = { notation: "compact", maximumFractionDigits: 1 } as const;
    return new Intl.NumberFormat(this.#language, options).format(value);
  }

  /** Bytes in the largest unit that leaves a number above 1. */
  bytes(value: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
    const power = value < 1 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
    return new Intl.NumberFormat(this.#language, {
      ...{ style: "unit", unit: units[power]!, unitDisplay: "narrow" },
      maximumFractionDigits: power === 0 ? 0 : 1,
    }).format(value / 1000 ** power);
  }

  /** A moment of the past, seen from now; milliseconds since 1970. */
  when(moment: number): string {
    const minutes = (moment - Date.now()) / 60_000;
    const relative = new Intl.RelativeTimeFormat(this.#language, { numeric: "auto" });
    if (minutes > -1) return relative.format(0, "minute");
    if (minutes > -60) return relative.format(Math.round(minutes), "minute");
    if (minutes > -24 * 60) return relative.format(Math.round(minutes / 60), "hour");
    return new Intl.DateTimeFormat(this.#language, { dateStyle: "medium" }).format(moment);
  }
}
