// Whether a view is still shown: what was asked for there and comes after it was left changes nothing.

import { onDestroy } from "svelte";

/** Called while a component is made: whether it is there still. */
export function staying(): () => boolean {
  let here = true;
  onDestroy(() => (here = false));
  return () => here;
}
