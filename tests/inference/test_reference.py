"""Sampling and `more` against the same written one item at a time, with the same random numbers."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import Corpus, DataOptions, from_items
from moreish.inference import more as more_module
from moreish.inference.asking import Asked, Request
from moreish.inference.more import FIRST_BATCH, LARGEST_BATCH, Item
from moreish.inference.sample import Sampling, draw_probabilities, sample
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Mixture
from moreish.ngram import KneserNey
from tests.support.lists import made_items

SAMPLINGS = st.builds(
    Sampling,
    st.sampled_from([0.0, 0.7, 1.0, 1.5]),
    st.none() | st.integers(1, 6),
    st.none() | st.floats(0.3, 1.0),
    st.integers(1, 9),
)


def counted(corpus: Corpus, order: int = 3) -> KneserNey:
    whole = corpus.split("all")
    return KneserNey.fit(whole.ids, whole.offsets, len(corpus.vocab), order)


def one_by_one(
    model: LanguageModel, count: int, rng: np.random.Generator, sampling: Sampling, prefix: list[int]
) -> list[tuple[list[int], float, bool]]:
    """(ids, log probability, whether it ended) of each, every item with a state of its own.

    At each place the items that still grow take one number each, in their order.
    """
    items, states, total, open_items = [list(prefix) for _ in range(count)], [], [0.0] * count, list(range(count))
    ended = [False] * count
    for i in range(count):
        states.append(model.start(1))
        for symbol in prefix:
            total[i] += float(states[i][1][0, symbol])
            states[i] = model.advance(states[i][0], np.array([symbol]))
    while open_items:
        for i, u in zip(list(open_items), rng.random(len(open_items)).tolist(), strict=True):
            state, logprobs = states[i]
            p = draw_probabilities(logprobs, sampling)[0]
            symbol = int(np.argmax(np.cumsum(p) > u * (1 - 1e-9)))
            if symbol == 0 or len(items[i]) >= sampling.max_length:
                ended[i] = symbol == 0
                total[i] += float(logprobs[0, 0]) if ended[i] else 0.0
                open_items.remove(i)
                continue
            total[i] += float(logprobs[0, symbol])
            items[i].append(symbol)
            states[i] = model.advance(state, np.array([symbol]))
    return list(zip(items, total, ended, strict=True))


@given(st.integers(0, 2**40), st.integers(0, 60), SAMPLINGS, st.lists(st.integers(1, 3), max_size=4), st.booleans())
def test_items_drawn_together_are_those_drawn_one_by_one(seed, count, sampling, prefix, mixed):
    corpus = from_items(made_items(60))
    model: LanguageModel = counted(corpus)
    if mixed:
        model = Mixture([model, counted(corpus, 2)], np.array([0.6, 0.4]))
    drawn = sample(model, count, np.random.default_rng(seed), sampling, np.array(prefix, np.int64))
    wanted = one_by_one(model, count, np.random.default_rng(seed), sampling, prefix)
    assert [drawn.item(i).tolist() for i in range(count)] == [ids for ids, _, _ in wanted]
    assert drawn.ended.tolist() == [ended for _, _, ended in wanted]
    np.testing.assert_allclose(drawn.logprob, [logprob for _, logprob, _ in wanted], rtol=0, atol=1e-4)


def test_the_steps_that_an_ngram_remembers_are_those_that_it_takes():
    corpus = from_items(made_items(300))
    used, fresh = counted(corpus, 4), counted(corpus, 4)
    for _ in range(3):
        sample(used, 3000, np.random.default_rng(1))
    assert len(used._table)
    state, ids = np.divmod(np.arange(used.counts.contexts * used.vocab_size), used.vocab_size)
    for _ in range(2):
        after, logprobs = used.advance(state, ids)
        wanted, wanted_logprobs = fresh.next_context(state, ids), fresh._compute_rows(fresh.next_context(state, ids))
        np.testing.assert_array_equal(after, wanted)
        np.testing.assert_array_equal(logprobs, wanted_logprobs)


def simply(
    model: LanguageModel, corpus: Corpus, rng: np.random.Generator, unique: bool, new_only: bool, fruitless_at: int
) -> Iterator[Item]:
    """What `more` promises, with texts in a set."""
    seen: set[str] = set()
    fruitless, batch = 0, FIRST_BATCH
    while fruitless < fruitless_at:
        drawn = sample(model, batch, rng)
        for i in range(batch):
            text = corpus.vocab.decode(drawn.item(i))
            fruitless += 1
            known = corpus.where(text)
            if text and not (unique and text in seen) and not (new_only and known != "new"):
                seen.add(text)
                fruitless = 0
                yield Item(text, float(drawn.logprob[i]), known)
        batch = min(2 * batch, LARGEST_BATCH)


WORLD = {
    "letters": ([*made_items(40), "ka lo"], {}),
    "one text, several ways": (
        ["e\u0301", "é", "a\u0301", "e", "a", "\u0301", "\u0301e"] * 2,
        {"unit": "grapheme", "normalise": "none"},
    ),
    "letters that join": (["e\u0323", "\u0301", "éa", "ea", "a", "ẹ\u0301"], {}),
    "flags": (["🇩🇪", "🇪🇸", "🇸🇪🇩🇪", "🇩"], {"unit": "grapheme"}),
    "words": (["to be", "or not to be", "not", "be be"], {"unit": "word"}),
    "running": (["to be or", "not to be"], {"text": True}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLD)
@pytest.mark.parametrize(("unique", "new_only"), [(True, False), (True, True), (False, True), (False, False)])
@pytest.mark.parametrize("count", [0, 1, 33, 700])
def test_more_gives_what_texts_in_a_set_would_give(name, unique, new_only, count, monkeypatch):
    monkeypatch.setattr(more_module, "FRUITLESS", 300)
    items, options = WORLD[name]
    corpus = from_items(items, DataOptions(duplicates="keep", **options))
    model = counted(corpus)
    wanted = simply(model, corpus, np.random.default_rng(3), unique, new_only, 300)
    asked = Asked(model, corpus, Request(unique=unique, new_only=new_only))
    found = list(asked.items(count, np.random.default_rng(3)))
    assert found == [item for item, _ in zip(wanted, range(count), strict=False)]
