// What is wider than its place fades where it goes on, so that one sees there is more.

const ROOM = 2; // pixels that are no more

/** On which sides of what is shown there is more. */
export function beyond(left: number, shown: number, whole: number): string {
  const sides = [left > ROOM ? "before" : "", left + shown < whole - ROOM ? "after" : ""];
  return sides.filter(Boolean).join(" ");
}

/** An attachment of an element that scrolls sideways: `data-more` says where there is more; see app.css. */
export function edges(node: HTMLElement): () => void {
  const look = (): void => {
    node.dataset.more = beyond(node.scrollLeft, node.clientWidth, node.scrollWidth);
  };
  const sizes = new ResizeObserver(look);
  const parts = new MutationObserver(() => {
    for (const child of node.children) sizes.observe(child);
    look();
  });
  for (const each of [node, ...node.children]) sizes.observe(each);
  parts.observe(node, { childList: true, subtree: true, characterData: true });
  node.addEventListener("scroll", look, { passive: true });
  return () => {
    sizes.disconnect();
    parts.disconnect();
    node.removeEventListener("scroll", look);
  };
}
