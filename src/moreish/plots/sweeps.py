"""Pictures of a sweep: every trial as a line through its options, and how much each option matters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from moreish.plots.curves import INK, empty_figure, save

COLOURS = "viridis"
MARGIN = 0.04
Scale = Literal["linear", "log", "even"]


def parallel_coordinates(
    rows: Sequence[tuple[Mapping[str, Any], float]], scales: "Mapping[str, Scale]", to: Path
) -> None:
    """Each trial is a line from option to option to its val loss, the better the darker and the more in front.

    `scales` says of each option how it is drawn, losses to scale. Raises ValueError where matplotlib is missing.
    """
    names = list(scales)
    figure, axes = empty_figure(max(5.0, 1.6 * (len(names) + 1)), 4.4)
    from matplotlib import colormaps

    columns = [axis([values.get(name) for values, _ in rows], scale) for name, scale in scales.items()]
    losses = np.array([loss for _, loss in rows])
    columns.append(axis(losses.tolist(), "linear"))
    places = np.stack([column.places for column in columns], 1)  # (trials, axes)
    rank = np.argsort(np.argsort(losses)) / max(1, len(losses) - 1)
    for i in np.argsort(-losses):
        colour = colormaps[COLOURS](0.05 + 0.85 * rank[i])
        axes.plot(places[i], color=colour, alpha=0.9 if rank[i] < 0.2 else 0.4, linewidth=1.6)
    for x, column in enumerate(columns):
        axes.axvline(x, color=INK, linewidth=0.8)
        for place, label in column.ticks:
            axes.annotate(label, (x, place), (3, 0), "data", "offset points", fontsize=8, color=INK, va="center")
    axes.grid(visible=False)
    axes.set_xticks(range(len(columns)), [*names, "val loss"], fontsize=9, color=INK)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-MARGIN, 1 + MARGIN)
    axes.set_xlim(-0.15, len(columns) - 1 + 0.5)
    save(figure, to)


class Axis:
    """Where each trial stands on one axis, from 0 to 1, and what is written beside it."""

    def __init__(self, places: np.ndarray, ticks: list[tuple[float, str]]) -> None:
        self.places, self.ticks = places, ticks


def axis(values: Sequence[Any], scale: Scale) -> Axis:
    """Numbers to scale, or by their logarithm; choices evenly spaced, numbers among them in their order."""
    log = scale == "log"
    if scale == "even":
        numbers = all(isinstance(value, int | float) for value in values)
        kinds = [str(value) for value in sorted(set(values))] if numbers else sorted({str(v) for v in values})
        at = {kind: (i + 0.5) / len(kinds) for i, kind in enumerate(kinds)}
        return Axis(np.array([at[str(value)] for value in values]), [(place, kind) for kind, place in at.items()])
    scaled = np.log(np.array(values, float)) if log else np.array(values, float)
    low, high = float(scaled.min()), float(scaled.max())
    spread = high - low or 1.0
    ticks = np.linspace(low, high, 5) if high > low else np.array([low])
    shown = np.exp(ticks) if log else ticks
    labels = [((t - low) / spread, f"{value:.3g}") for t, value in zip(ticks, shown, strict=True)]
    return Axis((scaled - low) / spread, labels)


def importances(shares: Mapping[str, float], to: Path) -> None:
    """A bar for each option, the one that matters most on top."""
    figure, axes = empty_figure(6.4, 1.2 + 0.4 * len(shares))
    ordered = sorted(shares.items(), key=lambda pair: pair[1])
    axes.barh([name for name, _ in ordered], [share for _, share in ordered], color="#0f766e", height=0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of what makes a trial good", color=INK)
    save(figure, to)
