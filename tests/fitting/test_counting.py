"""What is said of an order that was chosen by a sample."""

import pytest

from moreish.data import from_items
from moreish.fitting import counting
from moreish.fitting.counting import fit_ngram, order_note
from moreish.recipes import NGramOptions
from tests.support.lists import made_items


def test_a_sampled_choice_is_told_and_any_other_is_not(monkeypatch):
    corpus = from_items(made_items(400))
    train, val = corpus.split("train"), corpus.split("val")
    model = fit_ngram(NGramOptions(), train, val, len(corpus.vocab))
    assert order_note(NGramOptions(), train, val, model) is None
    for name in ("moreish.ngram.choice.MOST_TRAIN", f"{counting.__name__}.MOST_TRAIN"):
        monkeypatch.setattr(name, 100)
    model = fit_ngram(NGramOptions(), train, val, len(corpus.vocab))
    said = order_note(NGramOptions(), train, val, model)
    assert said is not None
    assert said.startswith(f"the order {model.order} was chosen with 100 of the {len(train)} items")
    assert order_note(NGramOptions(order=3), train, val, model) is None
    assert order_note(NGramOptions(), train, None, model) is None
    assert order_note(NGramOptions(method="add-k"), train, val, model) is None


@pytest.mark.parametrize("count", [5, 400])
def test_the_sample_of_a_short_list_is_the_list(count):
    corpus = from_items(made_items(count))
    assert fit_ngram(NGramOptions(), corpus.split("all"), corpus.split("all"), len(corpus.vocab)).order >= 1
