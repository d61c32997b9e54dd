"""The order of an n-gram, chosen by a sample."""

import pytest

import moreish
from moreish.data import from_items
from moreish.fitting.counting import fit_ngram
from moreish.recipes import NGramOptions
from tests.support.lists import made_items


@pytest.mark.parametrize("count", [5, 400])
def test_the_sample_of_a_short_list_is_the_list(count):
    corpus = from_items(made_items(count))
    assert fit_ngram(NGramOptions(), corpus.split("all"), corpus.split("all"), len(corpus.vocab)).order >= 1


@pytest.mark.parametrize("items", [(3,), (["emma", 3],), (None,), (b"emma",)])
def test_what_is_no_text_is_not_scored_and_named(items):
    run = moreish.count(made_items(20))
    with pytest.raises(TypeError, match=r"^items are texts, or lists of texts, and not "):
        run.score(*items)
    assert len(run.score("emma", ["olivia", "ava"])) == 3
