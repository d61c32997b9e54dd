// Words above a chart, each near its moment, none over another.

export interface Label {
  at: number;
  label: string;
  width: number;
}

const GAP = 8; // pixels between two words in a row

/** Places of words one above another, each as near to its own as it goes: sorted from above, `gap` apart, within. */
export function stacked(places: readonly number[], gap: number, top: number, bottom: number): number[] {
  const found: number[] = [];
  for (const place of places) found.push(Math.max(place, found.length ? found.at(-1)! + gap : top));
  let below = bottom;
  for (let i = found.length - 1; i >= 0; i--) {
    found[i] = Math.min(found[i]!, below);
    below = found[i]! - gap;
  }
  return found;
}

/** Where each begins, and in which row from below; the same words at the same moment stand there once, what finds no room not at all. */
export function placed(labels: readonly Label[], width: number, rows: number): { label: string; left: number; row: number }[] {
  const ends = Array.from({ length: rows }, () => -Infinity);
  const found: { label: string; left: number; row: number }[] = [];
  let last: Label | undefined;
  for (const each of [...labels].sort((a, b) => a.at - b.at)) {
    if (last && last.label === each.label && each.at - last.at < GAP) continue;
    last = each;
    const left = Math.max(0, Math.min(each.at, width - each.width));
    const row = ends.findIndex((end) => left >= end);
    if (row < 0) continue;
    ends[row] = left + each.width + GAP;
    found.push({ label: each.label, left, row });
  }
  return found;
}
