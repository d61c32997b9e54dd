// The list of a run that was opened: what Model and Find lr speak of where no other was chosen.

import { spelledOptions } from "./choice";

/** What the server says of it. */
export interface OwnList {
  list: string;
  data: Record<string, unknown>;
  model: string;
  /** Whether the file it was read from is not here, and its items were kept in place of it. */
  kept: boolean;
}

type Param = (name: string) => string;

/** Whether the run's own list is wanted: a run is open, and the address has no list. */
export const wantsOwn = (param: Param, run: string): boolean => run !== "" && !param("list");

/** What the address says once the run's own list is known; a model or options that stand there stay. */
export function adopted(own: OwnList, run: string, param: Param, ladder: readonly string[]): Record<string, string> {
  const model = param("model") || (ladder.includes(own.model) ? own.model : "");
  return { run, list: own.list, ...(model ? { model } : {}), options: param("options") || spelledOptions({ data: own.data }) };
}

/** What of the address another run takes away: the list, and what was chosen for it. */
export function forgotten(before: string, params: Record<string, string>): Record<string, string> {
  if (!params.run || params.run === before || params.list) return {};
  return { list: "", model: "", options: "" };
}

/** Whose list it is, in words. */
export const whose = (run: string, { kept }: Pick<OwnList, "kept">): string =>
  kept ? `the items of ${run}, whose file is not here` : `the list of ${run}`;
