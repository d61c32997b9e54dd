"""A convolution asked in different ways: window by window, and over whole items."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from moreish.data import Split
from moreish.data.batches import Pieces, windows

WINDOWS_AT_A_TIME = 2048  # of 512 to 16,384 the fastest for windows of 8
SYMBOLS_AT_A_TIME = 16_384


def windows_of(part: Split, size: int) -> tuple[Tensor, Tensor]:
    """Every predicted symbol, and the `size` ids before it."""
    x, y = windows(part, size)
    return torch.from_numpy(x.astype(np.int64)), torch.from_numpy(y.astype(np.int64))


def forwarded(net: Callable[[Tensor], Tensor], idx: Tensor, targets: Tensor) -> np.ndarray:
    """The log probability of each target after its window."""
    found = [
        net(rows).log_softmax(1).gather(1, wanted[:, None])[:, 0]
        for rows, wanted in zip(idx.split(WINDOWS_AT_A_TIME), targets.split(WINDOWS_AT_A_TIME), strict=True)
    ]
    return torch.cat(found).numpy()


def beginnings(part: Split, size: int) -> list[tuple[np.ndarray, Tensor, Tensor]]:
    """For each length up to `size`: places in the list, the ids before them back to the item's start, the targets."""
    idx, targets = windows_of(part, size)
    at = np.arange(len(targets))
    lengths = np.minimum(at - np.maximum.accumulate(np.where(part.ids[:-1] == 0, at, 0)) + 1, size)
    groups = [(length, np.flatnonzero(lengths == length)) for length in range(1, size + 1)]
    return [(places, idx[places, size - length :], targets[places]) for length, places in groups if len(places)]


def beginnings_forwarded(
    net: Callable[[Tensor], Tensor], lines: list[tuple[np.ndarray, Tensor, Tensor]], part: Split
) -> np.ndarray:
    """The same for a net that reads sequences: the last of its answers for each beginning."""
    out = np.zeros(part.n_predicted, np.float32)
    for places, idx, targets in lines:
        out[places] = forwarded(lambda rows: net(rows)[:, -1], idx, targets)
    return out


def over_items(net: Callable[[Tensor], Tensor], part: Split) -> np.ndarray:
    """The log probabilities of all symbols, items of the same length together."""
    out = np.zeros(part.n_predicted, np.float32)
    pieces = Pieces(part.offsets[:-1], np.diff(part.offsets), np.arange(len(part)))
    for rows in pieces.grouped(np.arange(len(part)), 0, SYMBOLS_AT_A_TIME):
        block = torch.from_numpy(pieces.read(part.ids, rows).astype(np.int64))
        found = net(block[:, :-1]).log_softmax(2).gather(2, block[:, 1:, None])[..., 0]
        out[part.offsets[rows, None] + np.arange(block.shape[1] - 1)] = found.numpy()
    return out
