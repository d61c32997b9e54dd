// What is in a list as bars: nothing of it is left out without a word.

import { count, plural } from "./format";

export interface Bar {
  name: string;
  value: number;
  shown: string;
}

const MOST = 24;

/** How many items there are of each length; many lengths are taken together in stretches of equal width. */
export function lengthBars(lengths: Record<string, number>): Bar[] {
  const found = Object.entries(lengths).map(([name, value]) => ({ at: Number(name), value }));
  if (found.length <= MOST) return found.map(({ at, value }) => ({ name: String(at), value, shown: count(value) }));
  const places = found.map(({ at }) => at);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const width = Math.ceil((last - first + 1) / MOST);
  return Array.from({ length: Math.ceil((last - first + 1) / width) }, (_, i) => {
    const [from, to] = [first + i * width, Math.min(first + (i + 1) * width - 1, last)];
    const value = found.reduce((sum, each) => sum + (from <= each.at && each.at <= to ? each.value : 0), 0);
    return { name: from === to ? String(from) : `${from}–${to}`, value, shown: count(value) };
  });
}

const ranked = (counts: Record<string, number>): [string, number][] => Object.entries(counts).sort((a, b) => b[1] - a[1]);

/** How often the most frequent symbols stand in the list. */
export const symbolBars = (counts: Record<string, number>): Bar[] =>
  ranked(counts).slice(0, MOST).map(([name, value]) => ({ name, value, shown: count(value) }));

/** What is to be said of the symbols that have no bar; `all` is how many there are. */
export const otherSymbols = (counts: Record<string, number>, all: number): string =>
  all > symbolBars(counts).length ? `And ${plural(all - symbolBars(counts).length, "more symbol")}.` : "";
