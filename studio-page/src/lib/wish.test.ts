import { describe, expect, it } from "vitest";
import { clicked, leftOf, pressed, shownPaused, type Wish } from "./wish";

describe("pausing and going on, while the run has not answered yet", () => {
  it("is what the presses come to, however many there are", () => {
    for (const before of [true, false]) {
      for (let presses = 1; presses <= 6; presses++) {
        let wish: Wish | null = null;
        for (let i = 0; i < presses; i++) wish = pressed(leftOf(wish, before, i * 20), before, i * 20);
        expect(shownPaused(wish, before)).toBe(presses % 2 === 1 ? !before : before);
      }
    }
  });
  it("is not turned back by a second click on what the button said", () => {
    const first = clicked(null, true, 1000, -Infinity);
    expect(first).toEqual({ paused: false, at: 1000 });
    expect(clicked(first, true, 1150, 1000)).toBeNull(); // not answered yet
    expect(clicked(null, false, 5000, 4900)).toBeNull(); // a run that was stopped goes on, long after the click
    expect(clicked(first, false, 1900, 1000)).toEqual({ paused: true, at: 1900 });
  });
  it("is over when the run does it, and not before the last wish was heard", () => {
    const wish = { paused: true, at: 1000 };
    expect(leftOf(wish, true, 1100)).toBe(wish);
    expect(leftOf(wish, false, 3000)).toBe(wish);
    expect(leftOf(wish, true, 3000)).toBeNull();
    expect(leftOf(wish, false, 20_000)).toBeNull();
    expect(leftOf(null, true, 0)).toBeNull();
  });
});
