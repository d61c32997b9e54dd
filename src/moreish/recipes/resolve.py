"""How a configuration is put together: a recipe, and overrides laid over it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from moreish.data.options import DataOptions
from moreish.options import did_you_mean, merge
from moreish.recipes.config import DEFAULT_MODEL, DEFAULT_STEPS, UNTRAINED, Config, check_model_name, choose_model
from moreish.recipes.overrides import Overrides, Plain, with_one_limit
from moreish.recipes.table import RECIPES
from moreish.wording import called

OF_BACKGROUND = frozenset({"time_budget", "processes"})
"""The options of training that a list which the background net reads has too."""


def resolve(recipe: str | None = None, overrides: Overrides | None = None) -> Config:
    """The recipe with the overrides laid over it, checked; without a recipe the model's own defaults hold.

    It only lays and checks, so resolving what was resolved gives it again; `grow` is a step of its own. Raises
    ValueError for an unknown recipe, option or value.
    """
    return Config.from_plain(values_of(recipe, overrides or Overrides()))


def values_of(recipe: str | None, overrides: Overrides) -> Plain:
    """The same before it is checked, so that no network's module is loaded.

    A model that is asked for by name takes the place of another, and of the options that were meant for that one;
    options beside no name are for whichever model is chosen in the end.
    """
    recipe = recipe or overrides.recipe
    if recipe and recipe not in RECIPES:
        raise ValueError(f'there is no recipe "{recipe}"{did_you_mean(recipe, RECIPES)}')
    levels = [RECIPES[recipe].values if recipe else {}, *overrides.levels]
    name = overrides.model
    values: Plain = {}
    for level in levels:
        if name is not None and level.get("model", {}).get("name", name) != name:
            level = {**level, "model": {}}
        if "train" in level:
            level = {**level, "train": with_one_limit(level["train"], DEFAULT_STEPS)}
        values = merge(values, level)
    return {**values, "recipe": recipe or ""}


def networks_of(recipe: str | None, overrides: Overrides) -> list[str]:
    """The names of the networks that this would train: none where all is counted. Loads no network."""
    return [name for name in _names(values_of(recipe, overrides)) if name not in UNTRAINED]


def checked_data_options(recipe: str | None, overrides: Overrides) -> DataOptions:
    """How the list is to be read, after all was checked that can be before a network is loaded.

    Raises ValueError as `resolve` does; and where an option of training was given and there is no network to train.
    """
    values = values_of(recipe, overrides)
    config = Config.from_plain({**values, "model": {"name": "ngram"}})
    names = _names(values)
    for name in names:
        check_model_name(name)
    given = overrides.given("train")
    unused = [option for option in given if option not in OF_BACKGROUND or "background" not in names]
    if unused and names and set(names) <= set(UNTRAINED):
        option = overrides.spelled("train", unused[0])
        why = (
            "only counts"
            if "ngram" in names
            else f"has a training of its own, with {called('time_budget')} and {called('train.processes')} alone"
        )
        raise ValueError(
            f"{option} is for training a network, and the model {names[0]} {why}: leave it out, or choose a network "
            f"with {called('model')}, such as gru"
        )
    return config.data


def _names(values: Plain) -> list[str]:
    model = values.get("model", {})
    components = model.get("components", []) if model.get("name") == "mixture" else [model]
    if not isinstance(components, Sequence):
        return []  # which is told as soon as the model is checked
    return [str(component.get("name", DEFAULT_MODEL)) for component in components if isinstance(component, Mapping)]


def counting_alone(config: Config) -> Config:
    """The recipe "quick" where there is no val, so that nothing says when a network has learned enough: the n-gram.

    Whoever asked for another recipe or model gets what he asked for.
    """
    own = [component["name"] for component in RECIPES["quick"].values["model"]["components"]]
    if config.recipe != "quick" or [component.name for component in config.model.components] != own:
        return config
    return replace(config, model=choose_model({"name": "ngram"}))


def few_items(recipe: str | None, overrides: Overrides, background: Plain) -> Config | None:
    """The recipe "quick" for few items: the background net; None where another recipe or its options are asked for.

    `background` are the options of the model "background". No network's module is loaded.
    """
    given = {"model": overrides.given("model"), "train": overrides.given("train")}
    if recipe != "quick" or given["model"] or not set(given["train"]) <= OF_BACKGROUND:
        return None
    values = values_of(recipe, overrides)
    return Config.from_plain({**values, "model": {"name": "background", **background}})
