// Why a run cannot be asked or looked into.

import type { Summary } from "./contract";

const ENDED = ["failed", "done"];

/** What to say of a run that has no model to load: what is `done` to it once it has, and what `never` will be. */
export function unready(summary: Pick<Summary, "state" | "said"> | undefined, done: string, never: string): string {
  if (summary?.state === "damaged") return summary.said;
  if (summary && ENDED.includes(summary.state)) return `It ended before its first checkpoint, so ${never}.`;
  return `It can be ${done} from its first checkpoint on.`;
}
