import { describe, expect, it } from "vitest";
import { beyond } from "./edges";
import { stacked } from "./labels";
import { calm } from "./scale";

const learned = Array.from({ length: 500 }, (_, i) => 2 + 1.3 * Math.exp(-i / 60)); // from 3.3 to 2

describe("the scale of a loss", () => {
  it("shows all of a training without a spike, its beginning too", () => {
    expect(calm(learned)).toEqual([Math.min(...learned), 3.3]);
    expect(calm([2, 2, 2])).toEqual([2, 2]);
    expect(calm([5])).toEqual([5, 5]);
    expect(calm([null, NaN, undefined])).toBeNull();
  });
  it("cuts a spike, however high, and shows what is calm, and the levels", () => {
    for (const spike of [30, 300, 1e9, Infinity]) {
      const [low, high] = calm([...learned, spike, spike / 2, null], [3.26, 2.6])!;
      expect(low).toBeCloseTo(2, 1);
      expect(high).toBeGreaterThanOrEqual(3.26);
      expect(high).toBeLessThan(3.5);
    }
  });
  it("keeps the beginning where a spike is cut", () => {
    expect(calm([...learned, 300])![1]).toBe(3.3);
  });
  it("cuts nothing of a run that stays high after it was broken", () => {
    expect(calm([...learned, ...learned.map(() => 40)])![1]).toBe(40);
  });
});

describe("names beside a chart", () => {
  it("keep their order, do not touch, and stay within", () => {
    expect(stacked([10, 50, 90], 14, 0, 100)).toEqual([10, 50, 90]);
    expect(stacked([10, 12, 13, 90], 14, 0, 100)).toEqual([10, 24, 38, 90]);
    expect(stacked([97, 98, 99], 14, 0, 100)).toEqual([72, 86, 100]);
  });
});

describe("what scrolls sideways", () => {
  it("says on which sides there is more", () => {
    expect([beyond(0, 100, 100), beyond(0, 100, 300), beyond(90, 100, 300), beyond(200, 100, 300)]).toEqual(["", "after", "before after", "before"]);
  });
});
