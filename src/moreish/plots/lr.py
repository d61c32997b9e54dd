"""The picture of a learning-rate range test."""

from pathlib import Path
from typing import TYPE_CHECKING

from moreish.plots.curves import INK, canvas, figure_of, save
from moreish.training.find_lr import RangeTest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSS, SLOPE, CHOSEN = "#0f766e", "#b45309", "#dc2626"


def range_test(test: RangeTest, to: Path) -> None:
    """`learning_rates`, written to a file."""
    save(figure_of(learning_rates(test)), to)


def learning_rates(test: RangeTest, *, ax: "Axes | None" = None) -> "Axes":
    """Loss over the learning rate (mean and band of all seeds), its slope, and the suggestion as a line."""
    axes = canvas(ax)
    rates = 10.0**test.exponents
    low, high = test.band
    mean = test.smoothed.mean(0)
    axes.fill_between(rates, low, high, color=LOSS, alpha=0.18, linewidth=0, label=f"{len(test.losses)} seeds")
    axes.plot(rates, mean, color=LOSS, linewidth=1.8, label="mean loss (smoothed)")
    axes.axvline(test.lr, color=CHOSEN, linewidth=1.2)
    axes.annotate(f" {test.lr:.2g}", (test.lr, mean.max()), color=CHOSEN, fontsize=10, va="top")
    axes.set_xscale("log")
    height = mean[0] - mean.min()
    axes.set_ylim(mean.min() - 0.1 * height, mean[0] + 0.3 * height)
    axes.set_xlabel("learning rate", color=INK)
    axes.set_ylabel("loss (nats a symbol)", color=INK)
    slope = axes.twinx()
    slope.plot(rates, test.slope, color=SLOPE, linewidth=0.9, alpha=0.7)
    slope.axhline(0, color=SLOPE, linewidth=0.5, linestyle=":")
    steepest = abs(float(test.slope.min())) or 1.0
    slope.set_ylim(-2 * steepest, 2 * steepest)
    slope.set_ylabel("slope (nats for ten times the rate)", color=SLOPE, fontsize=9)
    slope.spines[["top"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left")
    return axes
