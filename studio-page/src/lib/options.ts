// Nested options as dotted names, and which of them differ between runs.

import type { RunFacts } from "./contract";

export function flat(options: unknown, prefix = ""): Record<string, string> {
  if (options === null || typeof options !== "object") return {};
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(options)) {
    const name = `${prefix}${key}`;
    if (Array.isArray(value) && value.some((each) => each !== null && typeof each === "object")) {
      value.forEach((each, i) => Object.assign(found, flat(each, `${name}[${i}].`)));
    } else if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      Object.assign(found, flat(value, `${name}.`));
    } else {
      found[name] = Array.isArray(value) ? value.join(", ") : String(value);
    }
  }
  return found;
}

export function differing(all: Record<string, string>[]): string[] {
  const names = [...new Set(all.flatMap(Object.keys))].sort();
  return names.filter((name) => new Set(all.map((each) => each[name] ?? "")).size > 1);
}

/** Why this text cannot be an option of this type; nothing where it can. What is too small or large the server says. */
export function refused(type: string, text: string): string {
  if (text === "") return "";
  const numbers = (type === "list" ? text.split(",") : [text]).map((each) => (each.trim() === "" ? NaN : Number(each)));
  if (type === "whole" && !numbers.every(Number.isInteger)) return `"${text}" is no whole number; it stays as it was.`;
  if (type === "number" && !numbers.every(Number.isFinite)) return `"${text}" is no number; it stays as it was.`;
  if (type === "list" && !numbers.every(Number.isFinite)) return `"${text}" is no list of numbers with commas between; it stays as it was.`;
  return "";
}

/** What is to be said where these runs did not learn the same list. */
export function differentLists(runs: readonly (RunFacts | undefined)[]): string {
  const names = new Set(runs.flatMap((facts) => (facts?.source?.name ? [`${facts.source.name} ${facts.source.items ?? ""}`] : [])));
  return names.size > 1 ? "They learned different lists: a loss says how hard a list is too, so these do not compare." : "";
}
