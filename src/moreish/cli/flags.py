"""The flags that several commands share, each declared once. A group of flags names the section that it fills."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from cyclopts import Parameter, Token

if TYPE_CHECKING:
    from moreish.data.sources import Files

UNITS = {"s": 1, "m": 60, "h": 3600}


def whole(_: object, tokens: Sequence[Token]) -> int:
    """A whole number: `2.5` is none. Raises ValueError for anything else."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a whole number') from None


def how_many(_: object, tokens: Sequence[Token]) -> int:
    """A whole number from 0 on. Raises ValueError for anything else."""
    count = whole(_, tokens)
    if count < 0:
        raise ValueError(f'"{count}" is less than nothing: a whole number from 0 on is wanted')
    return count


def number(_: object, tokens: Sequence[Token]) -> float:
    """A number. Raises ValueError for anything else."""
    text = tokens[0].value
    try:
        return float(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a number') from None


def file(_: object, tokens: Sequence[Token]) -> str:
    """A file's name, or "-"; what else begins with a dash was meant as an option. Raises ValueError for it."""
    name = tokens[0].value
    if name.startswith("-") and name != "-":
        raise ValueError(f'"{name}" is no file: put ./ before a name that begins with a dash')
    return name


def seconds(_: object, tokens: Sequence[Token]) -> float:
    """`90`, `30s`, `10m`, `2h` or `1.5h` as seconds. Raises ValueError for anything else."""
    text = tokens[0].value
    amount, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    try:
        length = float(amount) * UNITS[unit]
    except ValueError:
        length = -1.0
    if not 0 <= length < 1e9:
        raise ValueError(f'"{text}" is not a length of time: write 30s, 10m or 2h')
    return length


File = Annotated[str, Parameter(allow_leading_hyphen=True, converter=file)]
"""A path, the name of a bundled list, or "-", which looks like an option to the parser."""

Whole = Annotated[int, Parameter(converter=whole)]
Json = Annotated[bool, Parameter(help="One JSON object a line on stdout, and nothing else there.", negative=())]
Quiet = Annotated[bool, Parameter(alias="-q", help="No progress.", negative=())]
Seed = Annotated[int | None, Parameter(help="Where chance starts from; 0 unless said.", converter=whole)]
AnySeed = Annotated[
    int | None, Parameter(help="Where chance starts from; other items each time without it.", converter=whole)
]
Root = Annotated[Path, Parameter(help="The folder that holds runs.", env_var="MOREISH_RUNS")]
Count = Annotated[int, Parameter(alias="-n", help="How many items.", converter=how_many)]
Seconds = Annotated[
    float | None, Parameter(help="How long to train: 30s, 10m, 2h.", metavar="TIME", converter=seconds)
]
Background = Annotated[
    str | None,
    Parameter(
        help="The net that knows what things are called, for few items: bundled, none, or the folder of another.",
    ),
]
Out = Annotated[Path | None, Parameter(help="The folder of the new run, instead of one under runs.")]
Picture = Annotated[Path | None, Parameter(help="The picture's file, .png or .svg.")]
Set = Annotated[
    list[str] | None,
    Parameter(
        help="Any option of the configuration, such as --set model.n_hidden=300; laid over all else.", negative=()
    ),
]
DEFAULT_ROOT = Path("runs")


def sources_of(files: Sequence[str]) -> "str | Files":
    """What is to be read: a file, several as one list, or where none is named the bundled names."""
    from moreish.data.sources import Files

    return Files(tuple(files)) if len(files) > 1 else next(iter(files), "names")


class Group:
    """Flags that belong together, of one section of a configuration; those that are None were not given."""

    section: ClassVar[str] = ""

    def given(self) -> dict[str, Any]:
        """The flags that were given, as options of the section."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # pyright: ignore[reportArgumentType]
        return {name: value for name, value in values.items() if value is not None}


@Parameter(name="*")
@dataclass(frozen=True)
class Reading(Group):
    """How a file is read."""

    section: ClassVar[str] = "data"

    split: Annotated[
        Literal["hash", "lecture"] | None,
        Parameter(
            help="How val and test are set aside: by a keyed hash of each item, or shuffled as in the lectures."
        ),
    ] = None
    unit: Annotated[
        Literal["auto", "char", "grapheme", "word"] | None,
        Parameter(
            help="What a symbol is: a code point, what the eye takes for one letter, or a word; unless said, "
            "the first of these that breaks no letters."
        ),
    ] = None
    column: Annotated[str | None, Parameter(help="The items' column of a CSV or JSON file: name, or number.")] = None
    by: Annotated[
        str | None,
        Parameter(help='The column that says of what kind each item is; "file" makes each file a kind.'),
    ] = None
    weight: Annotated[
        str | None, Parameter(help="The column of numbers that say how often each item counts: name, or number.")
    ] = None
    text: Annotated[
        bool | None, Parameter(help="The file is one running text, split by position, not a list.", negative=())
    ] = None
    encoding: Annotated[str | None, Parameter(help="How the file's bytes are to be read; UTF-8 unless said.")] = None


READING = Reading()


@Parameter(name="*")
@dataclass(frozen=True)
class Training(Group):
    """How a network is trained; everything else is reached with `--set train.OPTION=VALUE`."""

    section: ClassVar[str] = "train"

    steps: Annotated[int | None, Parameter(help="Updates of the parameters.", converter=whole)] = None
    time_budget: Seconds = None
    batch_size: Annotated[int | None, Parameter(help="Items, or windows, in a batch.", converter=whole)] = None
    lr: Annotated[float | None, Parameter(help="The learning rate at its highest.", converter=number)] = None
    backward: Annotated[
        Literal["autograd", "by-hand", "fused"] | None, Parameter(help="Who derives the gradients.")
    ] = None
    doctor: Annotated[
        bool | None, Parameter(help="Watch the network, and say what is wrong with it.", negative=())
    ] = None


TRAINING = Training()


@Parameter(name="*")
@dataclass(frozen=True)
class Drawing(Group):
    """How the symbols of an item are drawn: options of `Sampling`."""

    temperature: Annotated[
        float | None,
        Parameter(
            help="Below 1 plays safe, above 1 dares; 0 always takes the likeliest symbol; 1 unless said.",
            converter=number,
        ),
    ] = None
    top_k: Annotated[int | None, Parameter(help="Draw each symbol from the k likeliest only.", converter=whole)] = (
        None
    )
    top_p: Annotated[
        float | None,
        Parameter(help="Draw each symbol from the likeliest that together hold this share.", converter=number),
    ] = None
    min_p: Annotated[
        float | None,
        Parameter(
            help="Leave out symbols less likely than this share of the likeliest one; 0.07 for blends and "
            "mixtures unless said, and 0 leaves none out.",
            converter=number,
        ),
    ] = None
    max_length: Annotated[
        int | None,
        Parameter(
            help="Whole items of at most so many symbols; of a running text, where samples are cut.", converter=whole
        ),
    ] = None


DRAWING = Drawing()


@Parameter(name="*")
@dataclass(frozen=True)
class Earlier(Group):
    """The run that a training begins from, goes on with, or does again."""

    begin_from: Annotated[
        str | None,
        Parameter(
            name="--from",
            help="A run on another list: its model goes on with this list, whose new symbols and kinds are added.",
        ),
    ] = None
    resume: Annotated[
        str | None, Parameter(help="Go on with this interrupted run instead of starting a new one.")
    ] = None
    replay: Annotated[
        str | None,
        Parameter(help="Do again what this run did, also what somebody changed while it trained, in a new run."),
    ] = None
    inexact: Annotated[
        bool,
        Parameter(
            help="Resume also where torch or the machine differ, so that the result is not the same bit for bit.",
            negative=(),
        ),
    ] = False


EARLIER = Earlier()


@Parameter(name="*")
@dataclass(frozen=True)
class Ruling(Group):
    """What every item must do: options of `Rules`."""

    starts_with: Annotated[str | None, Parameter(help="How every item begins.")] = None
    ends_with: Annotated[str | None, Parameter(help="How every item ends.")] = None
    contains: Annotated[
        list[str] | None, Parameter(help="What every item has in it; may be given several times.", negative=())
    ] = None
    length: Annotated[
        str | None,
        Parameter(help="How many symbols every item has: 4-8, 6, 4- or -8.", allow_leading_hyphen=True),
    ] = None
    pattern: Annotated[
        str | None, Parameter(help="What every item looks like: Ka__a*, where _ is one symbol and * any number.")
    ] = None
    regex: Annotated[str | None, Parameter(help="A regular expression that matches every item as a whole.")] = None
    only: Annotated[str | None, Parameter(help="The symbols that may occur, such as a-z.")] = None
    without: Annotated[str | None, Parameter(help="Symbols that must not occur.")] = None
    not_in: Annotated[
        list[str] | None, Parameter(help="A list of which no item may come; may be given several times.", negative=())
    ] = None

    def given(self) -> dict[str, Any]:
        """The rules that were given; lists as tuples, without the files of `not_in`. Raises ValueError if empty."""
        found = {name: value for name, value in super().given().items() if name != "not_in"}
        for name, value in found.items():
            if not value or (isinstance(value, list) and "" in value):
                raise ValueError(f"--{name.replace('_', '-')} is empty: say what is wanted, or leave it out")
        return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


RULING = Ruling()


@Parameter(name="*")
@dataclass(frozen=True)
class Choosing(Group):
    """Which of the items that do all that are given: options of `Request`."""

    best: Annotated[
        bool | None, Parameter(help="The most probable items in order, instead of random ones.", negative=())
    ] = None
    new_only: Annotated[bool | None, Parameter(help="Leave out what the list already has.", negative=())] = None
    new_by: Annotated[
        int | None, Parameter(help="Only what is so many edits away from every item of the list.", converter=whole)
    ] = None
    apart: Annotated[
        int | None, Parameter(help="No two items within so many edits of each other.", converter=whole)
    ] = None


CHOOSING = Choosing()
