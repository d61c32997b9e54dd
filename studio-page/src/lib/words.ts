// What stands between backticks in a sentence is code; everything is shown as text.

export interface Piece {
  text: string;
  code: boolean;
}

export function pieces(sentence: string): Piece[] {
  const parts = sentence.split("`");
  if (parts.length % 2 === 0) return [{ text: sentence, code: false }]; // a backtick without its fellow
  return parts.map((text, i) => ({ text, code: i % 2 === 1 })).filter(({ text }) => text !== "");
}
