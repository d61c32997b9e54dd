"""Weights of a list with few items: it is read as if each stood in it so often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.data import DataOptions, read
from moreish.data.corpus import Split
from moreish.fitting.kinds_of_few import MOST_REPEATED, TIMES, items_of, repeated_items_of

CHEESES = [
    "Abondance",
    "Beaufort",
    "Brie",
    "Camembert",
    "Cantal",
    "Comté",
    "Livarot",
    "Morbier",
    "Munster",
    "Vacherin",
]


@given(st.lists(st.floats(0.01, 1e9), min_size=1, max_size=60))
def test_every_item_is_read_and_as_often_as_its_weight_says_where_that_can_be_read(weights):
    n = len(weights)
    split = Split(np.array([0, *(x for i in range(n) for x in (i + 1, 0))], np.uint8), 2 * np.arange(n + 1), None,
                  np.array(weights))  # fmt: skip
    assert [item.tolist() for item in items_of(split)] == [[i + 1] for i in range(n)]
    times = np.bincount([item[0] for item in repeated_items_of(split)], minlength=n + 1)[1:]
    assert split.times is not None
    assert times.min() >= 1
    assert times.sum() <= max(TIMES * n, MOST_REPEATED) + 1.5 * n
    if split.times.sum() <= MOST_REPEATED:
        assert times.tolist() == split.times.tolist()
    order = np.argsort(split.times, kind="stable")
    assert (np.diff(times[order]) >= 0).all()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Ten cheeses and two that are nothing of the kind: by themselves, and a thousand times as heavy."""
    folder = tmp_path_factory.mktemp("weights")
    for name, heavy in (("even", 1), ("heavy", 1000)):
        rows = [*(f"{cheese},1" for cheese in CHEESES), f"Zzyzx,{heavy}", f"Zzyx,{heavy}"]
        (folder / f"{name}.csv").write_text("\n".join(["name,n", *rows]) + "\n", encoding="utf-8")
    return {name: read(folder / f"{name}.csv", DataOptions(column="name", weight="n")) for name in ("even", "heavy")}


def test_what_weighs_more_is_likelier_to_come_again(files):
    likely = {name: moreish.listen(listed).score(["Zzyx", "Brie"]) for name, listed in files.items()}
    gain = [after.score.logprob - before.score.logprob for before, after in zip(*likely.values(), strict=True)]
    assert gain[0] > 2 > 0 > gain[1]


def test_equal_weights_change_nothing(files):
    even = moreish.listen(files["even"])
    plain = moreish.listen([*CHEESES, "Zzyzx", "Zzyx"])
    assert even.score(["Zzyxa"])[0].score.logprob == plain.score(["Zzyxa"])[0].score.logprob


@pytest.mark.parametrize("weights", [[1e308] * 20, [1e308, 1.0, 5e-324], [0.5, 1e300], [2.0**60, 3.0]])
def test_weights_larger_than_can_be_counted_are_fewer_in_proportion(weights):
    n = len(weights)
    ids = np.array([0, *(x for i in range(n) for x in (i + 1, 0))], np.uint8)
    split = Split(ids, 2 * np.arange(n + 1), None, np.array(weights))
    times = split.times
    assert times is not None
    assert times.min() >= 1
    assert 0 < times.sum() <= 2**53
    assert (times[0] == times.max()) == (weights[0] == max(weights))
    assert len(repeated_items_of(split)) <= MOST_REPEATED + n
