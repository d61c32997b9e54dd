"""Named full configurations, and how one is put together from recipe, file and flags."""

from moreish.recipes.config import Config, ModelChoice, NGramOptions, choose_model, model_names
from moreish.recipes.resolve import resolve
from moreish.recipes.table import RECIPES, Recipe

__all__ = [
    "RECIPES",
    "Config",
    "ModelChoice",
    "NGramOptions",
    "Recipe",
    "choose_model",
    "model_names",
    "resolve",
]
