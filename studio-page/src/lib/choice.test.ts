import { describe, expect, it } from "vitest";
import { choiceOf, spelledOptions, wanted, type Choice } from "./choice";
import { BACKGROUND, proposed, rungs, TOO_FEW } from "./few";

describe("what is asked for", () => {
  const choice: Choice = { list: "names", model: "mlp", options: { data: { lower: true }, train: { steps: 300, time_budget: 9 } } };

  it("comes back from the address", () => {
    const params: Record<string, string> = { list: "names", model: "mlp", options: spelledOptions(choice.options) };
    expect(choiceOf((name) => params[name] ?? "")).toEqual(choice);
  });
  it("has no option of training that the model has not", () => {
    expect(wanted(choice, null)).toEqual(choice);
    expect(wanted(choice, []).options).toEqual({ data: { lower: true } });
    expect(wanted(choice, ["time_budget"]).options).toEqual({ data: { lower: true }, train: { time_budget: 9 } });
    expect(choice.options.train).toEqual({ steps: 300, time_budget: 9 });
  });
});

describe("a short list", () => {
  const ladder = [{ name: "ngram" }, { name: "mlp" }, { name: BACKGROUND }];
  const names = (few: boolean, kept: number, chosen = "mlp") => rungs(ladder, { few, kept }, chosen).map(({ name }) => name);

  it("has the background net as its first rung, and begins with it where it is very short", () => {
    expect(names(true, 300)).toEqual([BACKGROUND, "ngram", "mlp"]);
    expect(proposed({ few: true, kept: TOO_FEW - 1 })).toBe(BACKGROUND);
    expect(proposed({ few: true, kept: TOO_FEW })).toBe("");
  });
  it("is one that the net can read: long ones, and ones of words, do without", () => {
    expect(names(false, 3)).toEqual(["ngram", "mlp"]);
    expect(proposed({ few: false, kept: 3 })).toBe("");
    expect(names(false, 3, BACKGROUND)[0]).toBe(BACKGROUND); // of a link
    expect(rungs(ladder, null, "mlp")).toHaveLength(2);
  });
});
