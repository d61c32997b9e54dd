"""Recipe < TOML file < flags < settings; one limit of training; resolving again changes nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions
from moreish.models import MODELS
from moreish.recipes import (
    RECIPES,
    Config,
    Overrides,
    checked_data_options,
    choose_model,
    counting_alone,
    networks_of,
    resolve,
)

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

PLACES = ("file", "flags", "settings")
HIDDEN = sorted({"gru", "lstm", "rnn", "mlp", "wavenet"})


def train(**values: object) -> dict:
    return {"train": values}


SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 9),
        "model": st.fixed_dictionaries({}, optional={"name": st.sampled_from(HIDDEN)}),
        "data": st.fixed_dictionaries({}, optional={"split": st.sampled_from(["hash", "lecture"])}),
        "train": st.one_of(
            st.fixed_dictionaries({}, optional={"steps": st.integers(1, 99), "lr": st.floats(1e-4, 1)}),
            st.fixed_dictionaries({}, optional={"time_budget": st.floats(1, 99), "lr": st.floats(1e-4, 1)}),
        ),
    },
)


@given(st.sampled_from([None, *RECIPES]), SECTIONS, SECTIONS, SECTIONS)
def test_resolving_what_was_resolved_gives_it_again(recipe, file, flags, settings):
    try:
        overrides = Overrides(file, flags, settings)
    except ValueError:  # steps and a time budget in one breath
        overrides = Overrides(file, flags)
    config = resolve(recipe, overrides)
    for place in PLACES:
        again = Overrides(**{place: config.plain()})
        assert resolve(config.recipe or None, again) == resolve(None, again) == config
    assert Config.from_plain(config.plain()) == config


@pytest.mark.parametrize(
    ("key", "values"),
    [
        (("seed",), [3, 4, 5]),
        (("model", "name"), ["mlp", "gru", "lstm"]),
        (("train", "lr"), [0.5, 0.25, 0.125]),
        (("data", "split_seed"), [7, 8, 9]),
    ],
)
@pytest.mark.parametrize("places", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
def test_the_later_place_wins_for_every_kind_of_option(key, values, places):
    said = {PLACES[i]: {key[0]: values[i]} if len(key) == 1 else {key[0]: {key[1]: values[i]}} for i in places}
    plain = resolve("tiny", Overrides(**said)).plain()
    assert (plain[key[0]] if len(key) == 1 else plain[key[0]][key[1]]) == values[places[-1]]


def test_a_recipe_named_in_the_file_is_the_one_that_is_taken_unless_a_flag_names_another():
    file = {"recipe": "bigram", "train": {"lr": 0.5}}
    assert resolve(None, Overrides(file)).model == choose_model({"name": "bigram"})
    assert resolve("tiny", Overrides(file)).recipe == "tiny"


def test_options_beside_no_name_are_for_the_model_that_is_chosen_in_the_end():
    config = resolve(None, Overrides(file={"model": {"n_hidden": 9}}, flags={"model": {"name": "lstm"}}))
    assert (config.model.name, config.model.options.n_hidden) == ("lstm", 9)
    named = {"model": {"name": "mlp", "n_hidden": 9}}
    config = resolve(None, Overrides(file=named, flags={"model": {"name": "lstm"}}))
    assert config.model == choose_model({"name": "lstm"})


@pytest.mark.parametrize("place", PLACES)
def test_explicit_steps_take_back_the_time_budget_of_the_recipe_and_the_other_way_round(place):
    by_steps = resolve("quick", Overrides(**{place: train(steps=300)})).train
    assert (by_steps.steps, by_steps.time_budget) == (300, None)
    by_time = resolve("bigram", Overrides(**{place: train(time_budget=9)})).train
    assert by_time.time_budget == 9
    assert "steps" not in resolve("bigram", Overrides(**{place: train(time_budget=9)})).plain()["train"]


def test_the_limit_of_the_command_line_takes_back_that_of_the_file():
    assert resolve(None, Overrides(train(time_budget=9), train(steps=3))).train.time_budget is None
    assert resolve(None, Overrides(train(steps=3), train(time_budget=9))).train.time_budget == 9


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"file": train(steps=3, time_budget=9)}, r"train\.steps and train\.time_budget both say how long"),
        ({"flags": train(steps=3, time_budget=9)}, "--steps and --time-budget both say how long"),
        (
            {"flags": train(steps=3), "settings": train(time_budget=9)},
            r"--steps and train\.time_budget both say how long",
        ),
    ],
)
def test_two_limits_in_one_breath_are_refused(said, sentence):
    with pytest.raises(ValueError, match=sentence):
        Overrides(**said)
    part = {"name": "gru", "train": {"steps": 3, "time_budget": 9}}
    with pytest.raises(ValueError, match=r"model\.components\[1\]\.train\.steps and"):
        resolve(None, Overrides({"model": {"name": "mixture", "components": [{"name": "ngram"}, part]}}))


def test_no_limit_at_all_and_a_limit_beside_none_are_no_contradiction():
    config = resolve("quick", Overrides(settings=train(steps=7, time_budget="none")))
    assert (config.train.steps, config.train.time_budget) == (7, None)


def test_the_steps_of_one_part_are_not_overruled_by_the_time_budget_of_all():
    components = [{"name": "ngram"}, {"name": "gru", "train": {"steps": 3}}]
    config = resolve("quick", Overrides({"model": {"components": components}}))
    assert dict(config.model.components[1].train) == {"steps": 3, "time_budget": None}


def test_an_option_of_training_beside_a_model_that_only_counts_is_refused_by_the_name_it_was_given():
    model = {"model": {"name": "ngram"}}
    for said, name in [
        (Overrides(flags={**model, **train(lr=0.1)}), "--lr"),
        (Overrides(flags={**model, **train(time_budget=3)}), "--time-budget"),
        (Overrides(flags=model, settings=train(batch_size=3)), r"train\.batch_size"),
        (Overrides(file={**model, **train(steps=3)}), r"train\.steps"),
    ]:
        with pytest.raises(ValueError, match=f"^{name} is for training a network, and the model ngram only counts"):
            checked_data_options(None, said)
    mixed = Overrides(flags=train(lr=0.1))
    assert checked_data_options("quick", mixed) == DataOptions()


def test_which_networks_there_will_be_is_known_before_any_is_loaded():
    assert networks_of("quick", Overrides()) == ["gru"]
    assert networks_of("quick", Overrides(flags={"model": {"name": "ngram"}})) == []
    assert networks_of(None, Overrides(file={"model": {"name": "mlp"}})) == ["mlp"]
    for name in RECIPES:
        assert networks_of(name, Overrides()) == [leaf.name for leaf in resolve(name).model.networks]


def test_without_val_only_the_quick_recipe_as_it_is_counts_alone():
    assert counting_alone(resolve("quick")).model == choose_model({"name": "ngram"})
    for config in (resolve("tiny"), resolve("quick", Overrides(flags={"model": {"name": "gru"}}))):
        assert counting_alone(config) == config


@pytest.mark.parametrize("values", [{"train": 3}, {"model": "gru"}, {"data": [1]}])
def test_a_section_that_is_a_value_is_refused(values):
    with pytest.raises(ValueError, match="is a section with options of its own"):
        Overrides(values)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"model": {"name": ["gru"]}}, "model.name is a name, not"),
        ({"recipe": 5}, "recipe is a name, not 5"),
        ({"model": {"name": "mixture", "components": 3}}, "model.components is a list of at least two"),
        ({"model": {"name": "mixture"}}, "model.components is a list of at least two"),
    ],
)
def test_a_name_that_is_none_and_parts_that_are_none_are_refused(values, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        resolve(None, Overrides(values))


def test_every_model_may_be_asked_for_in_every_place():
    for name in MODELS:
        for place in PLACES:
            assert resolve("tiny", Overrides(**{place: {"model": {"name": name}}})).model.name == name
