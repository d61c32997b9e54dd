"""Pictures of runs, written to a file. Needs matplotlib: the extra [plots]."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

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


def empty_figure(width: float = 7.2, height: float = 4.4) -> "tuple[Figure, Axes]":
    """An empty figure in the house style and its axes. Raises ValueError where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ValueError("drawing needs matplotlib: pip install 'moreish[plots]'") from None
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.5, alpha=0.6)
    axes.tick_params(colors=INK, labelsize=9)
    return figure, axes


def save(figure: "Figure", to: Path) -> None:
    """Write a figure in the format its name says. Raises ValueError for a format that is not drawn."""
    if to.suffix.lower() not in FORMATS:
        raise ValueError(f"{to} has to end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    figure.savefig(to, dpi=150)


def plain(text: str) -> str:
    """Text that matplotlib draws as it is: a dollar sign begins no formula, and control characters are visible."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text).replace("$", r"\$")


def loss_curves(run: Run, to: Path) -> None:
    """Train and val loss over the steps with the baselines as lines. Raises ValueError where nothing was recorded.

    Each network of a mixture has lines of its own, over the steps of all. A train curve is smoothed as in the
    lectures: the mean of stretches of equal length.
    """
    lines: dict[str, float] = {}
    train: dict[int, list[Point]] = {}
    val: dict[int, list[Point]] = {}
    mixed: list[Point] = []
    for event in run.events():
        match event:
            case events.Baselines():
                lines = {name: getattr(event, name) for name in BASELINE_COLOURS}
            case events.Step(step=step, loss=float(loss)):
                train.setdefault(event.component, []).append((step, loss))
            case events.Eval(step=step, val_loss=float(loss)):
                val.setdefault(event.component, []).append((step, loss))
            case events.Mixed(step=step, val_loss=float(loss)):
                mixed.append((step, loss))
            case _:
                pass
    steps, evals = _columns(train), _columns(val)
    if not steps and not evals:
        raise ValueError(f"{run.name} has no loss curve: it was made by counting, in one go")
    figure, axes = empty_figure()
    stretch = max(1, sum(len(x) for x, _ in steps) // 200)
    for i, (x, y) in enumerate(steps):
        whole = len(x) // stretch * stretch
        axes.plot(x, y, color=COLOURS["train"], alpha=0.25, linewidth=0.8)
        x_mean, y_mean = x[:whole].reshape(-1, stretch)[:, -1], y[:whole].reshape(-1, stretch).mean(1)
        axes.plot(x_mean, y_mean, color=COLOURS["train"], linewidth=1.4, label=None if i else "train (smoothed)")
    for i, (x, y) in enumerate(evals):
        axes.plot(x, y, color=COLOURS["val"], marker="o", markersize=3, linewidth=1.8, label=None if i else "val")
    right = max(x[-1] for x, _ in [*steps, *evals])
    for name, colour in BASELINE_COLOURS.items():
        if name in lines:
            axes.axhline(lines[name], color=colour, linewidth=1, linestyle=(0, (4, 3)))
            label = f" {name} {lines[name]:.3f}"
            axes.annotate(label, (right, lines[name]), color=colour, fontsize=8, va="bottom", ha="right")
    if mixed:
        axes.plot(*zip(*mixed, strict=True), "*-", color="#dc2626", markersize=11, label="mixture, val")
    shown = [loss for _, y in evals or steps for loss in y] + [loss for _, loss in mixed]
    _limits(axes, shown, lines)
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel("loss (nats a symbol)", color=INK)
    axes.set_title(plain(run.name), color=INK, loc="left", fontsize=11)
    axes.legend(loc="upper center", framealpha=0.9, edgecolor="white", fontsize=9, labelcolor=INK)
    save(figure, to)


def _columns(curves: Mapping[int, list[Point]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Steps and values of each network."""
    columns = (np.array(points).T for points in curves.values())
    return [(x, y) for x, y in columns]


def _limits(axes: "Axes", losses: list[float], lines: Mapping[str, float]) -> None:
    """Leave out the cliff of the first steps: what is worth seeing lies below the unigram line."""
    shown = [*losses, *lines.values()]
    low, high = min(shown), max(shown)
    axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
