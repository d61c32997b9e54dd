"""The memory meter: the nearest known item of each made one, and which models it calls memorisers."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from benchmarks.measure import Row, names_file, race, seconds
from moreish.data import Corpus, from_items, read
from moreish.inference import sample
from moreish.inference.drawn import Drawn
from moreish.inference.memory import meter, percent
from moreish.inference.nearest import Nearest
from moreish.inference.network import Network
from moreish.models import build_model
from moreish.models.contract import LanguageModel
from moreish.models.gru import GRUOptions
from moreish.ngram import AddK, KneserNey, choose_order

MANY = 1_000_000
FEW = 500


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (nearest, among_a_million, verdicts):
        if only in part.__name__ or only in __name__:
            yield from part()


def draw(model: LanguageModel, count: int, seed: int = 0) -> Drawn:
    """Items as the model makes them."""
    return sample(model, count, np.random.default_rng(seed))


def chosen(corpus: Corpus) -> KneserNey:
    """The n-gram of the order that val chose."""
    train, val = corpus.split("train"), corpus.split("val")
    return choose_order(train.ids, train.offsets, val.ids, val.offsets, len(corpus.vocab)).model


def nearest() -> Iterable[Row]:
    """Beside what one would write with rapidfuzz: one search an item."""
    corpus = read(names_file() or "names")
    known, drawn = corpus.split("all"), draw(chosen(corpus), 1000)
    texts, listed = [corpus.vocab.decode(drawn.item(i)) for i in range(len(drawn))], list(corpus)
    table = Nearest(known.ids, known.offsets)
    what = f"nearest of {len(listed):,} known items, an item"
    yield from _beside(
        what,
        len(drawn),
        lambda: table.find(drawn.ids, drawn.offsets),
        lambda: [process.extractOne(text, listed, scorer=Levenshtein.distance) for text in texts],
    )
    yield from _beside(
        "at least 2 edits from all of them, an item",
        len(drawn),
        lambda: table.within(drawn.ids, drawn.offsets, 1),
        lambda: [process.extractOne(t, listed, scorer=Levenshtein.distance, score_cutoff=1) for t in texts],
    )


def among_a_million() -> Iterable[Row]:
    """A list of a million, made by an n-gram, each item once."""
    corpus = read(names_file() or "names")
    model = chosen(corpus)
    whole = draw(model, 3 * MANY, 1)
    texts = list(dict.fromkeys(corpus.vocab.decode_items(whole.ids[1:].astype(np.uint8))))[:MANY]
    ids = np.array([0, *(i for text in texts for i in (*corpus.vocab.encode(text), 0))], np.uint8)
    table, drawn = Nearest(ids, np.flatnonzero(ids == 0)), draw(model, 300)
    asked = [corpus.vocab.decode(drawn.item(i)) for i in range(len(drawn))]
    began = seconds(lambda: table.find(drawn.ids, drawn.offsets))
    yield Row(f"the first {len(drawn)} among {len(texts):,}, index included", f"{began:.2f} s")
    yield from _beside(
        f"nearest of {len(texts):,}, an item, from then on",
        len(drawn),
        lambda: table.find(drawn.ids, drawn.offsets),
        lambda: process.cdist(asked, texts, scorer=Levenshtein.distance, dtype=np.uint8).argmin(1),
    )


def _beside(what: str, items: int, ours: object, theirs: object) -> Iterator[Row]:
    assert callable(ours)
    assert callable(theirs)
    mine, other = race(ours, theirs, tries=3)
    yield Row(what, f"{1e6 * mine / items:,.0f} us", f"{1e6 * other / items:,.0f} us", other / mine)


def verdicts() -> Iterable[Row]:
    """Models that memorise, and models that do not, on names and on few of them; the second column is chance."""
    many = read(names_file() or "names")
    few = from_items([many[int(i)] for i in np.random.default_rng(0).permutation(len(many))[:FEW]])
    train = few.split("train")
    models: dict[str, tuple[LanguageModel, Corpus]] = {
        f"n-gram, order by val, {len(many):,} items": (chosen(many), many),
        f"n-gram, order by val, {FEW} items": (chosen(few), few),
        f"n-gram of order 12, {FEW} items": (KneserNey.fit(train.ids, train.offsets, len(few.vocab), 12), few),
        f"counts of order 12, {FEW} items": (AddK.fit(train.ids, train.offsets, len(few.vocab), 12, 1e-4), few),
    }
    models |= {f"GRU after {steps} steps on {FEW} items": (trained(few, steps), few) for steps in (100, 4000)}
    for name, (model, corpus) in models.items():
        found = meter(model, corpus, draw(model, 1000))
        chance = percent(found.expected.value) if found.expected else "-"
        yield Row(name, percent(found.known.value), chance, None, found.verdict)


def trained(corpus: Corpus, steps: int) -> Network:
    """A GRU that is trained for so long, whatever val says."""
    from moreish.training.loop import start, train
    from moreish.training.options import TrainOptions

    torch.set_num_threads(1)
    module = build_model("gru", GRUOptions(n_embd=32, n_hidden=128), len(corpus.vocab), 0)
    options = TrainOptions(steps=steps, lr=6e-3, batch_size=128, backward="fused", device="cpu")
    list(train(start(module, options, 0), corpus.split("train"), None))
    return Network(module.eval())
