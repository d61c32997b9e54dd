"""Every recipe is a whole configuration, survives being written down, and trains."""

import dataclasses
import json

import pytest

from moreish.data import from_items
from moreish.fitting.fit import Fitting
from moreish.models import MODELS
from moreish.options import did_you_mean
from moreish.recipes import RECIPES, Config, ModelChoice, Overrides, choose_model, model_names, resolve
from moreish.runs import events

ITEMS = [f"{a}{b}{c}{d}" for a in "abcd" for b in "efgh" for c in "ijkl" for d in "mn"]
LINES = [f"The {a} of {b} and the {c}" for a in "abcd" for b in "efgh" for c in "ijkl"]


@pytest.mark.parametrize("name", RECIPES)
def test_written_as_json_and_read_again_it_is_the_same(name):
    config = resolve(name)
    assert Config.from_plain(json.loads(json.dumps(config.plain()))) == config


@pytest.mark.parametrize("name", RECIPES)
def test_says_in_one_phrase_what_it_is_good_for(name):
    purpose = RECIPES[name].purpose
    assert 10 < len(purpose) < 140
    assert not purpose.endswith(".")


@pytest.mark.parametrize("name", RECIPES)
def test_trains(name):
    config = resolve(name)
    corpus = from_items(LINES if config.data.text else ITEMS, config.data)
    short = {"steps": 2, "time_budget": None, "log_every": 1, "eval_every": None, "batch_size": 8}
    leaves = [
        dataclasses.replace(leaf, train=tuple(dict(leaf.train, **short).items())) for leaf in config.model.singles
    ]
    model = ModelChoice("mixture", None, tuple(leaves)) if config.model.components else leaves[0]
    alone = dataclasses.replace(config.train, processes=1)
    found = list(Fitting(corpus, dataclasses.replace(config, model=model, train=alone)).fit())
    assert isinstance(found[-1], events.Fitted)
    if leaves[0].name != "ngram" or len(leaves) > 1:
        assert found[-1].step >= 2


def test_a_layer_that_names_another_model_replaces_the_models_options():
    config = resolve("lecture-batchnorm", Overrides(flags={"model": {"name": "gru"}}))
    assert config.model == choose_model({"name": "gru"})
    changed = resolve("lecture-batchnorm", Overrides(settings={"model": {"n_hidden": 300}}))
    assert changed.model.options.n_hidden == 300
    assert changed.model.options.batch_norm


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(ValueError, match='there is no recipe "wavenett"; did you mean "wavenet"'):
        resolve("wavenett")
    assert did_you_mean("wavenett", RECIPES).endswith('"wavenet"?')


def test_every_model_can_be_asked_for_by_name():
    assert model_names() == ["ngram", "reader", "background", *MODELS]
    for name in MODELS:
        assert resolve(None, Overrides(flags={"model": {"name": name}})).model.name == name
