// A curve of many points as one of few: of each bucket the least and the greatest value, so that no peak is lost.

export function decimate(
  x: readonly number[],
  y: readonly (number | null)[],
  most: number,
): { x: number[]; y: (number | null)[] } {
  if (x.length <= most || most < 4) return { x: [...x], y: [...y] };
  const size = Math.ceil((2 * x.length) / most);
  const keep: number[] = [];
  for (let start = 0; start < x.length; start += size) {
    const end = Math.min(start + size, x.length);
    let low = start;
    let high = start;
    let gap = -1;
    for (let i = start; i < end; i++) {
      const value = y[i] ?? null;
      if (value === null) gap = i;
      else {
        if (value < (y[low] ?? Infinity)) low = i;
        if (value > (y[high] ?? -Infinity)) high = i;
      }
    }
    keep.push(...[...new Set(gap >= 0 ? [low, high, gap] : [low, high])].sort((a, b) => a - b));
  }
  if (keep.at(-1) !== x.length - 1) keep.push(x.length - 1);
  return { x: keep.map((i) => x[i] as number), y: keep.map((i) => y[i] ?? null) };
}

/** The places of the first records after these steps. */
export const startsOf = (steps: readonly number[], after: readonly number[]): Set<number> =>
  new Set(after.map((step) => steps.findIndex((each) => each > step)));

/** A moving mean, exponentially forgetting, which leaves gaps where there are gaps and begins anew at `starts`. */
export function smoothed(y: readonly (number | null)[], keep: number, starts?: ReadonlySet<number>): (number | null)[] {
  let mean = 0;
  let weight = 0;
  return y.map((value, i) => {
    if (starts?.has(i)) mean = weight = 0;
    if (value === null) return null;
    mean = keep * mean + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return mean / weight;
  });
}
