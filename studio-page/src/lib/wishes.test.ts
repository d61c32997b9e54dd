import { describe, expect, it } from "vitest";
import { againOf, FINE, requestOf, wrongOf } from "./wishes";
import { inForm } from "./words";

const of = (params: Record<string, string>) => (name: string) => params[name] ?? "";

describe("wishes", () => {
  it("that say no number are refused, each at its field", () => {
    for (const { name, type } of FINE.filter((wish) => wish.type)) {
      expect(Object.keys(wrongOf(of({ [name]: "x" })))).toEqual([name]);
      expect(wrongOf(of({ [name]: " 3 " }))).toEqual({});
      expect(Object.keys(wrongOf(of({ [name]: "0.5" })))).toEqual(type === "whole" ? [name] : []);
    }
    expect(wrongOf(of({ count: "many", seed: "1e400" }))).toEqual({
      count: '"many" is no whole number.', seed: '"1e400" is no whole number.',
    });
    expect(wrongOf(of({ count: "0" }))).toEqual({ count: '"0" is too few: 1 or more.' });
    expect(wrongOf(of({ count: "-3" }))).toEqual({ count: '"-3" is too few: 1 or more.' });
    expect(wrongOf(of({ count: "1" }))).toEqual({});
    expect(wrongOf(of({ not_in: "anything", regex: "[" }))).toEqual({});
  });
  it("come to a request", () => {
    expect(requestOf(of({}), 1)).toEqual({ count: 20, temperature: 1 });
    expect(requestOf(of({ count: "5", starts_with: "br", top_k: "3", not_in: "a, b,", repeats: "yes" }), 0.7)).toEqual({
      count: 5, starts_with: "br", top_k: 3, not_in: ["a", "b"], unique: false, temperature: 0.7,
    });
    expect(requestOf(of({ best: "yes", new_only: "yes", count: "2" }), 1)).toEqual({ count: 2, best: true, new_only: true });
  });
});

describe("a link to items", () => {
  it("asks for the same again, also where chance began by itself", () => {
    expect(againOf(of({ drawn: "77", starts_with: "br" }), 0.7)).toEqual({ seed: 77, count: 20, starts_with: "br", temperature: 0.7 });
    expect(againOf(of({ drawn: "77", seed: "5" }), 1)).toEqual({ seed: 5, count: 20, temperature: 1 });
  });
  it("asks for nothing where none were made, or none can be", () => {
    for (const params of [{}, { drawn: "" }, { drawn: "-1" }, { drawn: "1e9" }, { drawn: "7", count: "x" }] as Record<string, string>[])
      expect(againOf(of(params), 1)).toBeNull();
  });
});

describe("a flag of the command line, told by wishes and trainings", () => {
  it.each([
    ["--regex [0-9]+ allows no item", "`regular expression: [0-9]+` allows no item"],
    ["--regex (la|le) and --only x", "`regular expression: (la|le)` and `only these symbols: x`"],
    ["(the largest: --pattern a*, --length 4-8)", "(the largest: `pattern: a*`, `length: 4-8`)"],
    ['--starts-with "a \\"b" leaves; write --ends-with q', '`starts with: a "b` leaves; write `ends with: q`'],
    ['without --length 4, "a" would do', 'without `length: 4`, "a" would do'],
    ["--not-in has every item", "`none of these` has every item"],
    ["a higher temperature dares more, and --repeats allows", "a higher temperature dares more, and `repeats` allows"],
    ["a larger --top-k dares more", "a larger `top k` dares more"],
    ["top_k is 0, but must be at least 1", "`top k` is 0, but must be at least 1"],
    ["lower count or max_length", "lower count or `no longer than`"],
    ["train.steps is for training; a network with --model, such as gru", "`steps` is for training; a network with `model`, such as gru"],
    ["model.n_hidden is 0, but must be at least 1", "`n hidden` is 0, but must be at least 1"],
    ["for which --time-budget is all", "for which `time budget` is all"],
    ["model.safetensors, a file", "model.safetensors, a file"],
    ["go on with: moreish train --resume names-1", "go on with: moreish train --resume names-1"],
  ])("is told as the form names it: %s", (said, told) => expect(inForm(said)).toBe(told));
});
