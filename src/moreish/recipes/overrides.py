"""What was asked for beside the recipe: plain values from a file, from flags and from settings, in that order.

    recipe < TOML file < flags < settings (--set, or `options` from Python)

The later wins, everywhere. How long to train is one question with two answers, steps and time budget: whoever gives
one takes the other back, so an explicit --steps is never overridden by a recipe's or a file's time budget. Flags and
settings are given in one breath, so there both at once contradict each other and are refused; both in one file too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from moreish.options import merge
from moreish.wording import called

Plain = Mapping[str, Any]
"""Sections of options, or one section, as TOML and JSON hold them; not checked yet."""

T = TypeVar("T")

SECTIONS = ("data", "model", "train")


@dataclass(frozen=True)
class Overrides:
    """The values that are laid over a recipe, each where it was said.

    Raises ValueError where a section is a value, a name is none, or one place gives both steps and a time budget.
    """

    file: Plain = field(default_factory=dict)
    flags: Plain = field(default_factory=dict)
    settings: Plain = field(default_factory=dict)

    def __post_init__(self) -> None:
        for layer in (self.file, self.flags, self.settings):
            for section in SECTIONS:
                if not isinstance(layer.get(section, {}), Mapping):
                    raise ValueError(f"{section} is a section with options of its own, not a value")
            for name, value in (("recipe", layer.get("recipe")), ("model.name", layer.get("model", {}).get("name"))):
                if not isinstance(value, str | None):
                    raise ValueError(f"{name} is a name, not {value!r}")
        for level in (self.file, self.command):
            train = level.get("train", {})
            refuse_two_limits(train, *(self.spelled("train", limit) for limit in ("steps", "time_budget")))

    @property
    def command(self) -> Plain:
        """Flags with the settings laid over them: what was said in one breath."""
        return merge(self.flags, self.settings)

    @property
    def levels(self) -> tuple[Plain, Plain]:
        """What is laid over the recipe, one after the other."""
        return self.file, self.command

    @property
    def recipe(self) -> str | None:
        """The recipe that is asked for; None where none is."""
        return _last([level.get("recipe") for level in self.levels])

    @property
    def seed(self) -> int | None:
        """The seed that is asked for; None where none is. Raises ValueError where it is no whole number."""
        seed: object = _last([level.get("seed") for level in self.levels])
        if seed is None or (isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0):
            return seed
        raise ValueError(f"seed is a whole number from 0, not {seed!r}")

    @property
    def model(self) -> str | None:
        """The name of the model that is asked for; None where none is."""
        return _last([level.get("model", {}).get("name") for level in self.levels])

    def given(self, section: str) -> list[str]:
        """The options of a section that somebody gave, in the order of the places."""
        return list(dict.fromkeys(option for level in self.levels for option in level.get(section, {})))

    @property
    def first(self) -> str | None:
        """Some option that was given, as it was written; None where nothing was."""
        for section in SECTIONS:
            for option in self.given(section):
                return self.spelled(section, option)
        rest = [key for level in self.levels for key in level if key not in SECTIONS]
        return next((called(key) if key in self.flags else key for key in rest), None)

    @property
    def beyond_reading(self) -> str | None:
        """As `first`, of the options that say anything but how a list is read."""
        layers = (self.file, self.flags, self.settings)
        return Overrides(*({key: value for key, value in layer.items() if key != "data"} for layer in layers)).first

    def spelled(self, section: str, option: str) -> str:
        """The option as it was written: `--lr` or `train.lr`."""
        if option in self.settings.get(section, {}) or option not in self.flags.get(section, {}):
            return f"{section}.{option}"
        return called("model" if (section, option) == ("model", "name") else option)


def refuse_two_limits(train: Plain, steps: str = "steps", time_budget: str = "time_budget") -> None:
    """Raises ValueError where a training has a number of steps and a time budget; both words are for the sentence."""
    if train.get("steps") is not None and _budget(train) is not None:
        raise ValueError(f"{steps} and {time_budget} both say how long to train; give one of them")


def with_one_limit(train: Plain, default_steps: int) -> Plain:
    """The training section so that it takes back, when it is laid over another, the limit that it does not give."""
    if _budget(train) is not None:
        return {**train, "steps": default_steps}
    return {**train, "time_budget": None} if train.get("steps") is not None else train


def _budget(train: Plain) -> object:
    budget = train.get("time_budget")
    return None if budget == "none" else budget


def _last(values: list[T | None]) -> T | None:
    return next((value for value in reversed(values) if value is not None), None)
