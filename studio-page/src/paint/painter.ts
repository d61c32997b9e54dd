// A painter is a pure function of a context in CSS pixels, a size and a theme; its data are in its closure.

import type { Theme } from "../lib/theme.svelte";

export interface Size {
  width: number;
  height: number;
}

export type Paint = (context: CanvasRenderingContext2D, size: Size, theme: Theme) => void;
