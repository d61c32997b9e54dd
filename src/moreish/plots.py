"""Pictures of runs, written to a file. Needs matplotlib: the extra [plots]."""

from pathlib import Path
from typing import Any

import numpy as np

from moreish.run import Run

INK, GRID = "#334155", "#cbd5e1"
COLOURS = {"train": "#94a3b8", "val": "#0f766e"}
BASELINE_COLOURS = {"uniform": "#9ca3af", "unigram": "#b45309", "bigram": "#be185d", "ngram": "#6d28d9"}
FORMATS = (".png", ".svg", ".pdf")


def figure(width: float = 7.2, height: float = 4.4) -> Any:
    """An empty figure in the house style and its axes. Raises ValueError where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ValueError("drawing needs matplotlib: pip install 'moreish[plots]'") from None
    made = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = made.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.5, alpha=0.6)
    axes.tick_params(colors=INK, labelsize=9)
    return made, axes


def save(made: Any, to: Path) -> None:
    """Write a figure in the format its name says. Raises ValueError for a format that is not drawn."""
    if to.suffix.lower() not in FORMATS:
        raise ValueError(f"{to} has to end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    made.savefig(to, dpi=150)


def loss_curves(run: Run, to: Path) -> None:
    """Train and val loss over the steps with the baselines as lines. Raises ValueError where nothing was recorded.

    The train curve is smoothed as in the lectures: the mean of stretches of equal length.
    """
    steps = [(r["step"], r["loss"]) for r in run.records("step") if r["loss"] is not None]
    evals = [(r["step"], r["val_loss"]) for r in run.records("eval") if r["val_loss"] is not None]
    lines = next(iter(run.records("baselines")), {})
    mixed = [(r["step"], r["val_loss"]) for r in run.records("mixed") if r["val_loss"] is not None]
    if not steps and not evals:
        raise ValueError(f"{run.name} has no loss curve: it was made by counting, in one go")
    made, axes = figure()
    if steps:
        x, y = np.array(steps).T
        stretch = max(1, len(x) // 200)
        whole = len(x) // stretch * stretch
        axes.plot(x, y, color=COLOURS["train"], alpha=0.25, linewidth=0.8)
        x_mean, y_mean = x[:whole].reshape(-1, stretch)[:, -1], y[:whole].reshape(-1, stretch).mean(1)
        axes.plot(x_mean, y_mean, color=COLOURS["train"], linewidth=1.4, label="train (smoothed)")
    if evals:
        x, y = np.array(evals).T
        axes.plot(x, y, color=COLOURS["val"], marker="o", markersize=3, linewidth=1.8, label="val")
    right = max(s for s, _ in [*steps, *evals])
    for name, colour in BASELINE_COLOURS.items():
        if name in lines:
            axes.axhline(lines[name], color=colour, linewidth=1, linestyle=(0, (4, 3)))
            label = f" {name} {lines[name]:.3f}"
            axes.annotate(label, (right, lines[name]), color=colour, fontsize=8, va="bottom", ha="right")
    if mixed:
        axes.plot(*zip(*mixed, strict=True), "*-", color="#dc2626", markersize=11, label="mixture, val")
    _limits(axes, [y for _, y in [*evals, *mixed]] or [y for _, y in steps], lines)
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel("loss (nats a symbol)", color=INK)
    axes.set_title(run.name, color=INK, loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK)
    save(made, to)


def _limits(axes: Any, losses: list[float], lines: dict[str, Any]) -> None:
    """Leave out the cliff of the first steps: what is worth seeing lies below the unigram line."""
    shown = [*losses, *(v for k, v in lines.items() if k in BASELINE_COLOURS)]
    low, high = min(shown), max(shown)
    axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
