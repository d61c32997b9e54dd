// What is known of one run: its events, sorted into plain arrays that the charts read. Never reactive: a series of
// numbers behind proxies is slow. Whoever shows it is told that something is new, and reads.

import type { Baselines, Event, Finding, Layer, Summary, Where } from "./contract";
import { holds, type Remedied } from "./findings";

export interface Frame {
  /** The step after which it was so, as steps are counted everywhere on the page. */
  at: number;
  layers: Layer[];
}

export interface NewItem {
  text: string;
  known: Where;
  step: number;
}

export type Intervention = Extract<Event, { event: "intervention" }>;

const MOST_FRAMES = 240;
const MOST_ITEMS = 400;
const MOST_POINTS = 20_000;

export class RunLog {
  baselines: Baselines | null = null;
  networks: Extract<Event, { event: "network" }>[] = [];
  steps: number[] = [];
  losses: (number | null)[] = [];
  lrs: (number | null)[] = [];
  evalSteps: number[] = [];
  valLosses: (number | null)[] = [];
  frames: Frame[] = [];
  live: Frame | null = null;
  items: NewItem[] = [];
  findings: Finding[] = [];
  /** Of findings after which the net was healed, or faults taken back: when, and whether they came again. */
  remedied = new Map<string, Remedied>();
  notes: string[] = [];
  /** Whether a doctor has told anything. */
  doctored = false;
  interventions: Intervention[] = [];
  quantities = new Map<string, { steps: number[]; values: number[] }>();
  paused = false;
  /** The steps after which another network began. */
  begun: number[] = [];
  progress = 0;
  seconds = 0;
  step = 0;
  lastLoss: number | null = null;
  private factor = 1; // of the learning rate, by which somebody changed the schedule's
  private factorThen = 1; // at the newest step
  ended: "done" | "interrupted" | null = null;
  version = 0;

  add(events: readonly Event[]): void {
    for (const event of events) this.take(event);
    this.version += 1;
  }

  /** What is of this moment only: newer than the records, and not kept. */
  show(events: readonly Event[]): void {
    for (const event of events) {
      if (event.event === "histograms") this.live = { at: event.step, layers: event.layers };
      else if (event.event === "samples") this.takeItems(event);
    }
    this.version += 1;
  }

  /** The learning rate of the next step, as far as it is known: that of the newest, and what was changed since. */
  lr(): number | null {
    const then = this.lrs.at(-1);
    if (then === undefined || then === null) return null;
    return this.factor === this.factorThen ? then : this.factorThen ? (then * this.factor) / this.factorThen : null;
  }

  /** The last best val loss, and where it was. */
  best(): { step: number; loss: number } | null {
    let found: { step: number; loss: number } | null = null;
    this.valLosses.forEach((loss, i) => {
      if (loss !== null && (found === null || loss < found.loss)) found = { step: this.evalSteps[i] ?? 0, loss };
    });
    return found;
  }

  /** The worst that is found and not healed yet. */
  worst(): Finding | undefined {
    const now = this.findings.filter((f) => holds(this.remedied.get(f.id)));
    return now.find((f) => f.severity === "sick") ?? now.find((f) => f.severity === "watch");
  }

  /** The histograms nearest to a step, or the newest. */
  frameAt(step: number | null): Frame | null {
    if (step === null) return this.live ?? this.frames.at(-1) ?? null;
    let found: Frame | null = null;
    for (const frame of this.frames) {
      if (found === null || Math.abs(frame.at - step) < Math.abs(found.at - step)) found = frame;
    }
    return found;
  }

  private take(event: Event): void {
    this.doctored ||= ["finding", "doctor", "quantities"].includes(event.event);
    switch (event.event) {
      case "baselines":
        this.baselines = event;
        break;
      case "network":
        if (this.networks.length && this.networks.at(-1)?.component !== event.component) this.begun.push(this.step);
        this.networks.push(event);
        this.ended = null;
        this.paused = false; // a run that was stopped, or died, while it stood still goes on
        break;
      case "step":
        this.steps.push(event.step);
        this.losses.push(event.loss);
        this.lrs.push(event.lr);
        this.factorThen = this.factor;
        this.step = event.step;
        this.progress = event.progress;
        this.seconds = event.seconds;
        this.lastLoss = event.loss;
        if (this.steps.length > MOST_POINTS) this.thin();
        break;
      case "eval":
        this.evalSteps.push(event.step);
        this.valLosses.push(event.val_loss);
        break;
      case "samples":
        this.takeItems(event);
        break;
      case "finding":
        this.findings = [...this.findings.filter((f) => f.id !== event.finding.id), event.finding];
        this.foundAgain(event.finding.id, event.step);
        break;
      case "doctor":
        this.findings = [...event.findings, ...this.findings.filter((f) => !event.findings.some((g) => g.id === f.id))];
        for (const { id, step } of event.findings) if (step > (this.remedied.get(id)?.step ?? step)) this.foundAgain(id, step);
        this.notes = event.notes;
        break;
      case "quantities":
        for (const [name, value] of Object.entries(event.values)) {
          if (value === null) continue;
          const kept = this.quantities.get(name) ?? { steps: [], values: [] };
          kept.steps.push(event.at);
          kept.values.push(value);
          this.quantities.set(name, kept);
        }
        break;
      case "histograms":
        this.frames.push({ at: event.step, layers: event.layers });
        if (this.live !== null && this.live.at < event.step) this.live = null;
        if (this.frames.length > MOST_FRAMES) this.frames = this.frames.filter((_, i) => i % 2 === 0 || i > MOST_FRAMES / 2);
        break;
      case "intervention":
        this.interventions.push(event);
        if (event.done && (event.kind === "heal" || event.kind === "undo")) this.healed(event);
        if (event.done && event.kind === "lr") this.factor *= Number(event.arguments.factor ?? 1);
        if (event.done && event.kind === "undo") this.factor = 1;
        break;
      case "paused":
        this.paused = event.paused;
        this.step = event.step;
        break;
      case "interrupted":
        this.ended = "interrupted";
        this.paused = false;
        break;
      case "done":
        this.ended = "done";
        this.paused = false;
        break;
      default: // of a later release, or of no interest here
        break;
    }
  }

  /** What was found so far holds no longer: the doctor looks anew, and finds it again where it is there still. */
  private healed({ kind, name, step }: Intervention): void {
    for (const { id, operation } of this.findings) {
      if (holds(this.remedied.get(id))) this.remedied.set(id, { step, own: kind === "undo" || operation?.name === name, again: null });
    }
  }

  private foundAgain(id: string, step: number): void {
    const known = this.remedied.get(id);
    if (known && known.again === null) this.remedied.set(id, { ...known, again: step });
  }

  private takeItems(event: { items: string[]; known?: Where[]; step: number }): void {
    event.items.forEach((text, i) => {
      if (text) this.items.push({ text, known: event.known?.[i] ?? "new", step: event.step });
    });
    if (this.items.length > MOST_ITEMS) this.items = this.items.slice(-MOST_ITEMS / 2);
  }

  /** Half of the points: of each four the least and the greatest loss. */
  private thin(): void {
    const keep: number[] = [];
    for (let i = 0; i < this.steps.length; i += 4) {
      const four = [i, i + 1, i + 2, i + 3].filter((k) => k < this.steps.length);
      const by = (k: number) => this.losses[k] ?? Infinity;
      const low = four.reduce((a, b) => (by(b) < by(a) ? b : a));
      const high = four.reduce((a, b) => (by(b) > by(a) ? b : a));
      keep.push(...[...new Set([low, high])].sort((a, b) => a - b));
    }
    this.steps = keep.map((k) => this.steps[k] as number);
    this.losses = keep.map((k) => this.losses[k] ?? null);
    this.lrs = keep.map((k) => this.lrs[k] ?? null);
  }
}

/** The run that trains, or else the one that was begun last. */
export function newest(runs: readonly Summary[]): Summary | undefined {
  const trains = runs.find((r) => r.state === "running");
  return trains ?? runs.reduce<Summary | undefined>((a, b) => (a && (a.since ?? 0) > (b.since ?? 0) ? a : b), undefined);
}
