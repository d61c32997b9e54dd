// What stands between backticks in a sentence is code; everything is shown as text.

export interface Piece {
  text: string;
  code: boolean;
}

/** What the form calls a flag of the command line, where that is not its own name. */
const CALLED: Record<string, string> = {
  regex: "regular expression",
  only: "only these symbols",
  not_in: "none of these",
  new_by: "differs from every known item",
  apart: "any two made items differ",
  max_length: "no longer than",
  new_only: "only new ones",
  best: "the most probable",
  count: "how many",
};
const WISHES = "starts-with|ends-with|contains|length|pattern|regex|only|without";
const NUMBERS = "top-k|top-p|temperature|max-length|seed|new-by|apart|count|steps|lr|batch-size|time-budget";
const ALONE = "not-in|new-only|best|repeats|model|recipe|optimizer|schedule|order";
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
const READING = String.raw`--(?:set data\.(\w+)=|(column|by|weight|unit|encoding|text)\b(?: (?!as\b|is\b|wants\b|names\b|right\b))?)("[^"]*"|[^\s;,()]*[^\s;,.()?]|)`;
const WISHED = String.raw`--(${WISHES})\b(?: (${QUOTED}|\S+))?`;
const NUMBER = String.raw`--(${NUMBERS})\b(?: (-?\d[\d.]*\d|-?\d))?`;
const DOTTED = String.raw`(?<=^|\s)(?:train|model)\.([a-z_]+)(?= )`;
const NAMED = String.raw`(?<=^|\s)(top_k|top_p|min_p|max_length|new_by|not_in|new_only|starts_with|ends_with)\b`;

function called(name: string): string {
  const plain = name.replaceAll("-", "_");
  return CALLED[plain] ?? plain.replaceAll("_", " ");
}

/** What follows a flag, up to the sentence's own signs; a bracket of the value's own stays. */
function parted(value: string): [string, string] {
  if (value.startsWith('"')) return [value.slice(1, -1).replace(/\\(.)/g, "$1"), ""];
  let end = value.length;
  while (end > 1 && (/[;:,.]/.test(value[end - 1]!) || (value[end - 1] === ")" && !value.slice(0, end).includes("(")))) end -= 1;
  return [value.slice(0, end), value.slice(end)];
}

/** Flags of the command line as the form names them: what is said of a wish, a list or a training is said to both. */
export function inForm(sentence: string): string {
  return sentence
    .replace(new RegExp(READING, "g"), (_, set: string | undefined, flag: string | undefined, value: string) => {
      const name = (set ?? flag ?? "").replaceAll("_", " ");
      return value ? `\`${name}: ${value.replaceAll('"', "")}\`` : `\`${name}\``;
    })
    .replace(new RegExp(WISHED, "g"), (_, flag: string, given?: string) => {
      if (given === undefined) return `\`${called(flag)}\``;
      const [value, rest] = parted(given);
      return `\`${called(flag)}: ${value}\`${rest}`;
    })
    .replace(new RegExp(NUMBER, "g"), (_, flag: string, value?: string) => `\`${called(flag)}${value ? `: ${value}` : ""}\``)
    .replace(new RegExp(`--(${ALONE})\\b`, "g"), (_, flag: string) => `\`${called(flag)}\``)
    .replace(new RegExp(`${DOTTED}|${NAMED}`, "g"), (_, option?: string, wish?: string) => `\`${called(option ?? wish ?? "")}\``);
}

export function pieces(sentence: string): Piece[] {
  const parts = sentence.split("`");
  if (parts.length % 2 === 0) return [{ text: sentence, code: false }]; // a backtick without its fellow
  return parts.map((text, i) => ({ text, code: i % 2 === 1 })).filter(({ text }) => text !== "");
}
