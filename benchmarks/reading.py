"""The whole of val read by the compiled kernels, beside torch: each place once, and 200 items drawn.

Processor time on one thread, the two taking turns; torch reads windows, beginnings and layers once too, as it did
before there were kernels for it.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from benchmarks.measure import Row, names_file, race
from moreish.data import Corpus, DataOptions, read
from moreish.data.bundled import BUNDLED
from moreish.inference.network import Network
from moreish.inference.sample import sample
from moreish.models import build_model
from moreish.recipes import resolve

NETS = {
    "bigram": "bigram",
    "MLP": "lecture-mlp",
    "MLP with BatchNorm": "lecture-batchnorm",
    "WaveNet": "wavenet",
    "bag of words": "makemore-bow",
    "makemore's Transformer": "makemore-transformer",
}
ITEMS = 200


def rows(only: str = "") -> Iterable[Row]:
    """All nets, or those whose name holds `only`."""
    torch.set_num_threads(1)
    corpus = read(names_file() or BUNDLED / "names.txt", DataOptions(split="lecture"))
    for name, recipe in NETS.items():
        if only in name or only in __name__:
            yield from _compared(name, recipe, corpus)


def _compared(name: str, recipe: str, corpus: Corpus) -> Iterator[Row]:
    config, val = resolve(recipe), corpus.split("val")
    net = build_model(config.model.name, config.model.options, len(corpus.vocab), 0).eval()
    ours, theirs = Network(net), Network(net).without_kernels()
    assert ours.reader is not None, "there are no compiled kernels: make kernels"
    score = [lambda model=model: model.score(val.ids, val.offsets) for model in (ours, theirs)]
    assert np.abs(score[0]() - score[1]()).max() < 1e-5
    draw = [lambda model=model: sample(model, ITEMS, np.random.default_rng(1)) for model in (ours, theirs)]
    for what, (fast, slow) in {"val scored": score, f"{ITEMS} items drawn": draw}.items():
        yield _row(f"{name}: {what}", fast, slow)


def _row(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> Row:
    fast, slow = race(ours, theirs, tries=15)
    return Row(name, f"{1e3 * fast:.2f} ms", f"{1e3 * slow:.2f} ms", slow / fast)
