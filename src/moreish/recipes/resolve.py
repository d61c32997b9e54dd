"""How a configuration is put together: a recipe, and layers of plain options laid over it."""

from collections.abc import Mapping
from typing import Any

from moreish.options import did_you_mean, merge
from moreish.recipes.config import Config, Plain
from moreish.recipes.growth import grown
from moreish.recipes.table import RECIPES


def resolve(recipe: str | None, *layers: Plain) -> Config:
    """The recipe with each layer laid over it; a layer that names another model replaces the model section.

    Without a recipe the model's own defaults hold. Raises ValueError for an unknown recipe, option or value.
    """
    if recipe is not None and recipe not in RECIPES:
        raise ValueError(f'there is no recipe "{recipe}"{did_you_mean(recipe, RECIPES)}')
    values: dict[str, Any] = {"recipe": recipe or ""}
    if recipe is not None:
        values = merge(values, RECIPES[recipe].values)
    for layer in layers:
        name = layer.get("model", {}).get("name") if isinstance(layer.get("model"), Mapping) else None
        if name is not None and name != values.get("model", {}).get("name"):
            values["model"] = {}
        values = merge(values, layer)
    config = Config.from_plain(values)
    return grown(config, RECIPES[recipe]) if recipe is not None and RECIPES[recipe].grows else config
