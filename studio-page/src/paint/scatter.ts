// Points with their symbols: a map of the vectors that a net has for them.

import type { Paint } from "./painter";

export function scatter(points: readonly (readonly [number, number])[], labels: readonly string[], marked = -1): Paint {
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return (context, size, theme) => {
    const pad = 18;
    const at = (p: readonly [number, number]): [number, number] => [
      pad + ((p[0] - left) / (right - left || 1)) * (size.width - 2 * pad),
      size.height - pad - ((p[1] - low) / (high - low || 1)) * (size.height - 2 * pad),
    ];
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `500 14px ${theme.font}`;
    points.forEach((point, i) => {
      const [x, y] = at(point);
      context.fillStyle = i === marked ? theme.accent : theme.faint;
      context.beginPath();
      context.arc(x, y, 11, 0, 7);
      context.fill();
      context.fillStyle = i === marked ? theme.ground : theme.ink;
      context.fillText(labels[i] ?? "", x, y + 0.5);
    });
  };
}
