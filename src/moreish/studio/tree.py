"""The tree of a WaveNet: which symbols each unit has seen, pairs first, then pairs of pairs, up to the root."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.models.gated_wavenet import GatedWaveNet
from moreish.models.wavenet import WaveNet
from moreish.training.histograms import rounded

MOST_LEAVES, MOST_PLACES, UNITS = 32, 32, 32
Node = list[float] | None
"""The first units of a node; None before the beginning of the item, where a gated net reads nothing."""


def tree_of(model: nn.Module, idx: Tensor) -> dict[str, object] | None:
    """Per place, per level from the leaves up, each node's first units; None for a net that has no such tree.

    idx : as `inside` gives it to the net, windows (B, block_size) or the whole item (1, T)
    """
    if isinstance(model, WaveNet):
        group, span = model.group, model.span
        levels = _windowed(model, idx) if span <= MOST_LEAVES else []
    elif isinstance(model, GatedWaveNet):
        group, span = 2, 2 ** len(model.blocks)
        levels = _dilated(model, idx) if span <= MOST_LEAVES else []
    else:
        return None
    if not levels:
        return None
    places = min(MOST_PLACES, len(levels[0].nodes))
    nodes = [[[_shown(node) for node in level.nodes[place]] for level in levels] for place in range(places)]
    return {"group": group, "units": [level.units for level in levels], "places": nodes}


class Level(NamedTuple):
    """How many units a node of this level has, and the nodes of each place."""

    units: int
    nodes: list[list[Tensor | None]]


def _windowed(model: WaveNet, idx: Tensor) -> list[Level]:
    if not model.windowed:
        idx = F.pad(idx, (model.span - 1, 0)).unfold(1, model.span, 1)[0]  # a window for each place
    seen: list[Tensor] = []
    with torch.no_grad():
        x = model.wte(idx)
        seen.append(x)
        for layer in model.layers:
            x = layer(model.join(x))
            seen.append(x if x.dim() == 3 else x[:, None])
    return [Level(x.shape[2], [list(nodes) for nodes in x]) for x in seen]


def _dilated(model: GatedWaveNet, idx: Tensor) -> list[Level]:
    with torch.no_grad():
        x = model.wte(idx)
        outputs = [x]
        for block in model.blocks:
            x, _, _ = block(x, x.new_zeros(1, block.dilation, x.shape[2]))
            outputs.append(x)
    length, depth = idx.shape[1], len(model.blocks)
    return [
        Level(x.shape[2], [_before(x[0], place, 2**i, 2 ** (depth - i)) for place in range(length)])
        for i, x in enumerate(outputs)
    ]


def _before(x: Tensor, place: int, dilation: int, count: int) -> list[Tensor | None]:
    """So many vectors that are `dilation` apart, the last of them at this place."""
    times = [place - j * dilation for j in reversed(range(count))]
    return [x[t] if t >= 0 else None for t in times]


def _shown(node: Tensor | None) -> Node:
    return None if node is None else [rounded(v) for v in node[:UNITS].tolist()]
