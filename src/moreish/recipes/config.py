"""A configuration: everything that decides what a run does, checked.

It is plain nested values until `Config.from_plain` has checked it; `model` names a network of `MODELS`, "ngram", or
"mixture" with its components:

    {"model": {"name": "mixture", "components": [{"name": "ngram"}, {"name": "gru", "n_hidden": 128}]},
     "train": {"time_budget": 15}}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from moreish.data.options import DataOptions
from moreish.models import MODELS, foreign_models, model_class
from moreish.options import build, did_you_mean, option, to_dict
from moreish.recipes.overrides import Plain, refuse_two_limits, with_one_limit
from moreish.training.options import TrainOptions

DEFAULT_STEPS = TrainOptions.steps
DEFAULT_MODEL = "gru"
UNTRAINED = ("ngram", "reader", "background")  # not by `training`: counts, reads, has a training of its own


@dataclass(frozen=True)
class NGramOptions:
    """Counting instead of a network."""

    order: int | None = option(
        None, "symbols counted together, the predicted one included; none: chosen on val", low=1
    )
    method: Literal["kneser-ney", "add-k"] = option("kneser-ney", "how unseen symbols get their share")
    k: float = option(0.1, "add-k: what is added to every count", low=0)


@dataclass(frozen=True)
class BackgroundChoice:
    """The background net: a "reader" has read the list, a "background" is trained on by it too, and blended."""

    weights: str = option("bundled", "the background net: bundled, or a file or folder that holds one")
    orders: int = option(4, "in how many random orders the list is read; their answers are averaged", low=1, high=64)
    hash: str = option("", "of the background net's file: which one it was")


@dataclass(frozen=True)
class ModelChoice:
    """One model of a configuration: its name, its options, and the components where it is a mixture.

    `train` holds what this component does differently from the configuration's `train` section; `seed` is added to
    its seed, so that two components of the same kind differ.
    """

    name: str
    options: Any = None
    components: tuple["ModelChoice", ...] = ()
    train: tuple[tuple[str, Any], ...] = ()
    seed: int = 0

    def plain(self) -> dict[str, Any]:
        """As it is written in a configuration."""
        section: dict[str, Any] = {"name": self.name}
        if self.options is not None:
            section |= to_dict(self.options)
        if self.components:
            section["components"] = [component.plain() for component in self.components]
        if self.train:
            section["train"] = dict(self.train)
        if self.seed:
            section["seed"] = self.seed
        return section

    @property
    def singles(self) -> tuple["ModelChoice", ...]:
        """The models that are to be fitted, in order."""
        return self.components or (self,)

    @property
    def networks(self) -> tuple["ModelChoice", ...]:
        """Those of them that are trained: all that do not only count."""
        return tuple(single for single in self.singles if single.name not in UNTRAINED)


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run does."""

    recipe: str
    seed: int
    data: DataOptions
    model: ModelChoice
    train: TrainOptions

    def plain(self) -> dict[str, Any]:
        """As JSON holds it, without a number of steps where a time budget rules; `from_plain` gives it back."""
        return {
            "recipe": self.recipe,
            "seed": self.seed,
            "data": to_dict(self.data),
            "model": self.model.plain(),
            "train": {k: v for k, v in to_dict(self.train).items() if k != "steps" or self.train.time_budget is None},
        }

    @property
    def fused(self) -> bool:
        """Whether a fused step is asked for, for any of its networks."""
        ways = [dict(choice.train).get("backward", self.train.backward) for choice in self.model.singles]
        return "fused" in ways

    @classmethod
    def from_plain(cls, values: Plain) -> "Config":
        """Check every value. Raises ValueError that names the first wrong one."""
        known = ("recipe", "seed", "data", "model", "train")
        for key in values:
            if key not in known:
                sections = {"data": DataOptions, "train": TrainOptions}
                meant = [f"{name}.{key}" for name, options in sections.items() if key in options.__dataclass_fields__]
                guess = f'; did you mean "{meant[0]}"?' if meant else did_you_mean(key, known)
                raise ValueError(f'there is no section "{key}"{guess}')
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
            train=build(TrainOptions, with_one_limit(values.get("train", {}), DEFAULT_STEPS), "train."),
        )


def choose_model(values: Plain, where: str = "model.") -> ModelChoice:
    """The model section, checked. Raises ValueError that names the wrong key."""
    values = dict(values)
    name = values.pop("name", DEFAULT_MODEL)
    seed = values.pop("seed", 0)
    train = values.pop("train", {})
    if not isinstance(name, str):
        raise ValueError(f"{where}name is a name, not {name!r}")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise ValueError(f"{where}seed is a whole number from 0 to 2^63 - 1, not {seed!r}")
    build(TrainOptions, train, f"{where}train.")  # every override must be an option, and in range
    refuse_two_limits(train, f"{where}train.steps", f"{where}train.time_budget")
    if train.get("steps") is not None:
        train = {**train, "time_budget": None}  # else that of all networks would rule
    overrides = tuple(sorted(train.items()))
    if name == "mixture":
        components = values.pop("components", [])
        if values:
            key = next(iter(values))
            raise ValueError(
                f'there is no option "{where}{key}": a mixture has components, each with options of its own'
            )
        if (
            not isinstance(components, Sequence)
            or isinstance(components, str)
            or len(components) < 2
            or not all(isinstance(p, Mapping) for p in components)
        ):
            raise ValueError(f"{where}components is a list of at least two model sections")
        chosen = tuple(choose_model(component, f"{where}components[{i}].") for i, component in enumerate(components))
        if any(component.name == "background" for component in chosen):
            raise ValueError(f"{where}components: the background net is a blend already, and no part of a mixture")
        if any(component.components for component in chosen):
            raise ValueError(
                f"{where}components: a mixture inside a mixture is one mixture; list all the components side by side"
            )
        return ModelChoice(name, None, chosen, overrides, seed)
    if name in OTHERS:
        return ModelChoice(name, build(OTHERS[name], values, where), (), overrides, seed)
    check_model_name(name)
    return ModelChoice(name, build(model_class(name).Options, values, where), (), overrides, seed)


OTHERS: dict[str, type] = {"ngram": NGramOptions, "reader": BackgroundChoice, "background": BackgroundChoice}
"""Models that are no network of `MODELS`, and their options."""


def check_model_name(name: str) -> None:
    """Raises ValueError, with the nearest name there is, where there is no such model."""
    if name not in ("mixture", *OTHERS, *MODELS) and name not in foreign_models():
        raise ValueError(f'there is no model "{name}"{did_you_mean(str(name), model_names())}')


def model_names() -> list[str]:
    """What `--model` takes."""
    return [*OTHERS, *MODELS, *foreign_models()]
