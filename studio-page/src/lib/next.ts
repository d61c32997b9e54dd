// What may come next, symbol by symbol: as bars, and what is left out in words.

import type { LeftOut, Next } from "./contract";
import { count, probability, short } from "./format";

export interface SymbolBar {
  name: string;
  value: number;
  shown: string;
  /** Never drawn. */
  faded: boolean;
}

/** As long as what the model gives each; the numbers are the chances with which they are drawn. */
export const symbolChances = (next: Next): SymbolBar[] =>
  next.symbols.map(({ symbol, p, drawn }) => {
    const faded = drawn === 0 && p > 0 && next.left_out !== null;
    return { name: symbol, value: p, shown: faded ? "left out" : probability(drawn), faded };
  });

/** Which symbols are left out, and how to leave out none. */
export function leftOutWords(out: LeftOut): string {
  const much = `${count(out.symbols)} of ${count(out.of)} symbols are left out, to which the model gives ${probability(out.p)} together`;
  if (out.suggested) {
    return `${much}. They are less likely than ${short(out.min_p)} of the likeliest one (min p, as fits such a model); with min p 0 none is.`;
  }
  const by = [
    out.top_k === null ? "" : `top k ${count(out.top_k)}`,
    out.top_p === null ? "" : `top p ${short(out.top_p)}`,
    out.min_p ? `min p ${short(out.min_p)}` : "",
  ].filter(Boolean);
  return `${much}, by ${by.join(" and ")}.`;
}
