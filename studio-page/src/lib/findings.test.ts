import { describe, expect, it } from "vitest";
import type { Event, Finding } from "./contract";
import { headline, nothingFound, ordered, remedyWords } from "./findings";
import { RunLog } from "./runlog";

const finding = (id: string, step: number, more: Partial<Finding> = {}): Finding => ({
  id, step, slug: "saturated-tanh", severity: "sick", layer: "", sentence: "", remedy: "", name: "", why: "", confidence: 1,
  picture: "", operation: { name: "reinitialise" }, symptoms: [], numbers: {}, ...more,
});
const found = (id: string, step: number, more: Partial<Finding> = {}): Event => ({ event: "finding", step, finding: finding(id, step, more), component: 0 });
const did = (step: number, kind: "heal" | "undo" | "break" | "lr", name = "", done = true): Event => ({
  event: "intervention", step, at: step, kind, sentence: "", name, arguments: {}, done, component: 0,
});
function logged(...events: Event[]): RunLog {
  const log = new RunLog();
  log.add(events);
  return log;
}
const said = (log: RunLog): string => headline(log.findings, log.remedied).join("X");

describe("a finding", () => {
  it("is remedied when what it advises was done, though at the step at which it was found", () => {
    const log = logged(found("F04", 100), did(100, "heal", "reinitialise"));
    expect(log.worst()).toBeUndefined();
    expect(log.remedied.get("F04")).toEqual({ step: 100, own: true, again: null });
    expect(remedyWords(log.remedied.get("F04")!, true)).toBe("✓ remedied at step 100, not found again so far");
    expect(said(log)).toBe("Nothing to worry about any more in X; 1 found before it was healed, and not again.");
  });
  it("that came again is told to have, and holds", () => {
    const log = logged(found("F04", 100), did(1200, "heal", "reinitialise"), found("F04", 1300));
    expect(log.worst()?.id).toBe("F04");
    expect(remedyWords(log.remedied.get("F04")!, false)).toBe("✕ remedied at step 1,200, found again at step 1,300");
    expect(said(log)).toBe("1 thing to worry about in X.");
    log.add([did(1400, "undo")]);
    expect(log.remedied.get("F04")).toEqual({ step: 1400, own: true, again: null });
  });
  it("that the report at the end has still came again", () => {
    const log = logged(found("F04", 100), did(120, "heal", "clip"));
    log.add([{ event: "doctor", step: 900, findings: [finding("F04", 300)], notes: [], component: 0 }]);
    expect(log.remedied.get("F04")).toEqual({ step: 120, own: false, again: 300 });
  });
  it("holds where what was done failed, or was no remedy", () => {
    const log = logged(found("F04", 100), did(110, "heal", "reinitialise", false), did(120, "break"), did(130, "lr"));
    expect(log.remedied.size).toBe(0);
  });
  it("of another kind, or that came later, is told beside it", () => {
    const log = logged(found("F04", 100), found("F09", 100, { severity: "info" }), did(110, "heal", "reinitialise"), found("F07", 200), found("F08", 210, { severity: "info" }));
    expect(said(log)).toBe("1 thing to worry about in X; 1 worth knowing, 2 found before it was healed, and not again.");
    expect(ordered(log.findings, log.remedied).map(({ id }) => id)).toEqual(["F07", "F08", "F04", "F09"]);
  });
  it("that is only worth knowing is nothing to worry about", () => {
    expect(said(logged(found("F09", 5, { severity: "info" })))).toBe("Nothing to worry about in X; 1 worth knowing.");
  });
});

describe("a run of which nothing was found", () => {
  const known = { step: 0, doctored: false, told: true, counted: false };
  const run = (state: "done" | "running" | "damaged" | "failed" | "stopped", said = "") => ({ run: "X", state, said, step: null });

  it("is well only where a doctor has looked", () => {
    expect(nothingFound(run("done"), { ...known, step: 9, doctored: true })).toBe("Nothing is wrong with X.");
    expect(nothingFound(run("running"), { ...known, step: 9 })).toBe("Nothing is wrong with X so far.");
    expect(nothingFound(run("done"), { ...known, step: 9 })).toContain("without the doctor");
    expect(nothingFound(run("done"), { ...known, counted: true })).toContain("only counts");
  });
  it("says what is wrong with its records", () => {
    expect(nothingFound(run("damaged", "metrics.jsonl is empty"), { ...known, step: 9, doctored: true })).toBe("Nobody can say how X did: metrics.jsonl is empty.");
    expect(nothingFound(run("failed", "out of memory"), known)).toBe("X ended before its first step: out of memory.");
    expect(nothingFound(run("stopped"), { ...known, told: false })).toContain("(metrics.jsonl) are empty");
    expect(nothingFound(run("stopped"), known)).toContain("end before its first step");
    expect(nothingFound(run("running"), known)).toContain("no step of X yet");
    expect(nothingFound(undefined, known)).toContain("there is none yet");
  });
});
