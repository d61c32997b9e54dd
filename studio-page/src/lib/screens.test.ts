import { describe, expect, it } from "vitest";
import { decoded, firstGuess, isUtf8 } from "./encoding";
import { duration, probability } from "./format";
import { placed } from "./labels";
import { refused } from "./options";
import { newest, RunLog } from "./runlog";
import type { Summary } from "./contract";

describe("words above a chart", () => {
  const label = (at: number, text = "break F04", width = 60) => ({ at, label: text, width });

  it("stand near their moment, and inside", () => {
    expect(placed([label(10), label(395)], 400, 2)).toEqual([
      { label: "break F04", left: 10, row: 0 },
      { label: "break F04", left: 340, row: 0 },
    ]);
  });

  it("never lie over another", () => {
    const found = placed(Array.from({ length: 40 }, (_, i) => label(i * 9, `heal ${i}`)), 400, 2);
    for (const row of [0, 1]) {
      const lefts = found.filter((each) => each.row === row).map((each) => each.left);
      lefts.slice(1).forEach((left, i) => expect(left - lefts[i]!).toBeGreaterThanOrEqual(60));
    }
    expect(found.length).toBeGreaterThan(4);
  });

  it("stand once where the same was done twice at once", () => {
    expect(placed([label(10), label(10), label(12)], 400, 2)).toHaveLength(1);
  });
});

describe("what a person types", () => {
  it("is refused in words where it is no number, and passes where it is one", () => {
    expect(refused("whole", "abc")).toContain("no whole number");
    expect(refused("whole", "2.5")).toContain("no whole number");
    expect(refused("number", "1e-3")).toBe("");
    expect(refused("list", "1, ,2")).toContain("no list");
    expect(refused("list", "1, 2")).toBe("");
    expect(refused("text", "abc")).toBe("");
  });
});

describe("numbers", () => {
  it("stay with their unit, and a minute is never sixty seconds", () => {
    expect(duration(6.6)).toBe("6.6\u00a0s");
    expect(duration(119.7)).toBe("2\u00a0min 0\u00a0s");
  });

  it("call nothing sure or never that is not", () => {
    expect(probability(0.00001)).toContain("<");
    expect(probability(0.99999)).toContain(">");
    expect(probability(0)).toBe("0.0%");
    expect(probability(1)).toBe("100.0%");
  });
});

describe("a run", () => {
  it("that was stopped while it stood still does not stand still when it goes on", () => {
    const log = new RunLog();
    log.add([{ event: "paused", step: 5, paused: true, component: 0 }]);
    log.add([{ event: "network", name: "mlp", parameters: 1, number: 1, of: 1, step: 5, component: 0 }]);
    expect(log.paused).toBe(false);
  });

  it("is the newest by when it was begun, or as it trains", () => {
    const run = (run: string, since: number | null, state: Summary["state"] = "done"): Summary => ({ run, since, state, step: 1, val_loss: null, said: "" });
    expect(newest([run("a", 9), run("b", 3), run("c", null)])?.run).toBe("a");
    expect(newest([run("a", 9), run("b", 3, "running")])?.run).toBe("b");
    expect(newest([])).toBeUndefined();
  });
});

describe("a file in another encoding", () => {
  const latin = new Uint8Array([0x4b, 0xe4, 0x73, 0x65]);

  it("is known for none of UTF-8 and read as it is told", () => {
    expect(isUtf8(latin)).toBe(false);
    expect(decoded(latin, firstGuess(latin))).toBe("Käse");
    const wide = new Uint8Array([0xff, 0xfe, 0x4b, 0x00]);
    expect(decoded(wide, firstGuess(wide))).toBe("K");
  });
});
