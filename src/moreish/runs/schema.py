"""What the JSON files of a run folder hold: one declared type each, and the one place where it is checked.

    config.json    format, options: Described
    vocab.json     format, vocab: `data.Vocab.from_json` checks it
    state.json     State, whose `trainer` is checked by whoever trains (`fitting.fit.FittingState`)
    manifest.json  Listing of Entry
    metrics.jsonl  an `events.Event` a line

A file of a stranger has each field of its type and range, or it is `Damaged`, with the names of file and field.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from moreish.errors import Damaged, TooNew

T = TypeVar("T")

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0)]
Nats = Annotated[float, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Begun(msgspec.Struct, frozen=True):
    """The run that one goes on from, and what its model was then."""

    run: str
    digest: Sha256


class Source(msgspec.Struct, frozen=True, rename={"begun": "from"}):
    """The list that a run was made from."""

    name: str
    items: Count = 0
    begun: Begun | None = None


class ModelName(msgspec.Struct, frozen=True):
    """A model section, as far as a table of runs shows it; `Config.from_plain` checks the rest."""

    name: str = ""
    components: list["ModelName"] = []

    @property
    def words(self) -> str:
        """Its name, or those of its components."""
        return " + ".join(each.name for each in self.components) or self.name


class Options(msgspec.Struct, frozen=True):
    """The sections of options, which `Config.from_plain` checks."""

    model: ModelName
    recipe: str = ""


class Described(msgspec.Struct, frozen=True):
    """What `config.json` says of a run that moreish trained."""

    options: Options
    source: Source
    moreish: str = ""


class State(msgspec.Struct, frozen=True):
    """What `state.json` says of a checkpoint; `trainer` is what the trainer gave."""

    step: Count
    metrics_offset: Count
    metrics_sha256: Sha256
    config_sha256: Sha256
    vocab_sha256: Sha256
    trainer: dict[str, Any]
    val_loss: float | None = None


class Entry(msgspec.Struct, frozen=True):
    """What a manifest says of one file."""

    size: Count
    sha256: Sha256


class Listing(msgspec.Struct, frozen=True):
    """What a manifest says of all of them; `sha256` is that of all the rest."""

    files: dict[str, Entry]
    sha256: Sha256


def checked(value: object, kind: type[T], where: str) -> T:
    """`value`, which came from JSON, as `kind`. Raises Damaged, with `where` and the field, for anything else."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Damaged(f"{where} is damaged: {reason(error)}") from None


@contextmanager
def in_file(path: Path) -> Iterator[None]:
    """What is found wrong inside with what a file holds becomes Damaged, with the file where it is not named yet."""
    try:
        yield
    except TooNew:
        raise
    except ValueError as error:
        said = str(error)
        raise Damaged(said if str(path) in said else f"{path} is damaged: {said}") from None


def reason(error: Exception) -> str:
    """What is wrong, and in which field."""
    return re.sub(r" - at `(?:key in )?\$\.?(.*?)`$", r" in \1", str(error)).removesuffix(" in ")
