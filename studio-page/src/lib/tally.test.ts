import { describe, expect, it } from "vitest";
import { unsure } from "./format";
import { lengthBars, otherSymbols, symbolBars } from "./tally";
import { unready } from "./unready";

const numbered = (n: number, each: (i: number) => number, from = 1): Record<string, number> =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [String(from + i), each(i)]));

describe("what is in a list", () => {
  it("shows every length there is, many of them in stretches of equal width", () => {
    expect(lengthBars({ "3": 2, "9": 1000 })).toEqual([{ name: "3", value: 2, shown: "2" }, { name: "9", value: 1000, shown: "1,000" }]);
    for (const lengths of [numbered(25, () => 1), numbered(214, (i) => i, 82), { ...numbered(30, () => 2), "5000": 1 }]) {
      const bars = lengthBars(lengths);
      const all = Object.values(lengths).reduce((a, b) => a + b, 0);
      expect(bars.length).toBeLessThanOrEqual(24);
      expect(bars.reduce((sum, bar) => sum + bar.value, 0)).toBe(all);
      const places = Object.keys(lengths).map(Number);
      expect(bars[0]!.name.split("–")[0]).toBe(String(Math.min(...places)));
      expect(bars.at(-1)!.name.split("–").at(-1)).toBe(String(Math.max(...places)));
      const widths = bars.slice(0, -1).map(({ name }) => Number(name.split("–").at(-1)) - Number(name.split("–")[0]));
      expect(new Set(widths).size).toBe(1);
    }
  });
  it("shows the most frequent symbols, and says how many there are besides", () => {
    const few = { a: 3, b: 7 };
    expect(symbolBars(few).map(({ name }) => name)).toEqual(["b", "a"]);
    expect(otherSymbols(few, 2)).toBe("");
    const many = Object.fromEntries(Array.from({ length: 34 }, (_, i) => [`s${i}`, 1000 - i]));
    expect(symbolBars(many)).toHaveLength(24);
    expect(otherSymbols(many, 34)).toBe("And 10 more symbols.");
    expect(otherSymbols(many, 2136)).toBe("And 2,112 more symbols."); // not every count is sent
    expect(otherSymbols(many, 25)).toBe("And 1 more symbol.");
  });
});

describe("a run that cannot be asked", () => {
  const never = "there is no model to ask";
  it("is told as what it is: not begun, ended too early, or damaged", () => {
    expect(unready({ state: "damaged", said: "config.json is damaged" }, "asked", never)).toBe("config.json is damaged");
    expect(unready({ state: "failed", said: "out of memory" }, "asked", never)).toBe("It ended before its first checkpoint, so there is no model to ask.");
    expect(unready({ state: "running", said: "" }, "asked", never)).toBe("It can be asked from its first checkpoint on.");
    expect(unready(undefined, "looked into", never)).toBe("It can be looked into from its first checkpoint on.");
  });
});

describe("how unsure a model is", () => {
  it("is said in figures that one can read", () => {
    expect(unsure(Math.log(2.25))).toBe("as unsure as among 2.3 equally likely symbols");
    expect(unsure(Math.log(1234.4))).toBe("as unsure as among 1,234 equally likely symbols");
    expect(unsure(17.35)).toBe("as unsure as among more than a million equally likely symbols");
    expect(unsure(Infinity)).toBe("as unsure as among more than a million equally likely symbols");
  });
});
