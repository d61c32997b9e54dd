// How a finding stands: whether it holds, was remedied, or came again; and what is to be said of them all.

import type { Finding, Summary } from "./contract";
import { count, plural } from "./format";

/** What was done to the net after a finding: a remedy, or faults taken back. */
export interface Remedied {
  step: number;
  /** Whether it was the remedy that the finding itself names, or what was broken was taken back. */
  own: boolean;
  /** The step at which it was found again afterwards. */
  again: number | null;
}

export const holds = (remedied: Remedied | undefined): boolean => !remedied || remedied.again !== null;

/** Those that hold come first, each part in the order in which they came. */
export function ordered(findings: readonly Finding[], remedied: ReadonlyMap<string, Remedied>): Finding[] {
  const open = (finding: Finding) => holds(remedied.get(finding.id));
  return [...findings.filter(open), ...findings.filter((each) => !open(each))];
}

/** What a card says of the remedy; `going`: whether the run may still show it again. */
export function remedyWords({ step, own, again }: Remedied, going: boolean): string {
  const done = own ? `remedied at step ${count(step)}` : `the net was healed at step ${count(step)}`;
  if (again !== null) return `✕ ${done}, found again at step ${count(again)}`;
  return `✓ ${done}, not found again ${going ? "so far" : "since"}`;
}

/** The headline, in pieces around the name of the run. */
export function headline(findings: readonly Finding[], remedied: ReadonlyMap<string, Remedied>): [string, string] {
  const open = findings.filter((each) => holds(remedied.get(each.id)));
  const worries = open.filter((each) => each.severity !== "info").length;
  const over = findings.length - open.length;
  const rest = [
    open.length > worries ? `${count(open.length - worries)} worth knowing` : "",
    over ? `${count(over)} found before it was healed, and not again` : "",
  ].filter(Boolean);
  const before = worries ? `${plural(worries, "thing")} to worry about in ` : over ? "Nothing to worry about any more in " : "Nothing to worry about in ";
  return [before, `${rest.length ? `; ${rest.join(", ")}` : ""}.`];
}

/** What is known of a run's records: its last step, whether a doctor told anything, whether there are any records. */
export interface Known {
  step: number;
  doctored: boolean;
  told: boolean;
  counted: boolean;
}

/** What to say of a run of which there is no finding. */
export function nothingFound(summary: Pick<Summary, "run" | "state" | "said" | "step"> | undefined, known: Known): string {
  if (!summary) return "The doctor watches networks that the studio trains; there is none yet.";
  const { run, state, said } = summary;
  if (said && state === "damaged") return `Nobody can say how ${run} did: ${said}.`;
  if (said && state === "failed" && !known.step) return `${run} ended before its first step: ${said}.`;
  const going = state === "starting" || state === "running";
  if (known.step && (known.doctored || going)) return `Nothing is wrong with ${run}${going ? " so far" : ""}.`;
  if (known.step) return `${run} was trained without the doctor, so nothing is known of what was wrong with it.`;
  if (going) return `The doctor has seen no step of ${run} yet.`;
  if (!known.told) return `The records of ${run} (metrics.jsonl) are empty, so nothing is known of how it trained.`;
  if (known.counted) return `${run} only counts: there is no network that the doctor could watch.`;
  return `The records of ${run} end before its first step, so there is nothing that the doctor could have seen.`;
}
