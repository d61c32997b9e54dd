// Colours for numbers, told apart by colour-blind eyes: signed values from orange over the ground to blue, with zero in
// the middle; shares from the ground to blue.

type Rgb = [number, number, number];
const BLUE: Rgb = [38, 96, 200];
const ORANGE: Rgb = [214, 98, 20];
const BLUE_DARK: Rgb = [116, 166, 255];
const ORANGE_DARK: Rgb = [255, 154, 84];
const LIGHT: Rgb = [250, 249, 246];
const DARK: Rgb = [30, 31, 36];

const mix = (a: Rgb, b: Rgb, t: number): Rgb => [0, 1, 2].map((i) => Math.round(a[i]! + (b[i]! - a[i]!) * t)) as Rgb;

export function signed(value: number, limit: number, dark: boolean): Rgb {
  const t = Math.min(Math.sqrt(Math.abs(value) / (limit || 1)), 1); // so that small values are seen as well
  const end = value >= 0 ? (dark ? BLUE_DARK : BLUE) : dark ? ORANGE_DARK : ORANGE;
  return mix(dark ? DARK : LIGHT, end, t);
}

export function share(value: number, dark: boolean): Rgb {
  return mix(dark ? DARK : LIGHT, dark ? BLUE_DARK : BLUE, Math.min(Math.max(value, 0), 1));
}

/** Lines of several runs: as far apart as Okabe and Ito's, and each with a dash of its own. */
const LINES = ["#2f5bd8", "#c2570c", "#0b8a6a", "#8b3fc7", "#b58900", "#c02f6b", "#4b7f9c", "#6b6b6b"];
const LINES_DARK = ["#8fb2ff", "#ffa05c", "#4fd0a4", "#cf9bff", "#e3c04a", "#ff86b0", "#8ec3e0", "#b5b5b5"];
export const lineColour = (i: number, dark: boolean): string => (dark ? LINES_DARK : LINES)[i % LINES.length]!;
export const DASHES: number[][] = [[], [6, 4], [2, 3], [10, 4, 2, 4], [4, 2], [1, 2], [8, 3], [3, 5]];
