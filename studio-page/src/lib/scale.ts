// The scale of a chart whose curves may have a spike: what is calm stays readable.

const CALM = 0.9; // the share of the points that is calm
const WILD = 8; // times the height of the calm part: a curve that goes beyond is cut
const NEAR = 3; // times that height: what is shown then

/** (lowest, highest) of what is to be shown: all of it, or where something lies far above, the calm part.

`levels` are shown too where they are no spikes. Nothing where there is no number. */
export function calm(values: Iterable<number | null | undefined>, levels: readonly number[] = []): [number, number] | null {
  const sorted = [...values].filter((v): v is number => v !== null && v !== undefined && Number.isFinite(v)).sort((a, b) => a - b);
  if (!sorted.length) return null;
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  const most = sorted[Math.floor(CALM * (sorted.length - 1))]!;
  const room = Math.max(most - low, 1e-3 * Math.abs(most));
  const limit = Math.max(low + WILD * room, ...levels);
  if (high <= limit) return [low, high];
  const near = sorted.findLast((v) => v <= low + NEAR * room) ?? most; // the beginning of a training is no spike
  return [low, Math.max(near, ...levels)];
}
