// The button that lets a run stand still or go on: what it says, and what a click on it means.

import { untrack } from "svelte";
import { clicked, leftOf, pressed, shownPaused, type Wish } from "./wish";

const LOOK = 100; // milliseconds between two looks at whether the run does what is wanted

export interface Paused {
  run: () => string;
  running: () => boolean;
  paused: () => boolean;
  /** Pass on what is wanted; whether it was. */
  tell: (command: "pause" | "go") => boolean | Promise<boolean>;
}

/** To be made while a component is: it ends with it. */
export class Pausing {
  private wish = $state.raw<Wish | null>(null); // to stand still or to go on, while it is not so yet
  private changed = -Infinity; // when the button of this run began to say something else
  private said = "";

  constructor(private readonly of: Paused) {
    $effect(() => {
      void of.run();
      return () => (this.wish = null);
    });
    $effect(() => {
      if (!this.wish) return;
      const look = () => (this.wish = of.running() ? leftOf(this.wish, of.paused(), Date.now()) : null);
      const looking = setInterval(look, LOOK);
      return () => clearInterval(looking);
    });
    $effect(() => {
      const says = `${of.run()} ${of.running()} ${this.still}`;
      if (this.said && this.said !== says) this.changed = untrack(() => this.wish?.key) ? -Infinity : Date.now();
      this.said = says;
    });
  }

  /** Whether it stands still, or is to. */
  get still(): boolean {
    return shownPaused(this.wish, this.of.paused());
  }

  /** What the button says is wanted. */
  click(): void {
    void this.want(clicked(this.wish, this.of.paused(), Date.now(), this.changed));
  }

  /** The space bar wants the other of both. */
  press(): void {
    void this.want(pressed(this.wish, this.of.paused(), Date.now()));
  }

  /** One step was asked for, after which it stands still. */
  stepped(): void {
    this.wish = { paused: true, at: Date.now() };
  }

  private async want(wanted: Wish | null): Promise<void> {
    if (!wanted) return;
    this.wish = wanted;
    if (!(await this.of.tell(wanted.paused ? "pause" : "go")) && this.wish === wanted) this.wish = null;
  }
}
