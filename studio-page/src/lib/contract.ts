// What the server says: the events of runs/events.py, and the answers of studio/application.py.
// All of it may come from a stranger's run folder: shown as text, and checked where its shape matters.

export type Where = "train" | "val" | "test" | "new";

export interface Histogram {
  low: number;
  high: number;
  counts: number[];
  mean: number;
  std: number;
  extreme: number;
}

export const QUANTITIES = ["activation", "gradient", "weight", "weight_gradient", "update"] as const;
export type Quantity = (typeof QUANTITIES)[number];

export type Layer = { name: string; type: string } & { [Q in Quantity]?: Histogram | null };

export interface Finding {
  id: string;
  slug: string;
  severity: "info" | "watch" | "sick";
  layer: string;
  step: number;
  sentence: string;
  remedy: string;
  name: string;
  why: string;
  confidence: number;
  picture: string;
  operation: ({ name: string } & Record<string, unknown>) | null;
  symptoms: Finding[];
  numbers: Record<string, number | string>;
}

export type Baselines = { uniform: number; unigram: number; bigram: number; ngram: number };

export type Event =
  | ({ event: "baselines" } & Baselines)
  | { event: "counted"; order: number; val_loss: number | null; component: number }
  | { event: "network"; name: string; parameters: number; number: number; of: number; step: number; component: number }
  | {
      event: "step";
      step: number;
      loss: number | null;
      lr: number | null;
      tokens: number;
      seconds: number;
      progress: number;
      component: number;
    }
  | { event: "eval"; step: number; val_loss: number | null; best: boolean; component: number }
  | { event: "samples"; step: number; items: string[]; known?: Where[] }
  | { event: "finding"; step: number; finding: Finding; component: number }
  | { event: "quantities"; step: number; at: number; values: Record<string, number | null>; component: number }
  | { event: "histograms"; step: number; at: number; layers: Layer[]; component: number }
  | {
      event: "intervention";
      step: number;
      at: number;
      kind: "lr" | "break" | "undo" | "heal" | "stop";
      sentence: string;
      name: string;
      arguments: Record<string, unknown>;
      done: boolean;
      component: number;
    }
  | { event: "paused"; step: number; paused: boolean; component: number }
  | { event: "saved"; step: number; component: number }
  | { event: "doctor"; step: number; findings: Finding[]; notes: string[]; component: number }
  | { event: "mixed"; weights: number[]; val_loss: number | null; step: number }
  | { event: "crossvalidated"; loss: number | null; chosen: string; step: number }
  | { event: "fitted"; step: number; val_loss: number | null }
  | { event: "interrupted"; step: number }
  | { event: "done"; run: string; step: number; val_loss: number | null };

export interface Summary {
  run: string;
  step: number | null;
  val_loss: number | null;
  state: "starting" | "running" | "done" | "stopped" | "failed" | "damaged";
  said: string;
  /** When it was begun, in seconds; null where that is not known. */
  since?: number | null;
  /** Whether it has a checkpoint, and so a model that can be asked. */
  ready?: boolean;
}

/** A list that was given before, and what it begins with. */
export interface GivenList {
  list: string;
  begins: string[];
}

export interface RunFacts {
  run: string;
  options: Record<string, unknown> | null;
  source: { name?: string; items?: number } | null;
}

export interface Field {
  name: string;
  type: "switch" | "whole" | "number" | "text" | "choice" | "list";
  optional: boolean;
  default: unknown;
  help: string;
  low?: number;
  high?: number;
  above?: number;
  below?: number;
  choices?: string[];
}

export interface Forms {
  /** `trains`: the options of training that it has; null: all. */
  ladder: { name: string; help: string; trains: string[] | null }[];
  recipes: { name: string; help: string }[];
  lists: { id: string; title: string; items: number }[];
  data: Field[];
  train: Field[];
}

export interface Report {
  headline: string;
  source: string;
  unit: string;
  items: number;
  unique: number;
  duplicates: number;
  symbols: number;
  shortest: number;
  longest: number;
  mean_length: number;
  lengths: Record<string, number>;
  counts: Record<string, number>;
  splits: Record<string, { items: number; predicted: number }>;
  items_shown: string[];
  suspicious: { kind: string; count: number; lines: number[]; example: string }[];
  notes: string[];
  kept: number;
  /** Whether it is short enough for the background net. */
  few: boolean;
  /** What each file was taken for, where it is no plain list. */
  read_as: string[];
  /** The columns of a table that are not read. */
  left_out: string[];
}

export interface Preview {
  parameters: number;
  named?: { name: string; shape: number[] }[];
  loss: number | null;
  guessing: number;
  layers: { name: string; op: string; shape: number[]; activation: Histogram | null; gradient: Histogram | null }[];
}

export interface RangeTest {
  lr: number;
  reason: string;
  exponents: number[];
  mean: number[];
  low: number[];
  high: number[];
}

export interface MadeItem {
  text: string;
  logprob: number;
  known: Where;
  nearest: string | null;
  distance: number | null;
}

export interface More {
  items: MadeItem[];
  seed: number;
  hints: string[];
  rare: string | null;
  short: string | null;
}

/** What is never drawn: how many symbols of how many, what the model gives them together, and by what. */
export interface LeftOut {
  symbols: number;
  of: number;
  p: number;
  top_k: number | null;
  top_p: number | null;
  min_p: number | null;
  /** Whether nobody has wished for it: it is how such a model is best drawn from. */
  suggested: boolean;
}

export interface Next {
  prefix: string;
  /** `p`: what the model gives it at this temperature; `drawn`: its chance, 0 where it is left out. */
  symbols: { symbol: string; p: number; drawn: number }[];
  /** The chance of all others. */
  others: number;
  left_out: LeftOut | null;
}

export interface Arm {
  losses: (number | null)[];
  val_loss: number | null;
}

export interface Trial {
  step: number;
  lr: number;
  held: boolean;
  remembered: boolean;
  said: string;
  without: Arm;
  remedied: Arm;
}

export interface Fault {
  id: string;
  words: string;
  severities: number[];
  layer: string;
}

export interface TracedLayer {
  name: string;
  op: string;
  shape: number[];
  values: number[][];
  gradient: number[][] | null;
  rule: [string, string];
  weight: string | null;
}

export interface TracedWeight {
  name: string;
  shape: number[];
  values: number[][];
  gradient: number[][];
  autograd: number[][];
  update: number[][];
  difference: number;
  largest: number;
}

export interface Tree {
  group: number;
  units: number[];
  /** Per place, per level from the leaves up, each node's first units. */
  places: (number[] | null)[][][];
}

export interface Inside {
  run: string;
  network: string;
  item: string;
  places: string[];
  contexts: string[][];
  symbols: string[];
  targets: number[];
  layers: TracedLayer[];
  probabilities: number[][];
  loss: number;
  losses: number[];
  weights: TracedWeight[];
  remembered: boolean;
  lr: number;
  attention: { name: string; heads: number[][][] }[];
  tree: Tree | null;
}

export interface Graph {
  example: string;
  examples: string[];
  nodes: { name: string; data: number; op: string; equation: string; operands: number[] }[];
  root: number;
  steps: {
    node: number;
    operand: number;
    local: number;
    incoming: number;
    contribution: number;
    grad: number;
    says: string;
    reason: string;
  }[];
}

export interface Embedding {
  symbols: string[];
  points: [number, number][];
  share: number;
}
