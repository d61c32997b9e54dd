"""What the lessons use to speak with their reader: a guess, published figures beside ours, sources, the list."""

import inspect
import os
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from moreish.data import Corpus

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Figure = float | int | str
SHORT = bool(os.environ.get("MOREISH_SHORT"))
"""Whether only few steps are wanted, as in the tests: losses are then far from the published ones."""

PUBLISHED_LIST = "names.txt"


def steps(whole: int, short: int) -> int:
    """How many steps to train: `whole`, or `short` where MOREISH_SHORT is set."""
    return short if SHORT else whole


def guess(mine: object, truth: object, what: str = "it") -> None:
    """Say how near the reader's guess was; None is no guess yet."""
    shown = f"{truth:.4g}" if isinstance(truth, float) else str(truth)
    if mine is None:
        print(f"You have not guessed yet (write a value in place of None and run the cell again): {what} is {shown}.")
    elif isinstance(truth, int | float) and isinstance(mine, int | float):
        near = abs(mine - truth) <= 0.1 * max(abs(truth), 1e-9)
        print(f"You said {mine}, {what} is {shown}: {'well seen' if near else 'a surprise is worth remembering'}.")
    else:
        same = str(mine).strip().lower() == str(truth).strip().lower()
        print(f"You said {mine}, {what} is {shown}: {'well seen' if same else 'a surprise is worth remembering'}.")


def figures(rows: Iterable[tuple[str, Figure, Figure, Figure]]) -> None:
    """A table of (what, published, ours on names.txt by `make reproduce`, here)."""
    heading = ("", "published", "ours, names.txt", "here")
    table = [heading, *(tuple(_number(cell) for cell in row) for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    for row in table:
        print(
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )


def _number(cell: Figure) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def source(*things: object) -> None:
    """Print the library's own code, where that is the explanation."""
    for thing in things:
        print(textwrap.dedent(inspect.getsource(thing)))  # type: ignore[arg-type]


def lecture_list(**options: str | int | float | None) -> Corpus:
    """The lectures' list in the lectures' split, if it was fetched; else the bundled names, saying so.

    `moreish data fetch names` fetches it once; MOREISH_DATA names the folder where it is looked for.
    """
    import moreish
    from moreish.data.sources import find

    try:
        find(PUBLISHED_LIST)
        name = PUBLISHED_LIST
    except ValueError:
        name = "names"
        print("names.txt is not here, so this is the bundled list of 13,247 names: other names, and")
        print("other figures than the lectures' (2.583 where they have 2.454).")
        print("`moreish data fetch names` fetches theirs.")
    corpus = moreish.read(name, **({"split": "lecture", "unit": "char"} | options))
    print(corpus)
    return corpus


def windows_of(corpus: Corpus, split: str, block_size: int):
    """(x, y) as torch tensors: every predicted symbol with the ids before it, see `moreish.data.batches.windows`."""
    import torch

    from moreish.data.batches import windows

    x, y = windows(corpus.split(split), block_size)
    return torch.from_numpy(x.astype(np.int64)), torch.from_numpy(y.astype(np.int64))


def axes(width: float | int = 7.2, height: float | int = 4.0, columns: int = 1):
    """Empty axes in the house style: one, or a list of several side by side."""
    from moreish.plots.curves import GRID, INK, empty_figure

    figure, first = empty_figure(width, height)
    if columns == 1:
        return first
    first.remove()
    several = list(np.atleast_1d(figure.subplots(1, columns)))
    for each in several:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(color=GRID, linewidth=0.5, alpha=0.6)
        each.tick_params(colors=INK, labelsize=9)
    return several


def plain_log(ax: "Axes", at: Sequence[float]) -> None:
    """A logarithmic y axis with these numbers at it, as people write them."""
    from matplotlib.ticker import NullFormatter

    ax.set_yscale("log")
    ax.set_yticks(at, [f"{y:g}" for y in at])
    ax.yaxis.set_minor_formatter(NullFormatter())
