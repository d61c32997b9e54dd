"""What may be asked, as pydantic models made from the options that are declared elsewhere: `Rules`, `Sampling`, ...

Types, ranges and help stand in OpenAPI as they are declared; the values are checked by `options.build`, so that what
is wrong with one is said in the words of the command line.
"""

import dataclasses
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, create_model

from moreish.inference.asking import Request
from moreish.inference.rules import Rules
from moreish.inference.sample import Sampling
from moreish.options import build, option

MOST_ITEMS = 10_000  # made, or scored, by one request
MOST_MADE = 10_000_000  # symbols of items that are made
MOST_SHOWN = 400_000  # symbols, those that were likely instead included, in the answer to `score`
MOST_RUNNERS_UP = 20
LONGEST_TEXT = 2_000  # characters of a text that says what is wanted, and of an item that is scored
SEEDS = 2**53 - 1  # numbers that are the same in every language that reads JSON


@dataclass(frozen=True)
class Drawing:
    """How many items, from which chance."""

    count: int = option(20, "how many items", low=0, high=MOST_ITEMS)
    seed: int | None = option(None, "where chance starts from; another one each time without it", low=0, high=SEEDS)


@dataclass(frozen=True)
class Scoring:
    """Which items are scored, and how closely."""

    items: tuple[str, ...] = option((), "the items to score")
    symbols: bool = option(True, "say how likely each symbol is, and the end")
    runners_up: int = option(0, "so many of the likeliest other symbols at each place", low=0, high=MOST_RUNNERS_UP)

    def __post_init__(self) -> None:
        if len(self.items) > MOST_ITEMS:
            raise ValueError(f"{len(self.items):,} items are too many: at most {MOST_ITEMS:,} are scored at once")
        shown = sum(map(len, self.items)) + len(self.items)
        if self.symbols and shown * (1 + self.runners_up) > MOST_SHOWN:
            raise ValueError(
                'these items have too many symbols to answer with each of them: send fewer, or "symbols": false'
            )


def check_of(value: object) -> str | dict[str, float] | None:
    """A kind, or shares of several. Raises ValueError for anything else."""
    if value is None or isinstance(value, str):
        return _short(value, "of")
    if not isinstance(value, dict) or not all(type(share) in (int, float) for share in value.values()):
        raise ValueError('of is a kind, or several with their shares: {"elves": 0.7, "dwarves": 0.3}')
    return {_short(kind, "of"): float(share) for kind, share in value.items()}


OF = Annotated[
    str | dict[str, float] | None,
    PlainValidator(check_of),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "number"}}],
            "description": 'a kind of the list, or several with their shares: {"elves": 0.7, "dwarves": 0.3}',
        }
    ),
]


def fields_of(cls: type, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """For `create_model`: each option of a dataclass with its type, range, help and default."""
    kinds = typing.get_type_hints(cls)
    return {
        field.name: (_annotated(cls, field, kinds[field.name]), field.default)
        for field in dataclasses.fields(cls)
        if field.name not in leave_out
    }


def _annotated(cls: type, field: dataclasses.Field[Any], kind: Any) -> Any:
    schema = json_schema(kind, field.metadata)
    return Annotated[kind, PlainValidator(partial(_checked, cls, field.name, kind)), WithJsonSchema(schema)]


def json_schema(kind: Any, declared: Mapping[str, Any]) -> dict[str, Any]:
    """An option's type and range as JSON Schema, with its help; null says nothing, and is allowed everywhere."""
    names = {"low": "minimum", "high": "maximum", "above": "exclusiveMinimum", "below": "exclusiveMaximum"}
    limits = {named: declared[name] for name, named in names.items() if declared.get(name) is not None}
    text = {"type": "string", "maxLength": LONGEST_TEXT}
    schemas: dict[Any, dict[str, Any]] = {
        bool: {"type": "boolean"},
        int: {"type": "integer"} | limits,
        float: {"type": "number"} | limits,
        str: text,
        type(None): {"type": "null"},
        tuple[str, ...]: {"type": "array", "items": text, "maxItems": MOST_ITEMS},
    }
    kinds = [kind] if kind in schemas else [one for one in typing.get_args(kind) if one is not type(None)]
    if tuple[str, ...] in kinds:
        kinds.append(str)  # one text without brackets round it
    if len(kinds) == 1:
        only = schemas[kinds[0]]
        return only | {"type": [only["type"], "null"], "description": declared["help"]}
    return {"anyOf": [schemas[one] for one in (*kinds, type(None))], "description": declared["help"]}


def _checked(cls: type, name: str, kind: Any, value: Any) -> Any:
    """The value as the option of the dataclass has it. Raises ValueError; null is as if it was not said."""
    if value is None:
        return None
    if kind == tuple[str, ...] and isinstance(value, str):
        value = (value,)
    if isinstance(value, list | tuple) and len(value) > MOST_ITEMS:
        raise ValueError(f"{name} has {len(value):,} texts: at most {MOST_ITEMS:,} are read")
    texts = value if isinstance(value, list | tuple) else (value,)
    for text in texts:
        _short(text, name)
    if kind == tuple[str, ...] and not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} is a list, each text: put quotes round each")
    return getattr(build(cls, {name: value}), name)


def _short(value: Any, name: str) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"{name} has {len(value):,} characters in one text: at most {LONGEST_TEXT:,} are read")
    return value


WISHES = (Rules, Sampling, Request)
STRICT = ConfigDict(extra="forbid", strict=True)
make: Callable[..., type[BaseModel]] = create_model

MoreBody = make(
    "MoreBody",
    __config__=STRICT,
    __doc__="Which items are wanted; everything may be left out.",
    **fields_of(Drawing),
    of=(OF, None),
    **fields_of(Rules),
    **fields_of(Sampling),
    **fields_of(Request, leave_out=("rules", "sampling")),
)
ScoreBody = make(
    "ScoreBody",
    __config__=STRICT,
    __doc__="Items, and what is to be said of each.",
    **(fields_of(Scoring) | {"items": (fields_of(Scoring)["items"][0], Field(examples=[["emma", "olivia"]]))}),
)
