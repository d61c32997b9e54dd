// Numbers and losses in words.

import type { Baselines, Histogram } from "./contract";

export function short(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(Math.max(digits - 2, 0)).replace("e+", "e").replace(/\.?0+e/, "e");
  return value.toLocaleString("en", { maximumSignificantDigits: digits, useGrouping: false });
}

/** A number beside an axis. */
export const tick = (value: number): string =>
  Math.abs(value) < 1e4 ? short(value, 4) : value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 4 });

export function loss(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}

export const count = (value: number): string => value.toLocaleString("en");

/** A number and its unit stay on one line. */
const NARROW = "\u00a0";

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)}%`;

/** A probability, so that what is hardly ever so is not called never, and what is nearly sure not sure. */
export function probability(p: number): string {
  if (p > 0 && p < 0.0005) return `<${NARROW}0.1%`;
  if (p < 1 && p >= 0.9995) return `>${NARROW}99.9%`;
  return percent(p, 1);
}

export function unsure(value: number): string {
  const among = Math.exp(value);
  const spelled = among < 100 ? among.toFixed(1) : among < 1e6 ? count(Math.round(among)) : "more than a million";
  return `as unsure as among ${spelled} equally likely symbols`;
}

export const BASELINES: { key: keyof Baselines; words: string }[] = [
  { key: "uniform", words: "guessing blindly" },
  { key: "unigram", words: "knowing how frequent each symbol is" },
  { key: "bigram", words: "knowing pairs of symbols" },
  { key: "ngram", words: "knowing longer runs of symbols" },
];

/** Where a loss stands among the baselines, in words. */
export function standing(value: number, baselines: Baselines): string {
  const better = BASELINES.filter(({ key }) => value < baselines[key]);
  const best = better.at(-1);
  if (!best) return "not better than guessing blindly yet";
  return better.length === BASELINES.length ? "better than counting" : `better than ${best.words}`;
}

export function describe(histogram: Histogram | null | undefined): string {
  if (!histogram) return "not computed";
  const saturated = histogram.extreme > 0 ? `, ${percent(histogram.extreme)} at an end of the range` : "";
  return `mean ${short(histogram.mean)}, spread ${short(histogram.std)}${saturated}`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}${NARROW}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}${NARROW}min ${whole % 60}${NARROW}s`;
}

/** A symbol so that it can be seen. */
export const shown = (symbol: string): string => (symbol === "" ? "end" : symbol === " " ? "␣" : symbol);

export const plural = (n: number, word: string): string => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/** Names one after the other, the first of many. */
export const several = (names: readonly string[], most = 12): string =>
  names.slice(0, most).join(", ") + (names.length > most ? ` and ${count(names.length - most)} more` : "");
