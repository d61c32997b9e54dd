import { describe, expect, it, vi } from "vitest";
import { arithmetic, backward, ofWeight, spelled, updated } from "./arithmetic";
import { blocks } from "./blocks";
import type { Finding, Histogram, Inside, Trial } from "./contract";
import { paced } from "./pace";
import { newestOf } from "./source";
import { trialBody, verdict } from "./trial";
import { below, laidOut, NODE } from "./tree";
import { inForm, pieces } from "./words";
import { outside, updateRange } from "../paint/histogram";
import { apart } from "../paint/scatter";

describe("sentences", () => {
  it("show what stands between backticks as code, and everything as text", () => {
    expect(pieces("Initialise `hidden.0.weight` with 0")).toEqual([
      { text: "Initialise ", code: false }, { text: "hidden.0.weight", code: true }, { text: " with 0", code: false },
    ]);
    expect(pieces("a ` alone")).toEqual([{ text: "a ` alone", code: false }]);
    expect(pieces("`<b>`")).toEqual([{ text: "<b>", code: true }]);
    expect(pieces("")).toEqual([]);
  });
});

describe("a trial", () => {
  const trial = (without: number | null, remedied: number | null): Trial => ({
    step: 9, lr: 0.1, held: false, remembered: true, said: "", without: { losses: [without], val_loss: without },
    remedied: { losses: [remedied], val_loss: remedied },
  });
  it("is judged by val, and says where it makes no difference", () => {
    expect(verdict(trial(3, 2))).toContain("It helps: 1.000");
    expect(verdict(trial(2, 3))).toContain("does not help");
    expect(verdict(trial(2, 2.001))).toContain("no difference");
    expect(verdict(trial(null, 2))).toContain("Without it");
    expect(verdict(trial(2, null))).toContain("leave it");
    expect(verdict(trial(null, null))).toContain("Both");
  });
  it("asks for the operation of the finding", () => {
    const finding = { step: 7, operation: { name: "clip", norm: 1 } } as unknown as Finding;
    expect(trialBody(finding)).toEqual({ remedy: "clip", arguments: { norm: 1 }, at: 7, steps: 300 });
  });
});

describe("the tree", () => {
  it("puts each parent over the middle of its children", () => {
    const { spots, links, width } = laidOut([8, 4, 2, 1], 2);
    for (let i = 0; i < 4; i++) expect(spots[1]![i]!.x).toBe((spots[0]![2 * i]!.x + spots[0]![2 * i + 1]!.x) / 2);
    expect(links).toHaveLength(14);
    expect(Math.max(...spots.flat().map((s) => s.x)) + NODE.width).toBeLessThanOrEqual(width);
  });
  it("knows what lies below a node", () => {
    expect(below(2, 1, 2)).toEqual([[4, 8], [2, 4], [1, 2]]);
    expect(below(1, 0, 3)).toEqual([[0, 3], [0, 1]]);
  });
});

describe("arithmetic", () => {
  const inside = {
    contexts: [["a"], ["b"]], targets: [0, 1], symbols: ["", "a"], lr: 0.1,
    probabilities: [[0.25, 0.75], [0.5, 0.5]],
    weights: [
      { name: "w.weight", shape: [2, 2], values: [[1, 2], [3, 4]], gradient: [[0.1, 0], [0, 0]], autograd: [[0.1, 0], [0, 0]], update: [[-0.01, 0], [0, 0]], difference: 0, largest: 1 },
      { name: "w.bias", shape: [2], values: [[10, 20]], gradient: [[0, 0]], autograd: [[0, 0]], update: [[0, 0]], difference: 0, largest: 1 },
    ],
    layers: [
      { name: "e", op: "embedding", shape: [2, 2], values: [[1, 1], [0, 2]], gradient: [[4, 6], [0, 0]], rule: ["", ""], weight: null },
      { name: "w", op: "linear", shape: [2, 2], values: [[13, 27], [14, 28]], gradient: [[1, 1], [0, 0]], rule: ["", ""], weight: "w.weight" },
      { name: "t", op: "tanh", shape: [2, 2], values: [[0.5, 0], [0, 0]], gradient: [[-0.375, 0.375], [0.25, -0.25]], rule: ["", ""], weight: null },
    ],
  } as unknown as Inside;
  it("spells a product, and says nothing where it does not come to the number", () => {
    expect(arithmetic(inside, 1, 0, 1)).toBe("= 4·1".replace("4·1", "1·4 + 1·3") + " + bias 20");
    expect(spelled([1], [2], 5)).toBe("");
    expect(arithmetic(inside, 0, 1, 0)).toContain("number 1 of the vector that the table holds for b");
  });
  it("goes backward through a linear layer and to the logits", () => {
    expect(backward(inside, 0, 0, 1)).toBe("= 1·4 + 1·2");
    expect(backward(inside, 2, 0, 0)).toContain("(0.25 − 1) / 2");
    expect(backward(inside, 1, 0, 0)).toBe(""); // not what tanh would give: nothing is claimed
  });
  it("says who derived a weight's gradient, and what an update made of it", () => {
    expect(ofWeight(inside, inside.weights[0]!, 0, 0)).toContain("by hand 0.1, by autograd 0.1");
    expect(updated(inside, inside.weights[0]!, 0, 0)).toBe("1 becomes 0.99: -0.01 = −0.1·0.1");
  });
});

describe("pictures", () => {
  const at = (low: number, high: number): Histogram => ({ low, high, counts: [5, 5], mean: (low + high) / 2, std: (high - low) / 4, extreme: 0 });
  it("show updates of any size", () => {
    expect(updateRange([at(-4, -2)])).toEqual([-6, 0]);
    expect(updateRange([at(-9.5, -7.5), at(-4, -2)])[0]).toBe(-10);
    expect(updateRange([at(-1, 2)])[1]).toBe(2);
  });
  it("tell how much lies off the axis", () => {
    expect(outside(at(-8, -4), [-6, 0])).toEqual([0.5, 0]);
  });
  it("keep labels apart", () => {
    const moved = apart([[0, 0], [0, 0], [1, 0], [90, 90]], 24);
    expect(moved[3]).toEqual([90, 90]);
    for (let i = 0; i < 3; i++) for (let j = 0; j < i; j++) expect(Math.hypot(moved[i]![0] - moved[j]![0], moved[i]![1] - moved[j]![1])).toBeGreaterThan(17);
  });
});

describe("a flag of the command line", () => {
  it.each([
    ["x is read so (bullets); --set data.marks=keep leaves it there.", "x is read so (bullets); `marks: keep` leaves it there."],
    ["say --weight 2.", "say `weight: 2`."],
    ['such as --column "First name" (or --set data.recognise=false, if', "such as `column: First name` (or `recognise: false`, if"],
    ["no kinds at all: --by names the column", "no kinds at all: `by` names the column"],
    ["Is --encoding right?", "Is `encoding` right?"],
    ["say --encoding utf-16", "say `encoding: utf-16`"],
    ["--text; if it is a list, --set data.max_length=100000", "`text`; if it is a list, `max length: 100000`"],
    ["say no-such --flag", "say no-such --flag"],
  ])("is told as the form names it: %s", (said, told) => expect(inForm(said)).toBe(told));
});

describe("layers under numbers", () => {
  const block = (k: number) => ["ln", "qkv", "attn", "proj"].map((name) => `blocks.${k}.${name}`);

  it("are told together where a net repeats them", () => {
    expect(blocks(["wte", "wpe", ...block(0), ...block(1), "head"])).toEqual([
      { name: "", from: 0, to: 2 },
      { name: "blocks.0", from: 2, to: 6 },
      { name: "blocks.1", from: 6, to: 10 },
      { name: "", from: 10, to: 11 },
    ]);
  });

  it("are told one by one where there is one block, or small ones", () => {
    for (const names of [["wte", ...block(0), "head"], ["hidden.0.linear", "hidden.0.tanh", "hidden.1.linear", "hidden.1.tanh"], []]) {
      expect(blocks(names)).toEqual([{ name: "", from: 0, to: names.length }]);
    }
  });
});

describe("messages of the moment", () => {
  const told = (run: string, event: string, step: number): string => JSON.stringify({ run, records: [{ event, step }] });

  it("are read where they are the newest of their run, or have items", () => {
    const [a, items, b, newer] = [told("a", "histograms", 1), told("a", "samples", 2), told("ab", "histograms", 3), told("a", "histograms", 4)];
    expect([a, items, b, newer].reduce<string[]>(newestOf, [])).toEqual([items, b, newer]);
  });
});

describe("what comes too often", () => {
  it("is done together, the last of it too", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
    vi.stubGlobal("requestAnimationFrame", (shown: () => void) => setTimeout(shown, 16));
    let done = 0;
    const ask = paced(() => (done += 1));
    for (let i = 0; i < 1000; i++) {
      ask();
      vi.advanceTimersByTime(1);
    }
    expect(done).toBeGreaterThan(15);
    expect(done).toBeLessThan(32);
    const before = done;
    vi.advanceTimersByTime(100);
    expect(done).toBe(before + 1);
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
});
