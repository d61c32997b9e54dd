"""32 small networks as one batched program beside one after the other, on names: processor time, in turns.

python -m benchmarks.populations
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

import numpy as np

import moreish
from moreish.data import Corpus
from moreish.models import build_model, model_class
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions
from moreish.training.population import Member, train_population

NETWORKS, PAIRS = 32, 3
CASES: tuple[tuple[str, Mapping[str, int], int], ...] = (
    ("mlp", {"n_embd": 8, "n_hidden": 32}, 400),
    ("mlp", {"n_embd": 10, "n_hidden": 64}, 400),
    ("mlp", {"n_embd": 10, "n_hidden": 200}, 200),
    ("gru", {"n_embd": 8, "n_hidden": 16}, 60),
    ("transformer", {"n_embd": 16, "n_head": 2, "n_layer": 2}, 30),
)


def members(family: str, options: Mapping[str, int], steps: int, corpus: Corpus) -> list[Member]:
    base = TrainOptions(steps=steps, batch_size=32, eval_every=steps // 2)
    rates = 10 ** np.random.default_rng(0).uniform(-3.5, -2, NETWORKS)
    chosen, size = model_class(family).Options(**options), len(corpus.vocab)
    return [
        Member(build_model(family, chosen, size, seed), replace(base, lr=float(lr)), seed)
        for seed, lr in enumerate(rates)
    ]


def main() -> int:
    corpus = moreish.read("names")
    parts = corpus.split("train"), corpus.split("val")
    for family, options, steps in CASES:
        ratios, apart = [], 0.0
        for _ in range(PAIRS):
            alone, together = (members(family, options, steps, corpus) for _ in range(2))
            began = time.process_time()
            losses = []
            for member in alone:
                state = start(member.module, member.options, member.seed)
                for _ in train(state, *parts):
                    pass
                losses.append(state.best)
            middle = time.process_time()
            train_population(together, *parts)
            ratios.append((middle - began) / (time.process_time() - middle))
            apart = max(apart, *(abs(a - m.best) for a, m in zip(losses, together, strict=True)))
        said = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        print(
            f"{family} {dict(options)}: {median(ratios):.1f} x ({said}); losses on val within {apart:.0e}", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
