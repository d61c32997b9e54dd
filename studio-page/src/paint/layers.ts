// The layers of a net at one step: a row each, a column for each quantity.

import { QUANTITIES, type Histogram, type Layer, type Quantity } from "../lib/contract";
import { healthy, limits, paintHistogram } from "./histogram";
import type { Paint } from "./painter";

export const ROW = 52;
const GAP = 12;

export function layersPainter(layers: readonly Layer[], quantities: readonly Quantity[] = QUANTITIES): Paint {
  const columns = quantities.map((quantity) => {
    const all = layers.map((layer) => layer[quantity]).filter((h): h is Histogram => Boolean(h));
    return { quantity, all };
  });
  return (context, size, theme) => {
    const width = (size.width - GAP * (columns.length - 1)) / columns.length;
    layers.forEach((layer, i) => {
      columns.forEach(({ quantity, all }, j) => {
        const box = { x: j * (width + GAP), y: i * ROW + 6, width, height: ROW - 12 };
        const histogram = layer[quantity];
        if (histogram) paintHistogram(context, box, histogram, limits(histogram, all, quantity), healthy(layer, quantity, all), theme);
        else {
          context.fillStyle = theme.line;
          context.fillRect(box.x, box.y + box.height - 0.5, width, 1);
        }
      });
    });
  };
}
