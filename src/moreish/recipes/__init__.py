"""Named full configurations, and how one is put together from recipe, file, flags and settings."""

from moreish.recipes.config import (
    UNTRAINED,
    BackgroundChoice,
    Config,
    ModelChoice,
    NGramOptions,
    choose_model,
    model_names,
)
from moreish.recipes.growth import grow
from moreish.recipes.overrides import Overrides
from moreish.recipes.resolve import (
    OF_BACKGROUND,
    checked_data_options,
    counting_alone,
    few_items,
    networks_of,
    resolve,
)
from moreish.recipes.table import RECIPES, Recipe

__all__ = [
    "OF_BACKGROUND",
    "RECIPES",
    "UNTRAINED",
    "BackgroundChoice",
    "Config",
    "ModelChoice",
    "NGramOptions",
    "Overrides",
    "Recipe",
    "checked_data_options",
    "choose_model",
    "counting_alone",
    "few_items",
    "grow",
    "model_names",
    "networks_of",
    "resolve",
]
