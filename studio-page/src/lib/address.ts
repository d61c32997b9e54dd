// The state of the page in its address: #/train?run=names-1, so that a link opens the same view.

export const VIEWS = ["list", "model", "train", "doctor", "find-lr", "more", "inside", "compare"] as const;
export type View = (typeof VIEWS)[number];

export interface Address {
  view: View;
  params: Record<string, string>;
}

export function parse(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const view = (VIEWS as readonly string[]).includes(path) ? (path as View) : "list";
  return { view, params: Object.fromEntries(new URLSearchParams(query)) };
}

export function spell({ view, params }: Address): string {
  const kept = Object.entries(params).filter(([, value]) => value !== "");
  const query = new URLSearchParams(kept).toString();
  return `#/${view}${query ? `?${query}` : ""}`;
}
