// What can be wished for of items that are made: its fields, and the request that they come to.

export interface Wish {
  name: string;
  words: string;
  hint: string;
  type?: "whole" | "number";
  /** The least that it may be. */
  low?: number;
}

export const RULES: Wish[] = [
  { name: "starts_with", words: "starts with", hint: "el" },
  { name: "ends_with", words: "ends with", hint: "a" },
  { name: "contains", words: "contains", hint: "ri" },
  { name: "length", words: "length", hint: "4-8" },
  { name: "pattern", words: "pattern", hint: "Ka__a*" },
  { name: "regex", words: "regular expression", hint: "(la|le).*" },
  { name: "only", words: "only these symbols", hint: "a-z" },
  { name: "without", words: "without", hint: "xyz" },
];
export const FINE: Wish[] = [
  { name: "not_in", words: "none of these, with commas between", hint: "emma, olivia" },
  { name: "new_by", words: "differs from every known item by at least", hint: "1", type: "whole" },
  { name: "apart", words: "any two made items differ by more than", hint: "1", type: "whole" },
  { name: "top_k", words: "top k: only the likeliest symbols, so many", hint: "all", type: "whole" },
  { name: "top_p", words: "top p: only the likeliest symbols, so much of the probability", hint: "1", type: "number" },
  { name: "min_p", words: "min p: no symbol below this share of the likeliest one", hint: "as fits the list", type: "number" },
  { name: "max_length", words: "no longer than", hint: "1000", type: "whole" },
  { name: "seed", words: "seed: the same again", hint: "by chance", type: "whole" },
];
export const COUNT: Wish = { name: "count", words: "how many", hint: "20", type: "whole", low: 1 };
const USUAL = 20; // items

/** Why a field cannot be what it says; nothing where it can. What is too large the server says. */
export function unread({ type, low }: Wish, text: string): string {
  const said = text.trim();
  if (!said || !type) return "";
  const number = Number(said);
  if (type === "whole" && !Number.isInteger(number)) return `"${said}" is no whole number.`;
  if (!Number.isFinite(number)) return `"${said}" is no number.`;
  return low !== undefined && number < low ? `"${said}" is too few: ${low} or more.` : "";
}

/** The fields that say no number, and why. */
export function wrongOf(param: (name: string) => string): Record<string, string> {
  const found = [...FINE, COUNT].map((wish) => [wish.name, unread(wish, param(wish.name))] as const);
  return Object.fromEntries(found.filter(([, why]) => why));
}

/** In the address: where chance stood for the items shown, so that a link to them shows the same; no wish of anybody. */
export const DRAWN = "drawn";

/** The request; only for fields that can be read. */
export function requestOf(param: (name: string) => string, temperature: number): Record<string, unknown> {
  const rules = Object.fromEntries(RULES.map(({ name }) => [name, param(name)]).filter(([, value]) => value));
  const fine: Record<string, unknown> = {};
  for (const { name, type } of FINE) {
    const text = param(name).trim();
    if (text) fine[name] = type ? Number(text) : text.split(",").map((each) => each.trim()).filter(Boolean);
  }
  return {
    count: param("count").trim() ? Number(param("count")) : USUAL,
    ...rules,
    ...fine,
    ...(param("new_only") === "yes" ? { new_only: true } : {}),
    ...(param("repeats") === "yes" ? { unique: false } : {}),
    ...(param("best") === "yes" ? { best: true } : { temperature }),
  };
}

/** The request for the items of a link; null where it names none. */
export function againOf(param: (name: string) => string, temperature: number): Record<string, unknown> | null {
  const drawn = param(DRAWN);
  if (!/^\d{1,10}$/.test(drawn) || Object.keys(wrongOf(param)).length) return null;
  return { seed: Number(drawn), ...requestOf(param, temperature) };
}

const DRAWING = FINE.filter(({ name }) => ["top_k", "top_p", "min_p"].includes(name));

/** How the next symbol is drawn, as far as it can be read; of the most probable items none is drawn. */
export function drawingOf(param: (name: string) => string, temperature: number): Record<string, number> {
  if (param("best") === "yes") return { temperature: 1, min_p: 0 };
  const said = DRAWING.filter((wish) => param(wish.name).trim() && !unread(wish, param(wish.name)));
  return { temperature, ...Object.fromEntries(said.map(({ name }) => [name, Number(param(name))])) };
}
