"""What `best` makes of a longer time budget."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.recipes import RECIPES, Config, Overrides, grow, resolve

OWN = RECIPES["best"].values["train"]["time_budget"]


def grown(recipe: str = "best", **settings: object) -> Config:
    return grow(resolve(recipe, Overrides(settings=settings)))


def networks(**train: object) -> list:
    return [part for part in grown(train=train).model.components if part.name != "ngram"]


@given(st.floats(0.01, 1))
def test_a_shorter_budget_makes_fewer_networks_in_pairs_with_about_their_own_time_each(times: float):
    count = len(networks(time_budget=OWN * times))
    assert count % 2 == 0
    assert count == 2 or 6 * times - 1 <= count <= 6 * times + 1


@given(st.floats(1, 100))
def test_a_longer_budget_makes_more_networks_in_pairs_and_as_many_times_longer(times: float):
    made = networks(time_budget=OWN * times)
    assert len(made) % 2 == 0
    longer = min(math.sqrt(times), 2.4)
    assert abs(len(made) - 6 * times / longer) <= 1
    assert all(("weight_drop" in dict(part.train)) == (longer >= 1.5) for part in made)


def test_the_budget_of_the_recipe_makes_the_networks_of_the_recipe():
    assert networks(time_budget=OWN) == networks(time_budget=None, steps=10)
    assert len(networks(time_budget=OWN)) == 6


def test_networks_of_one_kind_have_different_seeds():
    kinds = [(part.name, part.options, part.seed) for part in networks(time_budget=OWN * 16)]
    assert len(set(kinds)) == len(kinds)


def test_what_was_grown_comes_back_from_its_plain_form_as_it_is():
    config = grown(train={"time_budget": OWN * 4})
    assert Config.from_plain(config.plain()) == config


@pytest.mark.slow
@given(st.floats(0.01, 100))
def test_what_was_grown_does_not_grow_again(times: float):
    config = grown(train={"time_budget": OWN * times})
    assert grow(config) == config
    assert grow(resolve(config.recipe, Overrides(settings=config.plain()))) == config


def test_by_steps_or_as_another_model_it_does_not_grow():
    assert networks(time_budget=None, steps=10) == networks() == networks(steps=10)
    assert grown(model={"name": "gru"}, train={"time_budget": OWN * 9}).model.components == ()
    assert len(grown("quick", train={"time_budget": OWN * 9}).model.components) == 2


def test_parts_that_somebody_chose_do_not_grow():
    components = [{"name": "ngram"}, {"name": "bigram"}]
    assert len(grown(model={"components": components}, train={"time_budget": OWN * 9}).model.components) == 2
