"""The picture of a run's losses, and what all pictures share. Needs matplotlib: the extra [plots].

Every picture is a function that takes `ax=`, the axes to draw on, and returns the axes that it drew on: in a notebook
`axes.figure` is the picture. Without `ax` it makes a figure of its own.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from moreish.errors import how_to_install
from moreish.runs import events
from moreish.runs.folder import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID = "#334155", "#cbd5e1"
COLOURS = {"train": "#94a3b8", "val": "#0f766e"}
BASELINE_COLOURS = {"uniform": "#9ca3af", "unigram": "#b45309", "bigram": "#be185d", "ngram": "#6d28d9"}
Point = tuple[int, float]  # step, loss
FORMATS = (".png", ".svg", ".pdf")
CLIFF = 1.5  # times the highest baseline: from there on a first loss takes the scale of all others


def check_installed() -> None:
    """Raises ValueError without matplotlib."""
    if find_spec("matplotlib") is None:
        raise ValueError(f"drawing needs matplotlib: {how_to_install('plots')}")


def empty_figure(width: float = 7.2, height: float = 4.4) -> "tuple[Figure, Axes]":
    """An empty figure in the house style and its axes. Raises ValueError where matplotlib is missing."""
    check_installed()
    figure_class, axes_class = _shown()
    figure = figure_class(figsize=(width, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot(axes_class=axes_class)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.5, alpha=0.6)
    axes.tick_params(colors=INK, labelsize=9)
    return figure, axes


@cache
def _shown() -> "tuple[type[Figure], type[Axes]]":
    """Figure and Axes that a notebook shows as the last line of a cell, with pyplot or without."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            to = BytesIO()
            self.savefig(to, format="png", dpi=110)
            return to.getvalue()

    class ShownAxes(Axes):
        def _repr_png_(self) -> bytes:
            figure = self.get_figure(root=True)
            return figure._repr_png_() if isinstance(figure, ShownFigure) else b""

    return ShownFigure, ShownAxes


def canvas(ax: "Axes | None", width: float = 7.2, height: float = 4.4) -> "Axes":
    """The axes to draw on: those that were handed in, or those of a new figure."""
    return empty_figure(width, height)[1] if ax is None else ax


def figure_of(axes: "Axes") -> "Figure":
    """The whole figure that these axes stand in, also where they stand in a part of it."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def apart(places: Sequence[float], gap: float) -> list[float]:
    """The same heights moved as little as possible, so that any two are at least `gap` apart, in the same order.

    Heights that touch stand around their common middle: the pools of isotonic regression.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    pools: list[list[float]] = []  # [sum of (height - its place in the pool * gap), how many]
    for rank, i in enumerate(order):
        pools.append([places[i] - rank * gap, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1] = [pools[-1][0] + total, pools[-1][1] + count]
    means = [total / count for total, count in pools for _ in range(int(count))]
    moved = dict(zip(order, (mean + rank * gap for rank, mean in enumerate(means)), strict=True))
    return [moved[i] for i in range(len(places))]


def save(figure: "Figure", to: Path) -> None:
    """Write a figure in the format its name says. Raises ValueError for a format that is not drawn."""
    if to.suffix.lower() not in FORMATS:
        raise ValueError(f"{to} has to end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    figure.savefig(to, dpi=150)


def plain(text: str) -> str:
    """Text that matplotlib draws as it is: a dollar sign begins no formula, and control characters are visible."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text).replace("$", r"\$")


def loss_curves(run: Run, to: Path) -> None:
    """`loss`, written to a file."""
    save(figure_of(loss(run)), to)


class Recorded(NamedTuple):
    """What a run recorded of its losses: per network of a mixture train and val, the mixture, the baselines."""

    train: dict[int, list[Point]]
    val: dict[int, list[Point]]
    mixed: list[Point]
    baselines: dict[str, float]


def recorded(run: Run) -> Recorded:
    """The losses in the events of a run."""
    found = Recorded({}, {}, [], {})
    for event in run.events():
        match event:
            case events.Baselines():
                found.baselines.update({name: getattr(event, name) for name in BASELINE_COLOURS})
            case events.Step(step=step, loss=float(loss)):
                found.train.setdefault(event.component, []).append((step, loss))
            case events.Eval(step=step, val_loss=float(loss)):
                found.val.setdefault(event.component, []).append((step, loss))
            case events.Mixed(step=step, val_loss=float(loss)):
                found.mixed.append((step, loss))
            case _:
                pass
    return found


def loss(run: Run, *, ax: "Axes | None" = None) -> "Axes":
    """Train and val loss over the steps with the baselines as lines. Raises ValueError where nothing was recorded.

    Each network of a mixture has lines of its own, over the steps of all. A train curve stands there raw, and beside
    it smoothed as in the lectures: the mean of stretches of equal length. The first loss is never cut off: where it
    is far above all that follows, the scale is logarithmic.
    """
    found = recorded(run)
    steps, evals = _columns(found.train), _columns(found.val)
    if not steps and not evals:
        raise ValueError(f"{run.name} has no loss curve: it was made by counting, in one go")
    axes = canvas(ax)
    stretch = max(1, sum(len(x) for x, _ in steps) // 200)
    for i, (x, y) in enumerate(steps):
        whole = len(x) // stretch * stretch
        raw = None if i or stretch == 1 else "train"
        axes.plot(x, y, color=COLOURS["train"], alpha=0.35, linewidth=0.8, label=raw)
        x_mean, y_mean = x[:whole].reshape(-1, stretch)[:, -1], y[:whole].reshape(-1, stretch).mean(1)
        smoothed = "train" if stretch == 1 else "train, smoothed"
        axes.plot(x_mean, y_mean, color=COLOURS["train"], linewidth=1.4, label=None if i else smoothed)
    for i, (x, y) in enumerate(evals):
        axes.plot(x, y, color=COLOURS["val"], marker="o", markersize=3, linewidth=1.8, label=None if i else "val")
    if found.mixed:
        axes.plot(*zip(*found.mixed, strict=True), "*-", color="#dc2626", markersize=11, label="mixture, val")
    shown = [value for _, y in [*steps, *evals] for value in y] + [value for _, value in found.mixed]
    _limits(axes, shown, found.baselines)
    _baselines(axes, found.baselines, max(x[-1] for x, _ in [*steps, *evals]))
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel("loss (nats a symbol)", color=INK)
    axes.set_title(plain(run.name), color=INK, loc="left", fontsize=11)
    axes.legend(loc="upper center", framealpha=0.9, edgecolor="white", fontsize=9, labelcolor=INK)
    return axes


def _baselines(axes: "Axes", lines: Mapping[str, float], right: float) -> None:
    """A dashed line each, and its name at the right, moved where two would overlap."""
    for name, height in lines.items():
        axes.axhline(height, color=BASELINE_COLOURS[name], linewidth=1, linestyle=(0, (4, 3)))
    names = list(lines)
    shares = [float((axes.transScale + axes.transLimits).transform((right, lines[name]))[1]) for name in names]
    for name, share in zip(names, apart(shares, 0.045), strict=True):
        label = f" {name} {lines[name]:.3f}"
        colour = BASELINE_COLOURS[name]
        axes.annotate(
            label, (0.995, share), xycoords="axes fraction", color=colour, fontsize=8, va="bottom", ha="right"
        )


def _columns(curves: Mapping[int, list[Point]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Steps and values of each network."""
    columns = (np.array(points).T for points in curves.values())
    return [(x, y) for x, y in columns]


def _limits(axes: "Axes", losses: list[float], lines: Mapping[str, float]) -> None:
    """All that was recorded is inside; logarithmic where most of the height would go to the cliff at the start."""
    shown = [value for value in [*losses, *lines.values()] if np.isfinite(value)]
    low, high = min(shown), max(shown)
    if low > 0 and lines and high > CLIFF * max(lines.values()):
        axes.set_yscale("log")
        axes.set_ylim(low / (high / low) ** 0.06, high * (high / low) ** 0.06)
    else:
        axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
