"""What may come next, as it is really drawn."""

import shutil
from collections import Counter

import pytest

import moreish
from moreish.data import from_items
from moreish.inference.suggested import MIN_P
from tests.support.lists import made_items


@pytest.fixture(scope="module")
def background(page, root):
    """A run of the background net, which draws with what is unlikely left out."""
    options = {"train": {"time_budget": 0.0}}
    moreish.train(from_items(made_items(30)), model="background", options=options, out=root / "read")
    yield "/api/runs/read"
    shutil.rmtree(root / "read")


def test_the_next_symbol_has_the_chances_with_which_items_are_drawn(page, background):
    found = page.post(f"{background}/next", {"prefix": "", "count": 64}).json()
    drawn = {each["symbol"]: each["drawn"] for each in found["symbols"]}
    out = found["left_out"]
    assert (out["suggested"], out["min_p"], out["top_k"]) == (True, MIN_P, None)
    assert sum(drawn.values()) + found["others"] == pytest.approx(1)
    assert out["symbols"] == sum(chance == 0 for chance in drawn.values()) > 0
    assert out["p"] == pytest.approx(sum(each["p"] for each in found["symbols"] if each["drawn"] == 0))
    made = page.post(f"{background}/more", {"count": 2000, "unique": False, "seed": 1}).json()["items"]
    first = Counter(item["text"][:1] for item in made)
    for symbol, chance in drawn.items():
        assert first[symbol] / 2000 == pytest.approx(chance, abs=5 * (chance * (1 - chance) / 2000) ** 0.5)


def test_the_chances_are_those_of_what_is_wished_for(page, background):
    wishes = {"prefix": "", "count": 64}
    whole = page.post(f"{background}/next", wishes | {"min_p": 0}).json()
    assert whole["left_out"] is None
    assert all(each["drawn"] == each["p"] > 0 for each in whole["symbols"])
    two = page.post(f"{background}/next", wishes | {"top_k": 2}).json()
    assert [each["drawn"] > 0 for each in two["symbols"]][:3] == [True, True, False]
    assert (two["left_out"]["suggested"], two["left_out"]["top_k"]) == (False, 2)
    assert page.post("/api/runs/one/next", {"prefix": "a"}).json()["left_out"] is None
