"""What a recipe that grows makes of another time budget than its own."""

import math
from dataclasses import replace

from moreish.recipes.config import UNTRAINED, Config, choose_model
from moreish.recipes.table import RECIPES

PATIENCE, LONGEST = 1.5, 2.4


def grow(config: Config) -> Config:
    """What a recipe's mixture makes of a time budget that is not the recipe's own; any other configuration as it is.

    A shorter one trains fewer networks for the same time each. Of a longer one, networks and the time of each get the
    same share (both grow with the square root): the tenth network hardly helps, but one that trains for twice as
    long, and is kept from learning by heart by `patient`, is better by itself. Beyond LONGEST times it is not. They
    come in pairs, so that two cores are used. What was grown has other components than the recipe, so it does not
    grow again.
    """
    recipe, budget = RECIPES.get(config.recipe), config.train.time_budget
    if recipe is None or not recipe.grows or budget is None:
        return config
    if config.model != choose_model(recipe.values["model"]):
        return config
    counts = [component for component in config.model.components if component.name in UNTRAINED]
    networks = list(config.model.networks)
    times = budget / recipe.values["train"]["time_budget"]
    longer = min(max(1, math.sqrt(times)), LONGEST)
    wanted = max(2, 2 * round(len(networks) * times / longer / 2))
    if longer >= PATIENCE:
        networks = [replace(component, train=(*component.train, *recipe.patient.items())) for component in networks]
    copies = range(math.ceil(wanted / len(networks)))
    copied = [
        replace(component, seed=component.seed + len(networks) * copy) for copy in copies for component in networks
    ]
    return replace(config, model=replace(config.model, components=(*counts, *copied[:wanted])))
