// Layers that a net repeats under numbers, such as blocks.0.fc and blocks.1.fc: what is seen of one is seen of all.

export interface Block {
  name: string; // "" for layers that stand by themselves
  from: number;
  to: number; // the first layer behind it
}

const FEWEST = 4; // layers in a block, from which on it is worth folding

/** The layers in their order, those of each block together; nothing is folded where nothing is repeated. */
export function blocks(names: string[]): Block[] {
  const found: Block[] = [];
  names.forEach((layer, i) => {
    const name = /^(.*?\d+)\./.exec(layer)?.[1] ?? "";
    const last = found.at(-1);
    if (last?.name === name) last.to = i + 1;
    else found.push({ name, from: i, to: i + 1 });
  });
  const folded = found.filter(({ name, from, to }) => name && to - from >= FEWEST);
  return folded.length > 1 ? found.map((b) => (folded.includes(b) ? b : { ...b, name: "" })) : [{ name: "", from: 0, to: names.length }];
}
