"""Named full configurations, and how a configuration is put together from recipe, file and flags.

A configuration is plain nested values until `resolve` checks it; `model` names a network of `MODELS`, "ngram", or
"mixture" with its parts:

    {"model": {"name": "mixture", "parts": [{"name": "ngram"}, {"name": "gru", "n_hidden": 128}]},
     "train": {"time_budget": 15}}
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from moreish.config import build, did_you_mean, merge, option, to_dict
from moreish.data.options import DataOptions
from moreish.lecture_recipes import LECTURE_RECIPES
from moreish.models import MODELS, model_class
from moreish.training.options import TrainOptions

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class NGramOptions:
    """Counting instead of a network."""

    order: int | None = option(
        None, "symbols counted together, the predicted one included; none: chosen on val", low=1
    )
    method: Literal["kneser-ney", "add-k"] = option("kneser-ney", "how unseen symbols get their share")
    k: float = option(0.1, "add-k: what is added to every count", low=0)


@dataclass(frozen=True)
class ModelChoice:
    """One model of a configuration: its name, its options, and the parts where it is a mixture.

    `train` holds what this part does differently from the configuration's `train` section; `seed` is added to its
    seed, so that two parts of the same kind differ.
    """

    name: str
    options: Any = None
    parts: tuple["ModelChoice", ...] = ()
    train: tuple[tuple[str, Any], ...] = ()
    seed: int = 0

    def plain(self) -> dict[str, Any]:
        """As it is written in a configuration."""
        made: dict[str, Any] = {"name": self.name}
        if self.options is not None:
            made |= to_dict(self.options)
        if self.parts:
            made["parts"] = [part.plain() for part in self.parts]
        if self.train:
            made["train"] = dict(self.train)
        if self.seed:
            made["seed"] = self.seed
        return made

    @property
    def leaves(self) -> tuple["ModelChoice", ...]:
        """The models that are to be fitted, in order."""
        return self.parts or (self,)


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run does."""

    recipe: str
    seed: int
    data: DataOptions
    model: ModelChoice
    train: TrainOptions

    def plain(self) -> dict[str, Any]:
        """As JSON holds it; `from_plain` gives it back."""
        return {
            "recipe": self.recipe,
            "seed": self.seed,
            "data": to_dict(self.data),
            "model": self.model.plain(),
            "train": to_dict(self.train),
        }

    @classmethod
    def from_plain(cls, values: Plain) -> "Config":
        """Check every value. Raises ValueError that names the first wrong one."""
        known = ("recipe", "seed", "data", "model", "train")
        for key in values:
            if key not in known:
                raise ValueError(f'there is no section "{key}"{did_you_mean(key, known)}')
        for key in ("data", "model", "train"):
            if not isinstance(values.get(key, {}), Mapping):
                raise ValueError(f"{key} is a section with options of its own, not a value")
        seed = values.get("seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise ValueError(f"seed is a whole number from 0 to 2^63 - 1, not {seed!r}")
        return cls(
            recipe=str(values.get("recipe", "")),
            seed=seed,
            data=build(DataOptions, values.get("data", {}), "data."),
            model=choose_model(values.get("model", {})),
            train=build(TrainOptions, values.get("train", {}), "train."),
        )


def choose_model(values: Plain, where: str = "model.") -> ModelChoice:
    """The model section, checked. Raises ValueError that names the wrong key."""
    values = dict(values)
    name = values.pop("name", "gru")
    seed = values.pop("seed", 0)
    train = values.pop("train", {})
    build(TrainOptions, train, f"{where}train.")  # every override must be an option, and in range
    overrides = tuple(sorted(train.items()))
    if name == "mixture":
        parts = values.pop("parts", [])
        if values:
            key = next(iter(values))
            raise ValueError(f'there is no option "{where}{key}": a mixture has parts, each with options of its own')
        if not isinstance(parts, Sequence) or len(parts) < 2 or not all(isinstance(p, Mapping) for p in parts):
            raise ValueError(f"{where}parts is a list of at least two model sections")
        chosen = tuple(choose_model(part, f"{where}parts[{i}].") for i, part in enumerate(parts))
        if any(part.parts for part in chosen):
            raise ValueError(
                f"{where}parts: a mixture inside a mixture is one mixture; list all the parts side by side"
            )
        return ModelChoice(name, None, chosen, overrides, seed)
    if name == "ngram":
        return ModelChoice(name, build(NGramOptions, values, where), (), overrides, seed)
    if name not in MODELS:
        raise ValueError(f'there is no model "{name}"{did_you_mean(str(name), model_names())}')
    return ModelChoice(name, build(model_class(name).Options, values, where), (), overrides, seed)  # pyright: ignore


def model_names() -> list[str]:
    """What `--model` takes."""
    return ["ngram", *MODELS]


@dataclass(frozen=True)
class Recipe:
    """A configuration with a name and what it is good for.

    grows : another time budget than its own makes another number of networks
    patient : how networks are trained that then have PATIENCE times as long as in the recipe, up to LONGEST times
    """

    purpose: str
    values: Plain
    grows: bool = False
    patient: Plain = field(default_factory=dict)


PATIENCE, LONGEST = 1.5, 2.4

RECIPES = {
    "quick": Recipe(
        "more items in seconds: an n-gram and a small GRU, mixed",
        {
            "model": {
                "name": "mixture",
                "parts": [{"name": "ngram"}, {"name": "gru", "n_embd": 32, "n_hidden": 160, "dropout": 0.2}],
            },
            "train": {
                "time_budget": 15,
                "batch_size": 256,
                "lr": 6e-3,
                "weight_decay": 0.01,
                "backward": "fused",
                "precision": "auto",
            },
        },
    ),
    "best": Recipe(
        "the lowest loss in ten minutes on two cores: six LSTMs, two at a time, and an n-gram",
        {
            "model": {
                "name": "mixture",
                "parts": [
                    {"name": "ngram"},
                    *({"name": "lstm", "n_embd": 32, "n_hidden": 288, "dropout": 0.5, "seed": i} for i in range(6)),
                ],
            },
            "train": {
                "time_budget": 555,
                "processes": 0,
                "batch_size": 256,
                "lr": 4e-3,
                "weight_decay": 0.05,
                "backward": "fused",
                "precision": "auto",
                "log_every": 20,
            },
        },
        grows=True,
        patient={"weight_drop": 0.15},
    ),
    "ngram": Recipe("counting only: modified Kneser-Ney, well under a second", {"model": {"name": "ngram"}}),
    "bigram": Recipe(
        "the table of logits, trained by gradient descent",
        {"model": {"name": "bigram"}, "train": {"steps": 2000, "lr": 0.05, "batch_size": 1024}},
    ),
    "tiny": Recipe(
        "the smallest net that is worth its seconds: a GRU of 32 units",
        {
            "model": {"name": "gru", "n_embd": 16, "n_hidden": 32},
            "train": {"time_budget": 10, "batch_size": 128, "lr": 1e-2},
        },
    ),
    "transformer": Recipe(
        "GPT-2's architecture at the size of a list, regularised",
        {
            "model": {"name": "transformer", "block_size": 64, "n_embd": 96, "n_layer": 3, "dropout": 0.1},
            "train": {
                "steps": 8000,
                "batch_size": 128,
                "lr": 2e-3,
                "weight_decay": 0.1,
                "backward": "fused",
                "precision": "auto",
            },
        },
    ),
    "text": Recipe(
        "running text, symbol by symbol: a Transformer of 4 layers that looks back on 64",
        {
            "data": {"text": True, "test_share": 0.0},
            "model": {"name": "transformer", "block_size": 64, "n_embd": 128, "tie": True},
            "train": {
                "steps": 2000,
                "batch_size": 12,
                "lr": 4e-3,
                "warmup": 0.1,
                "weight_decay": 0.1,
                "eval_every": 500,
                "backward": "fused",
                "precision": "auto",
            },
        },
    ),
    "words": Recipe(
        "running text, word by word: Bengio's MLP mixed with Kneser-Ney counts",
        {
            "data": {"text": True, "unit": "word", "lower": True, "min_count": 3},
            "model": {
                "name": "mixture",
                "parts": [
                    {"name": "ngram", "order": 3},
                    {"name": "mlp", "block_size": 4, "n_embd": 64, "n_hidden": 128, "dropout": 0.3},
                ],
            },
            "train": {"steps": 6000, "batch_size": 256, "lr": 2e-3, "weight_decay": 0.1},
        },
    ),
    **{name: Recipe(purpose, values) for name, (purpose, values) in LECTURE_RECIPES.items()},
}


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
    return _grown(config, RECIPES[recipe]) if recipe is not None and RECIPES[recipe].grows else config


def _grown(config: Config, recipe: Recipe) -> Config:
    """What a mixture makes of a time budget that is not the recipe's own.

    A shorter one trains fewer networks for the same time each. Of a longer one, networks and the time of each get the
    same share (both grow with the square root): the tenth network hardly helps, but one that trains for twice as
    long, and is kept from learning by heart by `patient`, is better by itself. Beyond LONGEST times it is not. They
    come in pairs, so that two cores are used.
    """
    budget, own = config.train.time_budget, recipe.values["train"]["time_budget"]
    counts = [part for part in config.model.parts if part.name == "ngram"]
    networks = [part for part in config.model.parts if part.name != "ngram"]
    if budget is None or not networks:
        return config
    times = budget / own
    longer = min(max(1, math.sqrt(times)), LONGEST)
    wanted = max(2, 2 * round(len(networks) * times / longer / 2))
    if longer >= PATIENCE:
        networks = [replace(part, train=(*part.train, *recipe.patient.items())) for part in networks]
    copies = range(math.ceil(wanted / len(networks)))
    grown = [replace(part, seed=part.seed + len(networks) * copy) for copy in copies for part in networks]
    return replace(config, model=replace(config.model, parts=(*counts, *grown[:wanted])))
