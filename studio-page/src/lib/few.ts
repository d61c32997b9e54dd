// Lists that are short for a net which begins with nothing.

import type { Report } from "./contract";

export const BACKGROUND = "background";

/** Items: from fewer a net that begins with nothing learns too little to make anything but rubbish. */
export const TOO_FEW = 50;

type Size = Pick<Report, "few" | "kept">;

/** The model that a list wants where nobody has chosen one; nothing where any may be begun with. */
export const proposed = (size: Size): string => (size.few && size.kept < TOO_FEW ? BACKGROUND : "");

/** The rungs for a list: for a short one the background net is the first, for a long one it is none. */
export function rungs<Rung extends { name: string }>(ladder: readonly Rung[], size: Size | null, chosen: string): Rung[] {
  const others = ladder.filter(({ name }) => name !== BACKGROUND);
  return size?.few || chosen === BACKGROUND ? [...ladder.filter(({ name }) => name === BACKGROUND), ...others] : others;
}
