"""Pictures of what happens inside a network, as in the lecture on activations, gradients and BatchNorm.

Distributions are those of one batch of train, with the weights of the best checkpoint; update ratios over time are
those that a doctor measured while the run was trained.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from moreish.data import Split
from moreish.doctor import Inside, Traced, inside
from moreish.doctor.frames import saturation
from moreish.doctor.frames.operations import KINDS, RECTIFIED
from moreish.doctor.frames.quantities import USUAL_RATIO
from moreish.inference.network import module_of
from moreish.models.contract import LanguageModel
from moreish.plots.curves import GRID, INK, empty_figure, save
from moreish.training.loop import batches_for
from moreish.training.options import TrainOptions
from moreish.training.steps import token_loss

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 20, 100  # at least, at most; in between the root of the count
MOST_CURVES = 12
EXAMPLES, UNITS = 48, 200  # of the map of stuck units
Ratios = Mapping[str, Sequence[tuple[float, float]]]


class Curve(NamedTuple):
    """The numbers of one layer or parameter, and what the legend says beside its name."""

    name: str
    values: Tensor
    summary: str


def look(model: LanguageModel, split: Split, options: TrainOptions, seed: int) -> Inside:
    """What the first batch of train does in this model, which is a network."""
    module = module_of(model)
    batch = next(iter(batches_for(module, split, options, seed).epoch(0)))
    idx, targets = (torch.from_numpy(a.astype(np.int64)) for a in (batch.x, batch.y))
    return inside(module, idx, lambda logits: token_loss(logits, targets))


def draw(title: str, seen: Inside, ratios: Ratios, to: Callable[[str], Path]) -> Iterator[Path]:
    """Every picture for which there is something to show, each saved where `to` puts its name."""
    for name, figure in figures(title, seen, ratios).items():
        save(figure, to(name))
        yield to(name)


def figures(title: str, seen: Inside, ratios: Ratios | None = None) -> "dict[str, Figure]":
    """activations, gradients, saturation, weight-gradients, updates: those for which there is something to show."""
    layers = activations(seen)
    weights = [_of_weight(name, *pair) for name, pair in seen.weights.items() if pair[0].dim() > 1]
    drawn = {
        "activations": _densities(f"{title}: activations", "activation", [_of_output(t) for t in layers]),
        "gradients": _densities(
            f"{title}: gradients of the activations",
            "d loss / d activation",
            [_of_gradient(t) for t in layers if t.gradient is not None],
        ),
        "saturation": _maps(title, [t for t in layers if stuck(t) is not None]),
        "weight-gradients": _densities(f"{title}: gradients of the weights", "d loss / d weight", weights),
        "updates": _over_time(f"{title}: size of the updates", ratios or {}),
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def activations(seen: Inside) -> list[Traced]:
    """The nonlinearities; without any, the recurrent layers; without those, every layer that has a gradient.

    A layer that is called several times, as a cell for every step of time, is one layer.
    """
    for wanted in ("activation", "recurrent", None):
        named: dict[str, list[Traced]] = {}
        for t in seen.layers:
            if (wanted is None or KINDS.get(t.op) == wanted) and t.output.dim() > 1:
                named.setdefault(t.layer, []).append(t)
        if named:
            return [_joined(calls) for calls in named.values()]
    return []


def _joined(calls: list[Traced]) -> Traced:
    if len(calls) == 1:
        return calls[0]
    gradients = [t.gradient.flatten() for t in calls if t.gradient is not None]
    rows = torch.cat([t.output.flatten(0, -2) for t in calls])
    return Traced(calls[0].layer, calls[0].op, rows, torch.cat(gradients) if gradients else None)


def stuck(layer: Traced) -> Tensor | None:
    """(examples, units): which outputs are at an end of their range, as the doctor means it; None without an end."""
    return saturation.stuck(layer.op, layer.output.flatten(0, -2))


def _of_output(layer: Traced) -> Curve:
    y, way = layer.output, saturation.distance(layer.op, layer.output)
    word = "at 0" if layer.op in RECTIFIED else "saturated"
    share = "" if way is None else f", {word} {(way > saturation.saturation(layer.op)).float().mean().item():.2%}"
    return Curve(f"{layer.layer} ({layer.op})", y, f"mean {y.mean().item():+.2f}, std {y.std().item():.2f}{share}")


def _of_gradient(layer: Traced) -> Curve:
    assert layer.gradient is not None
    return Curve(f"{layer.layer} ({layer.op})", layer.gradient, f"std {layer.gradient.std().item():.2e}")


def _of_weight(name: str, values: Tensor, gradient: Tensor) -> Curve:
    ratio = gradient.std().item() / max(values.std().item(), 1e-30)
    return Curve(f"{name} {tuple(values.shape)}", gradient, f"std {gradient.std().item():.1e}, grad:data {ratio:.1e}")


def _colours(count: int) -> list[tuple[float, float, float, float]]:
    """From the first layer to the last, dark to light."""
    from matplotlib import colormaps

    return [colormaps["viridis"](0.9 * k / max(count - 1, 1)) for k in range(count)]


def _densities(title: str, what: str, curves: list[Curve]) -> "Figure | None":
    """Densities over one axis, which leaves out the last half percent of a curve, or more of one far wider."""
    curves = curves[:MOST_CURVES]
    if not curves:
        return None
    figure, axes = empty_figure(9.6, 4.6)
    bins = int(np.clip(np.median([c.values.numel() for c in curves]) ** 0.5, *BINS))
    ends = [float(np.quantile(np.abs(_finite(c.values)), 0.995)) for c in curves]
    limit = min(max(ends), 2 * float(np.median(ends))) or 1.0
    for (name, values, summary), colour in zip(curves, _colours(len(curves)), strict=True):
        numbers = _finite(values)
        density, edges = np.histogram(numbers, bins, (-limit, limit))
        density = density / (len(numbers) * (edges[1] - edges[0]))
        middle = (edges[1:] + edges[:-1]) / 2
        axes.plot(middle, density, color=colour, linewidth=1.4, label=f"{_plain(name)}: {summary}")
    _labelled(axes, title, what, "density")
    return figure


def _finite(values: Tensor) -> np.ndarray:
    flat = values.detach().flatten().float().numpy()
    return flat[np.isfinite(flat)]


def _maps(title: str, layers: list[Traced]) -> "Figure | None":
    """One map a layer: examples downwards, units across, white where a unit is stuck; a white column is dead."""
    layers = layers[:MOST_CURVES]
    if not layers:
        return None
    figure, first = empty_figure(10.0, 0.7 + 1.9 * len(layers))
    first.remove()
    for k, layer in enumerate(layers):
        is_stuck = stuck(layer)
        assert is_stuck is not None
        axes = figure.add_subplot(len(layers), 1, k + 1)
        shown = is_stuck[:EXAMPLES, :UNITS].numpy()
        axes.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
        beyond = "0" if layer.op in RECTIFIED else f"beyond {saturation.STUCK:g} of the range"
        dead = int(is_stuck.all(0).sum())
        words = (
            f"{layer.layer}: {is_stuck.float().mean().item():.2%} {beyond}, {dead} of {is_stuck.shape[1]} units dead"
        )
        axes.set_title(_plain(words), color=INK, fontsize=9, loc="left")
        axes.tick_params(colors=INK, labelsize=7)
        axes.set_ylabel("example", color=INK, fontsize=8)
        axes.spines[:].set_color(GRID)
    figure.axes[-1].set_xlabel("unit (white: stuck on this example; a white column: dead in this batch)", color=INK)
    figure.suptitle(_plain(f"{title}: stuck units"), color=INK, fontsize=11, x=0.01, ha="left")
    return figure


def _over_time(title: str, ratios: Ratios) -> "Figure | None":
    shown = {name: curve for name, curve in ratios.items() if curve}
    shown = dict(list(shown.items())[:MOST_CURVES])
    if not shown:
        return None
    figure, axes = empty_figure(9.6, 4.6)
    for (name, curve), colour in zip(shown.items(), _colours(len(shown)), strict=True):
        steps, values = np.array(curve).T
        axes.plot(steps, values, color=colour, linewidth=1.2, label=_plain(name))
    axes.axhline(USUAL_RATIO, color=INK, linestyle=(0, (5, 4)), linewidth=1.2)
    axes.annotate(" 10^-3", (0, USUAL_RATIO), color=INK, fontsize=9, va="bottom", xycoords=("axes fraction", "data"))
    _labelled(axes, title, "step", "log10 std(update) / std(weight)")
    return figure


def _labelled(axes: "Axes", title: str, across: str, up: str) -> None:
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.set_title(_plain(title), color=INK, loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=7.5, labelcolor=INK, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _plain(text: str) -> str:
    """Text for matplotlib, which reads dollar signs as mathematics."""
    return text.replace("$", r"\$")
