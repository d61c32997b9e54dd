// The arithmetic behind one number of a layer, forward and backward: its inputs, and what was done with them.
// What is spelled is worked out again; where it does not come to the number shown, nothing is said.

import type { Inside, TracedLayer, TracedWeight } from "./contract";
import { short, shown } from "./format";

const TERMS = 6;
const CLOSE = 0.02; // of the number, or of the largest term: what was sent is rounded

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

export const weightOf = (inside: Inside, layer: TracedLayer | undefined): TracedWeight | undefined =>
  layer?.weight ? inside.weights.find((w) => w.name === layer.weight) : undefined;

/** A sum of products, its largest terms spelled; empty where it is not `value`. */
export function spelled(a: readonly number[], b: readonly number[], value: number, more = 0, name = ""): string {
  if (!a.length || a.length !== b.length) return "";
  const terms = a.map((v, k) => ({ v, w: b[k]!, product: v * b[k]! }));
  const sum = terms.reduce((total, t) => total + t.product, 0);
  const largest = [...terms].sort((s, t) => Math.abs(t.product) - Math.abs(s.product)).slice(0, TERMS);
  if (Math.abs(sum + more - value) > CLOSE * Math.max(Math.abs(value), Math.abs(largest[0]!.product))) return "";
  const rest = sum - largest.reduce((total, t) => total + t.product, 0);
  const left = terms.length - largest.length;
  const products = largest.map(({ v, w }) => `${short(v)}·${short(w)}`).join(" + ");
  return `= ${products}${left ? ` + ${short(rest)} from ${left} more` : ""}${name ? ` + ${name} ${short(more)}` : ""}`;
}

export function arithmetic(inside: Inside, index: number, row: number, column: number): string {
  const layer = inside.layers[index];
  const value = layer?.values[row]?.[column];
  if (!layer || value === undefined) return "";
  const input = inputOf(inside, index);
  if (layer.op === "embedding") return looked(inside, layer, row, column);
  if (layer.op === "linear") {
    const bias = inside.weights.find((w) => w.name === layer.weight?.replace(/weight$/, "bias"))?.values[0]?.[column];
    const weights = weightOf(inside, layer)?.values[column] ?? [];
    return spelled(input?.[row] ?? [], weights, value, bias ?? 0, bias === undefined ? "" : "bias");
  }
  const x = input?.[row]?.[column];
  return x === undefined ? "" : `= ${layer.op}(${short(x, 4)})`;
}

function looked(inside: Inside, layer: TracedLayer, row: number, column: number): string {
  const each = layer.values.length / inside.contexts.length; // symbols of a window; 1 for a net that reads whole items
  const context = inside.contexts[Math.floor(row / each)];
  const symbol = each > 1 ? context?.[row % each] : context?.at(-1);
  return symbol === undefined ? "" : `= number ${column + 1} of the vector that the table holds for ${shown(symbol)}`;
}

/** How the gradient at a layer's output came back from the layer after it. */
export function backward(inside: Inside, index: number, row: number, column: number): string {
  const layer = inside.layers[index];
  const value = layer?.gradient?.[row]?.[column];
  if (!layer || value === undefined) return "";
  const next = inside.layers[index + 1];
  if (!next || next.op === "cross_entropy") return ofLogits(inside, value, row, column);
  if (next.op === "linear") {
    const matrix = weightOf(inside, next)?.values ?? [];
    const [r, c] = within(layer, matrix[0]?.length ?? 0, row, column);
    return spelled(next.gradient?.[r] ?? [], matrix.map((w) => w[c] ?? NaN), value);
  }
  const [dy, y, x] = [next.gradient?.[row]?.[column], next.values[row]?.[column], layer.values[row]?.[column]];
  if (dy === undefined || y === undefined || x === undefined) return "";
  const known: Record<string, [number, string]> = {
    tanh: [dy * (1 - y * y), `${short(dy)} (1 − ${short(y)}²)`],
    sigmoid: [dy * y * (1 - y), `${short(dy)} · ${short(y)} (1 − ${short(y)})`],
    relu: [x > 0 ? dy : 0, x > 0 ? `${short(dy)}, as ${short(x)} > 0` : `0, as ${short(x)} is not above 0`],
  };
  const found = known[next.op];
  return found && Math.abs(found[0] - value) <= CLOSE * Math.max(Math.abs(value), Math.abs(dy)) ? `= ${found[1]}` : "";
}

/** Where a number of a layer lies among the inputs of the next, which may read several rows side by side. */
function within(layer: TracedLayer, width: number, row: number, column: number): [number, number] {
  const own = layer.shape.at(-1) ?? 1;
  const side = width / own;
  return Number.isInteger(side) && side > 1 ? [Math.floor(row / side), (row % side) * own + column] : [row, column];
}

function ofLogits(inside: Inside, value: number, row: number, column: number): string {
  const p = inside.probabilities[row]?.[column];
  if (p === undefined) return "";
  const right = inside.targets[row] === column ? 1 : 0;
  const n = inside.targets.length;
  if (Math.abs((p - right) / n - value) > CLOSE * Math.max(Math.abs(value), 1e-4)) return "";
  return `= (${short(p, 4)} − ${right}) / ${n}: the probability, less 1 where it is the right symbol, over all places`;
}

/** A gradient of a weight: who derived it, and for a matrix of a linear layer the sum that it is. */
export function ofWeight(inside: Inside, weight: TracedWeight, row: number, column: number): string {
  const both = `by hand ${short(weight.gradient[row]?.[column], 5)}, by autograd ${short(weight.autograd[row]?.[column], 5)}`;
  const index = inside.layers.findIndex((l) => l.op === "linear" && l.weight === weight.name);
  const layer = inside.layers[index];
  const input = layer ? inputOf(inside, index) : null;
  if (!layer?.gradient || !input) return both;
  const sum = spelled(layer.gradient.map((dy) => dy[row] ?? NaN), input.map((x) => x[column] ?? NaN), weight.gradient[row]?.[column] ?? NaN);
  return sum ? `${both} ${sum}` : both;
}

/** What an update made of a weight. */
export function updated(inside: Inside, weight: TracedWeight, row: number, column: number): string {
  const [before, change, g] = [weight.values[row]?.[column], weight.update[row]?.[column], weight.gradient[row]?.[column]];
  if (before === undefined || change === undefined || g === undefined) return "";
  const plain = Math.abs(change + inside.lr * g) <= CLOSE * Math.abs(change) ? ` = −${short(inside.lr)}·${short(g)}` : `, from the gradient ${short(g)}`;
  return `${short(before, 4)} becomes ${short(before + change, 4)}: ${short(change)}${plain}`;
}
