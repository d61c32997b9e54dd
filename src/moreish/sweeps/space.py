"""What a sweep tries: for each option a range or some values, as `train.lr=1e-4..1e-1:log` says it."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from moreish.wording import called

if TYPE_CHECKING:
    from optuna.trial import Trial as Asked

SECTIONS = ("model", "train")
MOST_COMBINATIONS = 10_000
Value = bool | int | float | str | None


class Range(msgspec.Struct, frozen=True, tag="range", forbid_unknown_fields=True):
    """Numbers from `low` to `high`, both included; `log`: each factor is as likely as any other."""

    low: int | float
    high: int | float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def scale(self) -> Literal["linear", "log"]:
        """How it is drawn."""
        return "log" if self.log else "linear"

    @property
    def extremes(self) -> tuple[Value, ...]:
        """Values that must all be allowed for the range to be."""
        return (self.low, self.high)

    def suggest(self, name: str, trial: "Asked") -> Value:
        """A value for this trial."""
        if self.whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, float(self.low), float(self.high), log=self.log)

    def __str__(self) -> str:
        return f"{self.low}..{self.high}{':log' * self.log}"


class Choices(msgspec.Struct, frozen=True, tag="choices", forbid_unknown_fields=True):
    """Some values."""

    values: tuple[Value, ...]

    @property
    def scale(self) -> Literal["even"]:
        """How it is drawn."""
        return "even"

    @property
    def extremes(self) -> tuple[Value, ...]:
        """Values that must all be allowed."""
        return self.values

    def suggest(self, name: str, trial: "Asked") -> Value:
        """A value for this trial."""
        return trial.suggest_categorical(name, self.values)

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


Dimension = Range | Choices
Space = Mapping[str, Dimension]


def parse_space(texts: Iterable[str]) -> dict[str, Dimension]:
    """`["train.lr=1e-4..1e-1:log", "model.n_hidden=64,128"]` as dimensions. Raises ValueError for anything else."""
    space: dict[str, Dimension] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not values:
            raise ValueError(f'"{text}" says no values: write train.lr=1e-4..1e-1:log or model.n_hidden=64,128,256')
        if name != "seed" and name.partition(".")[0] not in SECTIONS:
            raise ValueError(
                f'a sweep goes over options of the model and of training, and over seed; "{name}" is none of them '
                "(as train.lr is)"
            )
        if name in space:
            raise ValueError(f"{name} is given twice: write all its values at once")
        space[name] = _dimension(name, values)
    if not space:
        raise ValueError(f"there is nothing to sweep over: say {called('over', 'train.lr=1e-4..1e-1:log')}")
    return space


def _dimension(name: str, text: str) -> Dimension:
    low, dots, rest = text.partition("..")
    if not dots:
        values = tuple(dict.fromkeys(_literal(part) for part in text.split(",")))
        return Choices(values)
    high, colon, how = rest.partition(":")
    log = how == "log"
    if colon and not log:
        raise ValueError(f'{name}: ":{how}" is no way to draw from a range; :log is')
    ends = [_literal(end) for end in (low, high)]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) and math.isfinite(end) for end in ends):
        raise ValueError(f"{name}: a range is between two numbers, as in 1e-4..1e-1, not {low}..{high}")
    found = Range(ends[0], ends[1], log)  # pyright: ignore[reportArgumentType]
    if not found.low < found.high:
        raise ValueError(f"{name}: a range goes upwards, and {found.low} is not below {found.high}")
    if log and found.low <= 0:
        raise ValueError(f"{name}: only what is above 0 has a logarithm, and the range begins at {found.low}")
    return found


def _literal(text: str) -> Value:
    """A JSON number, true, false or null, else the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text.strip()
    if isinstance(value, list | dict):
        raise ValueError(f'"{text}" is no single value')
    return value


def combinations(space: Space) -> list[dict[str, Value]] | None:
    """Every combination, where there are only choices and not too many of them."""
    sizes = [len(d.values) if isinstance(d, Choices) else math.inf for d in space.values()]
    if math.prod(sizes) > MOST_COMBINATIONS:
        return None
    return [dict(zip(space, values, strict=True)) for values in product(*_choices(space))]


def _choices(space: Space) -> Iterator[tuple[Value, ...]]:
    for dimension in space.values():
        assert isinstance(dimension, Choices)
        yield dimension.values


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """`{"train.lr": 0.1, "seed": 2}` as sections of options."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        inner = found
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found
