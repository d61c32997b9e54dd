// What stands between backticks in a sentence is code; everything is shown as text.

export interface Piece {
  text: string;
  code: boolean;
}

/** A flag of the command line as the form names it: what is said of a list is said to both. */
export function inForm(sentence: string): string {
  const flags = /--(?:set data\.(\w+)=|(column|by|weight|unit|encoding|text)\b(?: (?!as\b|is\b|wants\b|names\b|right\b))?)("[^"]*"|[^\s;,()]*[^\s;,.()?]|)/g;
  return sentence.replace(flags, (_, set: string | undefined, flag: string | undefined, value: string) => {
    const name = (set ?? flag ?? "").replaceAll("_", " ");
    return value ? `\`${name}: ${value.replaceAll('"', "")}\`` : `\`${name}\``;
  });
}

export function pieces(sentence: string): Piece[] {
  const parts = sentence.split("`");
  if (parts.length % 2 === 0) return [{ text: sentence, code: false }]; // a backtick without its fellow
  return parts.map((text, i) => ({ text, code: i % 2 === 1 })).filter(({ text }) => text !== "");
}
