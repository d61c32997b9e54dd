"""Plausibility, beside counting the held-out items that are worse."""

import numpy as np
import pytest

from moreish.inference import plausibility
from moreish.inference.plausibility import Plausibility
from moreish.inference.score import score_items
from moreish.ngram import KneserNey


@pytest.fixture(scope="module")
def model(corpus):
    train = corpus.split("train")
    return KneserNey.fit(train.ids, train.offsets, len(corpus.vocab), 3)


def test_it_is_the_share_of_held_out_items_that_are_no_more_plausible(corpus, model):
    val = corpus.split("val")
    scale = Plausibility.of(model, val, corpus.vocab)
    held_out = [score.loss for score in score_items(model, [val.symbols(i) for i in range(len(val))])]
    for text in ["kalo", "lololo", "xkqjw", val.item(0, corpus.vocab)]:
        ids = corpus.vocab.lookup(text)
        if ids is None:
            continue
        score = score_items(model, [ids])[0]
        assert scale(text, score.logprob) == pytest.approx(
            sum(loss >= score.loss - 1e-9 for loss in held_out) / len(held_out)
        )


def test_of_many_items_some_make_the_scale(corpus, model, monkeypatch):
    monkeypatch.setattr(plausibility, "MOST", 50)
    split = corpus.split("all")
    some, whole = Plausibility.of(model, split, corpus.vocab), np.zeros(0)
    assert len(some.losses) == 50
    monkeypatch.undo()
    whole = Plausibility.of(model, split, corpus.vocab).losses
    assert np.isclose(some.losses[:, None], whole, atol=1e-12).any(1).all()


def test_what_cannot_come_from_the_model_is_not_plausible_at_all(corpus, model):
    assert Plausibility.of(model, corpus.split("val"), corpus.vocab)("kalo", -np.inf) == 0


def test_without_held_out_items_there_is_no_scale(corpus, model):
    from moreish.data import Split

    with pytest.raises(ValueError, match="no held-out items"):
        Plausibility.of(model, Split(np.zeros(1, np.uint8), np.zeros(1, np.int64)), corpus.vocab)
