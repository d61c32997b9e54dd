// The arithmetic behind one number of a layer: its inputs, and what was done with them.

import type { Inside, TracedLayer } from "./contract";
import { short } from "./format";

const TERMS = 6;

/** The values that flowed into a layer, one row for each of its own rows; null where they are not known. */
export function inputOf(inside: Inside, index: number): number[][] | null {
  const layer = inside.layers[index];
  const rows = layer?.values.length ?? 0;
  const columns = weightOf(inside, layer)?.values[0]?.length;
  for (let i = index - 1; i >= 0 && rows; i--) {
    const before = inside.layers[i]!.values;
    const flat = before.flat();
    const width = flat.length / rows;
    if (!Number.isInteger(width) || (columns !== undefined && width !== columns)) continue;
    return Array.from({ length: rows }, (_, row) => flat.slice(row * width, (row + 1) * width));
  }
  return null;
}

export const weightOf = (inside: Inside, layer: TracedLayer | undefined) =>
  layer?.weight ? inside.weights.find((w) => w.name === layer.weight) : undefined;

export function arithmetic(inside: Inside, index: number, row: number, column: number): string {
  const layer = inside.layers[index];
  const value = layer?.values[row]?.[column];
  if (!layer || value === undefined) return "";
  const input = inputOf(inside, index);
  if (layer.op === "embedding") return `row ${column} of the vector that the table holds for this symbol`;
  if (layer.op === "linear") {
    const weights = weightOf(inside, layer)?.values[column];
    const x = input?.[row];
    if (!weights || !x || x.length !== weights.length) return "";
    const terms = x.map((v, k) => ({ v, w: weights[k]!, product: v * weights[k]! }));
    const largest = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, TERMS);
    const rest = terms.reduce((sum, t) => sum + t.product, 0) - largest.reduce((sum, t) => sum + t.product, 0);
    const bias = inside.weights.find((w) => w.name === layer.weight?.replace(/weight$/, "bias"))?.values[0]?.[column];
    const spelled = largest.map(({ v, w }) => `${short(v)}·${short(w)}`).join(" + ");
    return `= ${spelled} + ${short(rest)} from ${terms.length - largest.length} more${bias === undefined ? "" : ` + bias ${short(bias)}`}`;
  }
  const x = input?.[row]?.[column];
  if (x === undefined) return "";
  return `= ${layer.op}(${short(x, 4)})`;
}
