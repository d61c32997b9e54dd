// Points with their symbols: a map of the vectors that a net has for them.

import type { Paint } from "./painter";

/** The same points, moved as little as it takes until circles of this diameter hardly overlap. */
export function apart(points: readonly [number, number][], least: number): [number, number][] {
  const spots = points.map(([x, y]): [number, number] => [x, y]);
  for (let round = 0; round < 24; round++) {
    for (let i = 0; i < spots.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [spots[i]!, spots[j]!];
        const [dx, dy] = [a[0] - b[0], a[1] - b[1]];
        const gap = Math.hypot(dx, dy);
        if (gap >= least) continue;
        const [ux, uy] = gap > 0 ? [dx / gap, dy / gap] : [1, 0];
        const push = (least - gap) / 4;
        a[0] += ux * push;
        a[1] += uy * push;
        b[0] -= ux * push;
        b[1] -= uy * push;
      }
    }
  }
  return spots;
}

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
    const spots = apart(points.map(at), 24);
    spots.forEach(([x, y], i) => {
      context.fillStyle = i === marked ? theme.accent : theme.faint;
      context.beginPath();
      context.arc(x, y, 11, 0, 7);
      context.fill();
      context.fillStyle = i === marked ? theme.ground : theme.ink;
      context.fillText(labels[i] ?? "", x, y + 0.5);
    });
  };
}
