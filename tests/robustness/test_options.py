"""Options of somebody who types anything: a configuration that can be written down, or one sentence."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data.options import DataOptions
from moreish.models import MODELS, model_class
from moreish.options import parse_assignments
from moreish.recipes import Config, Overrides, checked_data_options, grow, networks_of, resolve
from moreish.recipes.table import RECIPES
from moreish.training.options import TrainOptions
from tests.support.fuzz import EXAMPLES

SECTIONS = {"train": TrainOptions, "data": DataOptions} | {
    f"model {name}": model_class(name).Options for name in MODELS
}
KEYS = [f"{section.split()[0]}.{f.name}" for section, kind in SECTIONS.items() for f in dataclasses.fields(kind)] + [
    "seed", "recipe", "train", "data", "model", "model.name", "model.components", "model.train", "model.seed",
    "model.train.steps", "x", "a.b.c.d", "train.x", "train.", ".", "", " ", "\x1b[2J",
]  # fmt: skip
VALUES = [
    "", "1", "-1", "0", "1.5", "1e308", "1e309", "-1e308", "NaN", "Infinity", "null", "none", "true", "[]", "[[]]",
    '{"a":1}', '"x"', "x", "gru", "mixture", "ngram", "background", "9" * 5000, "1" + "0" * 400, "[0.9]", "[" * 3000,
    '[{"name":"gru"},{"name":[]}]', '[{"name":"gru","train":"x"},{"name":{}}]', '[{"seed":"x"},{}]', '"ab"', "[1,2]",
    '[{"name":"gru","train":{"steps":1e400}},{}]', "\x00", "{}", "\ud800", "1000000", "999999999999999999999",
]  # fmt: skip
ASSIGNMENTS = st.builds(lambda k, v: f"{k}={v}", st.sampled_from(KEYS), st.sampled_from(VALUES) | st.text(max_size=9))


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(st.lists(ASSIGNMENTS | st.text(max_size=20), min_size=1, max_size=3), st.sampled_from([None, *RECIPES]))
def test_whatever_is_set_is_a_configuration_or_a_sentence(assignments, recipe):
    try:
        overrides = Overrides(settings=parse_assignments(assignments))
        checked_data_options(recipe, overrides)
        networks_of(recipe, overrides)
        config = grow(resolve(recipe, overrides))
    except ValueError:
        return
    assert Config.from_plain(json.loads(json.dumps(config.plain(), allow_nan=False))) == config


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("train.threads=1000000", "train.threads is 1e+06, but must be"),
        ("train.time_budget=1e308", "train.time_budget is 1e+308, but must be"),
        ("train.time_budget=Infinity", "train.time_budget is a number or none, not Infinity"),
        ("train.steps=1" + "0" * 400, "train.steps is a whole number, not 1000"),
        ("model.name=[]", "model.name is a name"),
        ("model.train=x", "model.train"),
        ("model.components=x", "components"),
    ],
)
def test_what_would_crash_or_never_end_is_refused_by_its_name(assignment, named):
    with pytest.raises(ValueError, match=r"^.{1,400}$") as raised:
        resolve("quick", Overrides(settings=parse_assignments([assignment])))
    assert named in str(raised.value)
