// What is not lost when a view is left: answers while the page is open, favourites as long as the browser keeps them.

const MOST = 24; // answers
const answers = new Map<string, unknown>();

/** The answer to this, where it was given lately. */
export const answered = <T>(asked: string): T | undefined => answers.get(asked) as T | undefined;

export function keepAnswer(asked: string, answer: unknown): void {
  answers.delete(asked);
  answers.set(asked, answer);
  for (const oldest of [...answers.keys()].slice(0, -MOST)) answers.delete(oldest);
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** None where the browser forbids it. */
function browsers(): Store | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** Another run of the same name, begun at another time, has others. */
const named = (run: string, since: number | null | undefined): string => `favourites ${run} ${since ?? ""}`;

export function favouritesOf(run: string, since?: number | null, store: Store | null = browsers()): string[] {
  try {
    const found: unknown = JSON.parse(store?.getItem(named(run, since)) ?? "[]");
    return Array.isArray(found) ? found.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}

export function keepFavourites(run: string, texts: readonly string[], since?: number | null, store: Store | null = browsers()): void {
  try {
    if (texts.length) store?.setItem(named(run, since), JSON.stringify(texts));
    else store?.removeItem(named(run, since));
  } catch {
    // it is full: they stay on the page
  }
}
