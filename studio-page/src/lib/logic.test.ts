import { describe, expect, it } from "vitest";
import { lineColour } from "../paint/colour";
import { parse, spell, VIEWS } from "./address";
import type { Event, Finding, Layer } from "./contract";
import { decimate, smoothed, startsOf } from "./decimate";
import { short, standing } from "./format";
import { differing, flat } from "./options";
import { RunLog, type Intervention } from "./runlog";

const step = (n: number, loss: number | null): Event => ({
  event: "step", step: n, loss, lr: 0.1, tokens: 1, seconds: n / 100, progress: 0, component: 0,
});

describe("the address", () => {
  it("comes back as it was spelled", () => {
    for (const view of VIEWS) {
      const address = { view, params: { run: "naïve-1 & more", step: "12" } };
      expect(parse(spell(address))).toEqual(address);
    }
  });
  it("is the first view where it makes no sense", () => {
    expect(parse("#/../../etc?x").view).toBe("list");
  });
});

describe("the log of a run", () => {
  it("sorts events into curves", () => {
    const log = new RunLog();
    log.add([step(10, 3), { event: "eval", step: 10, val_loss: 2.9, best: true, component: 0 }, step(20, null)]);
    expect(log.steps).toEqual([10, 20]);
    expect(log.losses).toEqual([3, null]);
    expect(log.best()).toEqual({ step: 10, loss: 2.9 });
  });
  it("passes over events that it does not know", () => {
    const log = new RunLog();
    log.add([{ event: "from a later release" } as unknown as Event]);
    expect(log.version).toBe(1);
  });
  it("marks items as known where the run says so", () => {
    const log = new RunLog();
    log.show([{ event: "samples", step: 3, items: ["emma", "zork"], known: ["train", "new"] }]);
    expect(log.items.map((item) => item.known)).toEqual(["train", "new"]);
  });
  it("stays small over hours", () => {
    const log = new RunLog();
    for (let i = 0; i < 40; i++) log.add(Array.from({ length: 1000 }, (_, k) => step(i * 1000 + k, Math.sin(k))));
    expect(log.steps.length).toBeLessThan(20_001);
    expect(log.steps.at(-1)).toBeGreaterThan(39_990);
    expect([...log.steps].sort((a, b) => a - b)).toEqual(log.steps);
  });
  it("keeps what was found before the net was healed, and knows that it is over", () => {
    const log = new RunLog();
    const finding = { id: "F04", severity: "sick", step: 10 } as Finding;
    log.add([{ event: "finding", step: 11, finding, component: 0 }]);
    expect(log.worst()?.id).toBe("F04");
    const heal = { event: "intervention", kind: "heal", step: 20, done: true } as Intervention;
    log.add([heal, { event: "doctor", step: 99, findings: [], notes: [], component: 0 }]);
    expect(log.findings).toHaveLength(1);
    expect(log.worst()).toBeUndefined();
  });
  it("gives the histograms nearest to a step, and the newest by itself", () => {
    const log = new RunLog();
    const layers: Layer[] = [];
    log.add([1, 50, 100].map((at) => ({ event: "histograms", step: at, at, layers, component: 0 })));
    expect(log.frameAt(60)?.at).toBe(50);
    log.show([{ event: "histograms", step: 130, at: 130, layers, component: 0 }]);
    expect(log.frameAt(null)?.at).toBe(130);
  });
});

describe("decimation", () => {
  it("keeps the extremes and the last point", () => {
    const x = Array.from({ length: 10_000 }, (_, i) => i);
    const y = x.map((i) => (i === 777 ? 99 : i === 5555 ? -99 : Math.sin(i)));
    const few = decimate(x, y, 400);
    expect(few.x.length).toBeLessThan(500);
    expect(few.y).toContain(99);
    expect(few.y).toContain(-99);
    expect(few.x.at(-1)).toBe(9999);
  });
  it("leaves short curves alone and gaps as gaps", () => {
    expect(decimate([1, 2], [null, 3], 100)).toEqual({ x: [1, 2], y: [null, 3] });
    expect(smoothed([1, null, 1], 0.5)).toEqual([1, null, 1]);
  });
  it("begin anew with another network", () => {
    const log = new RunLog();
    const network = (component: number) => ({ event: "network", number: component + 1, of: 2, name: "background", parameters: 9, threads: 1, step: 0, component }) as Event;
    log.add([network(0), step(4, 2), step(8, 1), network(0), step(12, 1), network(1), step(16, 3), step(20, 3)]);
    expect(log.begun).toEqual([12]);
    expect(smoothed(log.losses, 0.5, startsOf(log.steps, log.begun)).slice(3)).toEqual([3, 3]);
  });
});

describe("words", () => {
  it("say where a loss stands", () => {
    const baselines = { uniform: 3, unigram: 2.5, bigram: 2.2, ngram: 2 };
    expect(standing(3.2, baselines)).toContain("not better");
    expect(standing(2.4, baselines)).toContain("how frequent");
    expect(standing(1.9, baselines)).toBe("better than counting");
  });
  it("are short", () => {
    expect(short(0.00001234)).toBe("1.2e-5");
    expect(short(123.456)).toBe("123");
    expect(short(null)).toBe("–");
  });
});

describe("options", () => {
  it("are compared by their dotted names", () => {
    const one = flat({ train: { lr: 0.1 }, model: { components: [{ name: "ngram" }] } });
    const other = flat({ train: { lr: 0.2 }, model: { components: [{ name: "ngram" }] } });
    expect(one).toEqual({ "train.lr": "0.1", "model.components[0].name": "ngram" });
    expect(differing([one, other])).toEqual(["train.lr"]);
  });
});

describe("lines of several runs", () => {
  const light = (hex: string): number => {
    const parts = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
    const [r, g, b] = parts.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const contrast = (a: string, b: string): number => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high! + 0.05) / (low! + 0.05);
  };

  it("stand out from the card in light and dark, as graphics must (WCAG 1.4.11)", () => {
    for (const [card, dark] of [["#fffefb", false], ["#1b1c21", true]] as const) {
      for (let i = 0; i < 8; i++) expect(contrast(lineColour(i, dark), card)).toBeGreaterThan(3);
    }
  });
});
