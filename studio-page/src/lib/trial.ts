// A remedy put to the test: what is asked of the server, and what came out in words.

import type { Finding, Trial } from "./contract";
import { loss } from "./format";

export const STEPS = 300;
const ALIKE = 0.005; // nats between two losses that are called the same

export function trialBody(finding: Finding): Record<string, unknown> {
  const { name: remedy, ...given } = finding.operation ?? { name: "" };
  return { remedy, arguments: given, at: finding.step, steps: STEPS };
}

const mean = (values: readonly (number | null)[]): number | null => {
  const last = values.slice(-20);
  return last.length === 0 || last.includes(null) ? null : (last as number[]).reduce((a, b) => a + b, 0) / last.length;
};

/** Val decides, where both have one; else the last twenty training losses. */
export function verdict({ without, remedied }: Trial): string {
  const vals = without.val_loss !== null && remedied.val_loss !== null;
  const a = vals ? without.val_loss : mean(without.losses);
  const b = vals ? remedied.val_loss : mean(remedied.losses);
  if (b === null) return a === null ? "Both come to no number." : "With the remedy the loss is no number any more: leave it.";
  if (a === null) return `Without it the loss is no number any more; with it, it is ${loss(b)}.`;
  if (Math.abs(a - b) < ALIKE) return "It makes no difference within these steps.";
  return b < a ? `✓ It helps: ${loss(a - b)} nats better.` : `✕ It does not help: ${loss(b - a)} nats worse.`;
}
