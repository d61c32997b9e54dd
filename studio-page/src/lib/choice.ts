// What the next run is to be, kept in the address: list, model, and the options that were changed.

export interface Choice {
  list: string;
  model: string;
  options: Record<string, Record<string, unknown>>;
}

export function choiceOf(param: (name: string) => string): Choice {
  let options: Choice["options"] = {};
  try {
    const found: unknown = JSON.parse(param("options") || "{}");
    if (found !== null && typeof found === "object" && !Array.isArray(found)) options = found as Choice["options"];
  } catch {
    options = {};
  }
  return { list: param("list") || "names", model: param("model") || "mlp", options };
}

export function spelledOptions(options: Choice["options"]): string {
  const kept = Object.entries(options).filter(([, values]) => Object.keys(values).length);
  return kept.length ? JSON.stringify(Object.fromEntries(kept)) : "";
}
