// A histogram as an area; behind it the outline of what is healthy there.

import type { Histogram, Layer, Quantity } from "../lib/contract";
import type { Theme } from "../lib/theme.svelte";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What is healthy: a bell around a middle, of a spread. */
export interface Healthy {
  mean: number;
  std: number;
}

/** Axis limits of one histogram beside the others of its column. Gradients share an axis, so that it is seen where they
 * vanish, unless one layer would flatten all others; activations and weights have their own. */
export function limits(own: Histogram, histograms: readonly Histogram[], quantity: Quantity): [number, number] {
  if (quantity === "update") return updateRange(histograms);
  if (quantity === "activation" || quantity === "weight") {
    const widest = Math.max(Math.abs(own.mean) + 3.5 * own.std, 0.02);
    const limit = Math.min(widest, Math.max(Math.abs(own.low), Math.abs(own.high)) * 1.05) || 1;
    return [-limit, limit];
  }
  const spreads = histograms.map((h) => Math.abs(h.mean) + 3 * h.std).filter((v) => v > 0);
  if (!spreads.length) return [-1, 1];
  const sorted = [...spreads].sort((a, b) => a - b);
  const limit = Math.min(sorted.at(-1)!, 4 * sorted[Math.floor(sorted.length / 2)]!);
  return [-limit, limit];
}

/** Powers of ten that hold nearly all updates of all layers, -6 to 0 at least: -3 is where they should be. */
export function updateRange(histograms: readonly Histogram[]): [number, number] {
  const low = Math.floor(Math.min(-6, ...histograms.map((h) => Math.max(h.low, h.mean - 3.5 * h.std))));
  const high = Math.ceil(Math.max(0, ...histograms.map((h) => Math.min(h.high, h.mean + 3.5 * h.std))));
  return [Math.max(low, -14), Math.min(high, 6)];
}

/** The share of the values that lie below or above what is shown. */
export function outside(histogram: Histogram, [low, high]: [number, number]): [number, number] {
  const total = histogram.counts.reduce((a, b) => a + b, 0) || 1;
  const width = (histogram.high - histogram.low) / histogram.counts.length;
  const share = (is: (middle: number) => boolean) =>
    histogram.counts.reduce((sum, n, i) => sum + (is(histogram.low + (i + 0.5) * width) ? n : 0), 0) / total;
  return [share((m) => m < low), share((m) => m > high)];
}

/** The outline behind a histogram; null where nothing can be said. */
export function healthy(layer: Layer, quantity: Quantity, all: readonly Histogram[]): Healthy | null {
  if (quantity === "update") return { mean: -3, std: 0.5 };
  if (quantity === "activation") {
    if (/^(Tanh|Sigmoid)/.test(layer.type)) return { mean: layer.type.startsWith("S") ? 0.5 : 0, std: 0.62 };
    return /^(Linear|Embedding|BatchNorm|LayerNorm)/.test(layer.type) ? { mean: 0, std: 1 } : null;
  }
  const spreads = all.map((h) => h.std).filter((v) => v > 0).sort((a, b) => a - b);
  const middle = spreads[Math.floor(spreads.length / 2)];
  return middle === undefined ? null : { mean: 0, std: middle }; // all layers alike
}

export function paintHistogram(
  context: CanvasRenderingContext2D,
  box: Box,
  histogram: Histogram,
  range: [number, number],
  outline: Healthy | null,
  theme: Theme,
): void {
  const [low, high] = range;
  const at = (value: number) => box.x + ((value - low) / (high - low || 1)) * box.width;
  const bottom = box.y + box.height;
  const width = (histogram.high - histogram.low) / histogram.counts.length;
  const total = histogram.counts.reduce((a, b) => a + b, 0) || 1;
  const density = width > 0 ? histogram.counts.map((n) => n / total / width) : [];
  const bell = outline ? 1 / (outline.std * Math.sqrt(2 * Math.PI)) : 0;
  const peak = Math.max(...density, bell * 0.8, 1e-12);
  const up = (value: number) => bottom - Math.min(value / peak, 1) * box.height * 0.94;
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.clip();
  if (outline) {
    context.beginPath();
    for (let i = 0; i <= 48; i++) {
      const value = low + ((high - low) * i) / 48;
      const z = (value - outline.mean) / outline.std;
      const y = up(bell * Math.exp((-z * z) / 2));
      if (i === 0) context.moveTo(at(value), y);
      else context.lineTo(at(value), y);
    }
    context.strokeStyle = theme.soft;
    context.setLineDash([2, 3]);
    context.lineWidth = 1;
    context.stroke();
    context.setLineDash([]);
  }
  context.beginPath();
  if (width > 0) {
    context.moveTo(at(histogram.low), bottom);
    density.forEach((value, i) => {
      context.lineTo(at(histogram.low + i * width), up(value));
      context.lineTo(at(histogram.low + (i + 1) * width), up(value));
    });
    context.lineTo(at(histogram.high), bottom);
    context.closePath();
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.28;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = theme.accent;
    context.lineWidth = 1;
    context.stroke();
  } else {
    context.fillStyle = theme.accent; // all values are one
    context.fillRect(at(histogram.low) - 1, box.y + 2, 2, box.height - 2);
  }
  context.restore();
  context.fillStyle = theme.line;
  context.fillRect(box.x, bottom - 0.5, box.width, 1);
  if (low < 0 && high > 0) context.fillRect(at(0) - 0.5, bottom - 4, 1, 4);
  const [under, over] = outside(histogram, range);
  context.fillStyle = theme.accent; // what lies off the axis, at the edge where it went
  if (under > 0.02) context.fillRect(box.x, bottom - Math.sqrt(under) * box.height, 2, Math.sqrt(under) * box.height);
  if (over > 0.02) context.fillRect(box.x + box.width - 2, bottom - Math.sqrt(over) * box.height, 2, Math.sqrt(over) * box.height);
  if (histogram.extreme > 0.3) {
    context.fillStyle = theme.warm;
    context.fillRect(box.x, box.y + 1, 3, box.height - 2);
    context.fillRect(box.x + box.width - 3, box.y + 1, 3, box.height - 2);
  }
}
