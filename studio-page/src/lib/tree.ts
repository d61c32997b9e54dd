// Where the nodes of a tree stand: leaves side by side at the bottom, each parent over the middle of its children.

export const NODE = { cell: 9, width: 72, height: 36 };
const GAP = 20;
const RISE = 84;
const BARS = 190; // right of the root, for what it foretells

export interface Spot {
  x: number;
  y: number;
}

export interface Link {
  x: number;
  y: number;
  upX: number;
  upY: number;
  level: number;
  parent: number;
}

/** Nodes of each level from the leaves up; every `group` of a level are joined by one of the next. */
export function laidOut(counts: readonly number[], group: number): { spots: Spot[][]; links: Link[]; top: Spot; width: number; height: number } {
  const height = 14 + counts.length * RISE;
  const spots: Spot[][] = [];
  counts.forEach((count, level) => {
    const y = height - RISE * (level + 1) + 10;
    spots.push(
      Array.from({ length: count }, (_, i) => {
        if (level === 0) return { x: 8 + i * (NODE.width + GAP), y };
        const children = spots[level - 1]!.slice(i * group, (i + 1) * group);
        return { x: (children[0]!.x + children.at(-1)!.x) / 2, y };
      }),
    );
  });
  const links = spots.slice(0, -1).flatMap((nodes, level) =>
    nodes.map((spot, i) => {
      const parent = Math.floor(i / group);
      const up = spots[level + 1]![parent]!;
      return { x: spot.x + NODE.width / 2, y: spot.y - 4, upX: up.x + NODE.width / 2, upY: up.y + NODE.height + 4, level, parent };
    }),
  );
  const top = spots.at(-1)?.[0] ?? { x: 0, y: 0 };
  const wide = 16 + (counts[0] ?? 0) * (NODE.width + GAP);
  return { spots, links, top, width: Math.max(wide, top.x + NODE.width + BARS), height };
}

/** Which nodes of each level lie below one: [first, end) from the leaves up to its own level. */
export function below(level: number, node: number, group: number): [number, number][] {
  return Array.from({ length: level + 1 }, (_, l) => {
    const count = group ** (level - l);
    return [node * count, (node + 1) * count];
  });
}
