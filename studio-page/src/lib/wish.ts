// Whether a training is to stand still: what is wanted counts as so until the run has said what it does.

export interface Wish {
  paused: boolean;
  /** When it was said, in milliseconds. */
  at: number;
  /** By a key: whoever clicks then has seen what the button says since. */
  key?: boolean;
}

/** Whether this is no second click of a double click; for what nobody wants twice at once. */
export const once = (event: Pick<MouseEvent, "detail">): boolean => event.detail < 2;

const ONE_CLICK = 400; // milliseconds in which a second click is part of the first, whatever the button says by then
const SETTLING = 500; // until what the run says is its answer to the last of several wishes
const MOST = 10_000; // after which a wish that was not heard is given up

/** What the page shows: what is wanted, until the run does it. */
export const shownPaused = (wish: Wish | null, paused: boolean): boolean => wish?.paused ?? paused;

/** Space wants the opposite of what is wanted or is so. */
export const pressed = (wish: Wish | null, paused: boolean, now: number): Wish => ({ paused: !shownPaused(wish, paused), at: now, key: true });

/** A click wants what the button says; just after it `changed` what it said before, and that is so or wanted already. */
export function clicked(wish: Wish | null, paused: boolean, now: number, changed: number): Wish | null {
  return now - changed < ONE_CLICK ? null : { paused: !shownPaused(wish, paused), at: now };
}

/** What is left of a wish when the run stands still, or does not, at this moment. */
export function leftOf(wish: Wish | null, paused: boolean, now: number): Wish | null {
  if (!wish) return null;
  const age = now - wish.at;
  return age > MOST || (age > SETTLING && wish.paused === paused) ? null : wish;
}
