"""What `best` makes of a longer time budget."""

import pytest

from moreish.recipes import RECIPES, resolve

OWN = RECIPES["best"].values["train"]["time_budget"]


def networks(**train: object) -> list:
    return [part for part in resolve("best", {"train": train}).model.parts if part.name != "ngram"]


@pytest.mark.parametrize(("times", "copies"), [(0.1, 1), (1, 1), (3.9, 1), (4, 2), (9, 3), (13, 3)])
def test_the_square_root_of_the_longer_time_goes_into_more_networks(times: float, copies: int):
    assert len(networks(time_budget=OWN * times)) == copies * len(networks())


def test_networks_of_one_kind_have_different_seeds():
    kinds = [(part.name, part.options, part.seed) for part in networks(time_budget=OWN * 16)]
    assert len(set(kinds)) == len(kinds)


def test_what_was_grown_comes_back_from_its_plain_form_as_it_is():
    grown = resolve("best", {"train": {"time_budget": OWN * 4}})
    assert type(grown).from_plain(grown.plain()) == grown


def test_by_steps_or_as_another_model_it_does_not_grow():
    assert networks(time_budget=None, steps=10) == networks()
    assert resolve("best", {"model": {"name": "gru"}, "train": {"time_budget": OWN * 9}}).model.parts == ()
    assert len(resolve("quick", {"train": {"time_budget": OWN * 9}}).model.parts) == 2
