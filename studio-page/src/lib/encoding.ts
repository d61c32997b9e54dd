// Files in other encodings than UTF-8: which it is says the person, who sees what comes out.

export interface Foreign {
  name: string;
  bytes: Uint8Array;
}

export const ENCODINGS = [
  { label: "windows-1252", words: "Western European (Latin-1)" },
  { label: "windows-1250", words: "Central European" },
  { label: "windows-1251", words: "Cyrillic" },
  { label: "windows-1253", words: "Greek" },
  { label: "windows-1254", words: "Turkish" },
  { label: "shift_jis", words: "Japanese (Shift JIS)" },
  { label: "euc-kr", words: "Korean" },
  { label: "gb18030", words: "Chinese, simplified" },
  { label: "big5", words: "Chinese, traditional" },
  { label: "utf-16le", words: "UTF-16" },
  { label: "utf-16be", words: "UTF-16, the great end first" },
];

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The encoding to begin with: what a mark says, else the commonest. */
export function firstGuess(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "windows-1252";
}

export const decoded = (bytes: Uint8Array, label: string): string => new TextDecoder(label).decode(bytes);
