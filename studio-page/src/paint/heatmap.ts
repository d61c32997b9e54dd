// A matrix as a map: signed values around zero, or shares.

import type { Paint, Size } from "./painter";
import { share, signed } from "./colour";

export const limitOf = (rows: readonly (readonly number[])[]): number =>
  rows.reduce((most, row) => row.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);

export function heatmap(rows: readonly (readonly number[])[], how: "signed" | "share", limit = limitOf(rows), marked: readonly number[] = []): Paint {
  return (context, size, theme) => {
    const columns = rows[0]?.length ?? 0;
    if (!columns) return;
    const image = new ImageData(columns, rows.length);
    rows.forEach((row, i) => {
      row.forEach((value, j) => {
        const rgb = how === "signed" ? signed(value, limit, theme.dark) : share(value, theme.dark);
        image.data.set([...rgb, 255], 4 * (i * columns + j));
      });
    });
    const small = new OffscreenCanvas(columns, rows.length);
    small.getContext("2d")?.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, size.width, size.height);
    const [wide, high] = [size.width / columns, size.height / rows.length];
    context.strokeStyle = theme.warm;
    context.lineWidth = 2;
    marked.forEach((column, row) => context.strokeRect(column * wide + 1, row * high + 1, wide - 2, high - 2));
  };
}

/** Which cell lies under a point. */
export function cellAt(x: number, y: number, size: Size, rows: number, columns: number): [number, number] | null {
  const row = Math.floor((y / size.height) * rows);
  const column = Math.floor((x / size.width) * columns);
  return row >= 0 && row < rows && column >= 0 && column < columns ? [row, column] : null;
}
