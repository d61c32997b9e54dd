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

/** As it is asked for: without options of training that the model has not, which another one left behind. */
export function wanted({ list, model, options }: Choice, trains: readonly string[] | null): Choice {
  if (!trains || !options.train) return { list, model, options };
  const { train, ...others } = options;
  const kept = Object.entries(train).filter(([name]) => trains.includes(name));
  return { list, model, options: kept.length ? { ...others, train: Object.fromEntries(kept) } : others };
}

export function spelledOptions(options: Choice["options"]): string {
  const kept = Object.entries(options).filter(([, values]) => Object.keys(values).length);
  return kept.length ? JSON.stringify(Object.fromEntries(kept)) : "";
}
