"""The flags that several commands share, each declared once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Json = Annotated[bool, Parameter(help="One JSON object a line on stdout, and nothing else there.", negative=())]
Quiet = Annotated[bool, Parameter(alias="-q", help="No progress.", negative=())]
Seed = Annotated[int, Parameter(help="Where chance starts from.")]
Root = Annotated[Path, Parameter(help="The folder that holds runs.", env_var="MOREISH_RUNS")]
Count = Annotated[int, Parameter(alias="-n", help="How many items.")]
Seconds = Annotated[str | None, Parameter(help="How long to train: 30s, 10m, 2h.")]
Out = Annotated[Path | None, Parameter(help="The folder of the new run, instead of one under runs.")]
Picture = Annotated[Path | None, Parameter(help="The picture's file, .png or .svg.")]
DEFAULT_ROOT = Path("runs")


@Parameter(name="*")
@dataclass(frozen=True)
class Reading:
    """How a file is read."""

    split: Annotated[
        Literal["hash", "lecture"] | None,
        Parameter(
            help="How val and test are set aside: by a keyed hash of each item, or shuffled as in the lectures."
        ),
    ] = None
    unit: Annotated[
        Literal["char", "grapheme", "word"] | None,
        Parameter(help="What a symbol is: a code point, what the eye takes for one letter, or a word."),
    ] = None
    text: Annotated[
        bool | None, Parameter(help="The file is one running text, split by position, not a list.", negative=())
    ] = None
    encoding: Annotated[str | None, Parameter(help="How the file's bytes are to be read; UTF-8 unless said.")] = None
    set: Annotated[
        list[str] | None,
        Parameter(help="Any option of the configuration, such as --set model.n_hidden=300.", negative=()),
    ] = None


READING = Reading()


@Parameter(name="*")
@dataclass(frozen=True)
class Training:
    """How a network is trained; everything else is reached with `--set train.OPTION=VALUE`."""

    steps: Annotated[int | None, Parameter(help="Updates of the parameters.")] = None
    time_budget: Seconds = None
    batch_size: Annotated[int | None, Parameter(help="Items, or windows, in a batch.")] = None
    lr: Annotated[float | None, Parameter(help="The learning rate at its highest.")] = None
    backward: Annotated[
        Literal["autograd", "by-hand", "fused"] | None, Parameter(help="Who derives the gradients.")
    ] = None
    doctor: Annotated[
        bool | None, Parameter(help="Watch the network, and say what is wrong with it.", negative=())
    ] = None


TRAINING = Training()
