import { describe, expect, it } from "vitest";
import type { LeftOut, RunFacts } from "./contract";
import { tick } from "./format";
import { answered, favouritesOf, keepAnswer, keepFavourites } from "./keeping";
import { leftOutWords, symbolChances } from "./next";
import { differentLists } from "./options";
import { RunLog } from "./runlog";
import { drawingOf } from "./wishes";
import { once } from "./wish";

const OUT: LeftOut = { symbols: 2, of: 4, p: 0.05, top_k: null, top_p: null, min_p: 0.07, suggested: true };
const of = (said: Record<string, string>) => (name: string) => said[name] ?? "";

describe("what may come next", () => {
  const symbols = [{ symbol: "a", p: 0.6, drawn: 0.632 }, { symbol: "", p: 0.35, drawn: 0.368 }, { symbol: "b", p: 0.03, drawn: 0 }];

  it("has the numbers that are drawn with, and says what never is", () => {
    const bars = symbolChances({ prefix: "", symbols, others: 0, left_out: OUT });
    expect(bars.map(({ shown }) => shown)).toEqual(["63.2%", "36.8%", "left out"]);
    expect(bars.map(({ faded }) => faded)).toEqual([false, false, true]);
    expect(bars.map(({ value }) => value)).toEqual([0.6, 0.35, 0.03]);
  });
  it("calls nothing left out where nothing is", () => {
    const whole = symbols.map((each) => ({ ...each, drawn: each.p }));
    expect(symbolChances({ prefix: "", symbols: whole, others: 0.02, left_out: null }).some(({ faded }) => faded)).toBe(false);
  });
  it("says what leaves them out, and how to leave out none", () => {
    expect(leftOutWords(OUT)).toBe(
      "2 of 4 symbols are left out, to which the model gives 5.0% together. They are less likely than 0.07 of the likeliest one (min p, as fits such a model); with min p 0 none is.",
    );
    expect(leftOutWords({ ...OUT, suggested: false, top_k: 2, min_p: null })).toMatch(/^2 of 4 .* together, by top k 2\.$/);
  });
});

describe("how it is drawn", () => {
  it("is what is wished for, as far as it can be read", () => {
    expect(drawingOf(of({}), 0.8)).toEqual({ temperature: 0.8 });
    expect(drawingOf(of({ top_k: "3", top_p: " 0.9", min_p: "0", seed: "4" }), 1)).toEqual({ temperature: 1, top_k: 3, top_p: 0.9, min_p: 0 });
    expect(drawingOf(of({ top_k: "three", min_p: "0.1" }), 1)).toEqual({ temperature: 1, min_p: 0.1 });
  });
  it("is the model as it is where the most probable are wanted, of which none is drawn", () => {
    expect(drawingOf(of({ best: "yes", top_k: "3" }), 0.8)).toEqual({ temperature: 1, min_p: 0 });
  });
});

describe("favourites", () => {
  const held = new Map<string, string>();
  const store = { getItem: (k: string) => held.get(k) ?? null, setItem: (k: string, v: string) => void held.set(k, v), removeItem: (k: string) => void held.delete(k) };

  it("outlive the page, and are those of one run", () => {
    keepFavourites("one", ["anna", "<b>"], 7, store);
    expect(favouritesOf("one", 7, store)).toEqual(["anna", "<b>"]);
    expect(favouritesOf("one", 8, store)).toEqual([]);
    keepFavourites("one", [], 7, store);
    expect(held.size).toBe(0);
  });
  it("are none where the browser keeps nothing, or something else stands there", () => {
    expect(favouritesOf("one", 7, null)).toEqual([]);
    const full = { ...store, setItem: () => { throw new Error("full"); } };
    expect(() => keepFavourites("one", ["anna"], 7, full)).not.toThrow();
    for (const text of ["{", "3", '{"a":1}', "null"]) expect(favouritesOf("x", 1, { ...store, getItem: () => text })).toEqual([]);
    expect(favouritesOf("x", 1, { ...store, getItem: () => '["a",1]' })).toEqual(["a"]);
  });
});

describe("answers", () => {
  it("are there when one comes back, the newest of many", () => {
    for (let i = 0; i < 40; i++) keepAnswer(`a${i}`, i);
    expect(answered("a39")).toBe(39);
    expect(answered("a0")).toBeUndefined();
  });
});

describe("a double click", () => {
  it("is one click for what nobody wants twice", () => {
    expect([0, 1, 2].map((detail) => once({ detail }))).toEqual([true, true, false]);
  });
});

describe("numbers on an axis", () => {
  it("are of one kind", () => {
    expect([0, 0.001, 0.25, 9000, 95_000, 100_000, 2_000_000].map(tick)).toEqual(["0", "0.001", "0.25", "9000", "95K", "100K", "2M"]);
  });
});

describe("pictures of layers", () => {
  it("have the step that the page tells", () => {
    const log = new RunLog();
    log.add([{ event: "histograms", step: 8, at: 7, layers: [], component: 0 }]);
    log.show([{ event: "histograms", step: 10, at: 9, layers: [], component: 0 }]);
    expect([log.frames[0]?.at, log.live?.at]).toEqual([8, 10]);
  });
});

describe("runs beside each other", () => {
  const learned = (name: string, items = 3): RunFacts => ({ run: "x", options: null, source: { name, items } });
  it("are said to have learned different lists", () => {
    expect(differentLists([learned("a"), learned("a"), undefined])).toBe("");
    expect(differentLists([learned("a"), learned("b")])).toContain("different lists");
    expect(differentLists([learned("a"), learned("a", 4)])).toContain("different lists");
  });
});
