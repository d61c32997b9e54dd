// What comes more often than anybody can see is done together.

const GAP = 33; // milliseconds

/** Asks for the work: it is done at the next frame, and not twice within the gap. */
export function paced(work: () => void): () => void {
  let [asked, last] = [false, -GAP];
  const now = (): void => {
    asked = false;
    last = performance.now();
    work();
  };
  return () => {
    if (asked) return;
    asked = true;
    const rest = last + GAP - performance.now();
    if (rest > 0) setTimeout(() => requestAnimationFrame(now), rest);
    else requestAnimationFrame(now);
  };
}
