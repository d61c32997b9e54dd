"""What many places of a list have in common, read once: a window that occurs again, the inside of a WaveNet.

Lists are full of repeated beginnings, so a net that sees the last few symbols is asked the same again and again.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from moreish.models.wavenet import WaveNet

LARGEST = 2**62
TABLE = 10  # cells a row for which counting in a table is faster than sorting
ROWS_AT_A_TIME = 1024  # what a layer makes of so many stays in a processor's cache


def distinct(
    columns: Iterable[Integer[np.ndarray, " N"]],
) -> tuple[Integer[np.ndarray, " U"], Integer[np.ndarray, " N"]]:
    """Of rows, given as columns of whole numbers from 0: where one of each kind is, and the kind of each."""
    kind, kinds = np.zeros((), np.int64), 1  # kinds: more than any number in kind
    for column in columns:
        size = int(column.max(initial=0)) + 1
        if kinds > LARGEST // size:
            kind, kinds = _numbered(kind, kinds)
        kind, kinds = kind * size + column.astype(np.int64), kinds * size
    kind, kinds = _numbered(kind, kinds)
    chosen = np.empty(kinds, np.int64)
    chosen[kind] = np.arange(len(kind))
    return chosen, kind


def _numbered(kind: Integer[np.ndarray, " N"], kinds: int) -> tuple[Integer[np.ndarray, " N"], int]:
    """The numbers that occur as 0, 1, 2, ..., in their order, and how many there are."""
    if kinds <= TABLE * len(kind):
        occurs = np.zeros(kinds, bool)
        occurs[kind] = True
        numbers = np.cumsum(occurs) - 1
        return numbers[kind], int(numbers[-1]) + 1
    occurring, kind = np.unique(kind, return_inverse=True)
    return kind, len(occurring)


class Beginnings(NamedTuple):
    """Some items, each beginning that occurs among them once.

    ids    : (N) what is read at each place
    before : (N) the place that it comes after, -1 for an item's first
    place  : (items, longest) where each symbol of an item is read; nothing beyond the item's end
    items  : (items) which they are
    """

    ids: Integer[np.ndarray, " N"]
    before: Integer[np.ndarray, " N"]
    place: Integer[np.ndarray, "items longest"]
    items: Integer[np.ndarray, " items"]


def beginnings(
    ids: Integer[np.ndarray, " N"],
    starts: Integer[np.ndarray, " items"],
    spans: Integer[np.ndarray, " items"],
    most: int,
) -> Iterator[Beginnings]:
    """Items `ids[start : start + span]`, about `most` places at a time: items that begin alike stand together."""
    if not len(spans):
        return
    longest = int(spans.max())
    symbols = ids[np.minimum(starts[:, None] + np.arange(longest), len(ids) - 1)].astype(np.int64)
    symbols = np.where(np.arange(longest) < spans[:, None], symbols, -1)
    order = _in_order(symbols)
    symbols, spans = symbols[order], spans[order]
    alike = np.minimum.accumulate(symbols[1:] == symbols[:-1], 1)
    shared = np.append(0, np.minimum(alike.sum(1), spans[1:]))  # of an item with the one before
    chunk = np.cumsum(spans - shared) // most
    first = np.flatnonzero(np.append(True, chunk[1:] != chunk[:-1]))
    shared[first] = 0
    for begin, end in zip(first, np.append(first[1:], len(spans)), strict=True):
        at = np.arange(int(spans[begin:end].max()))
        new = (at >= shared[begin:end, None]) & (at < spans[begin:end, None])
        number = np.cumsum(new.ravel()).reshape(new.shape) - 1
        place = np.maximum.accumulate(np.where(new, number, -1), 0)
        before = np.concatenate([np.full((len(place), 1), -1), place[:, :-1]], 1)
        yield Beginnings(symbols[begin:end, : len(at)][new], before[new], place, order[begin:end])


def _in_order(rows: Integer[np.ndarray, "N T"]) -> Integer[np.ndarray, " N"]:
    """An order in which rows of whole numbers from -1 that begin alike stand together."""
    as_bytes = np.ascontiguousarray((rows + 1).astype(">u4"))
    return np.argsort(as_bytes.view(f"S{4 * rows.shape[1]}")[:, 0], kind="stable")


LayerOf = Callable[[int, Float[Tensor, "U joined"]], Float[Tensor, "U C"]]
"""(number of a layer, what it reads) -> what it makes of that; the last one makes log probabilities."""


def by_torch(net: WaveNet) -> LayerOf:
    """The layers as they are, so many rows at a time."""

    def layer(i: int, x: Tensor) -> Tensor:
        if i == len(net.layers):
            return net.head(x).float().log_softmax(-1)
        return torch.cat([net.layers[i](rows) for rows in x.split(ROWS_AT_A_TIME)])

    return layer


def read_once(
    net: WaveNet, ids: Integer[np.ndarray, " N"], layer_of: LayerOf, item_kind: int = 0
) -> tuple[Float[Tensor, "U V"], Integer[np.ndarray, " N"]]:
    """Log probabilities after each context of flat ids of items of one kind, and which of them ends with each id.

    What a layer answers depends on the last group ** i symbols alone; it is computed once for all places where those
    are the same, in whatever item. The net must be in eval mode, and its norms must not know places.
    """
    at = np.arange(len(ids))
    depth = at - np.maximum.accumulate(np.where(ids == 0, at, 0))  # symbols of this item before
    kind, blank = ids.astype(np.int64), 0  # what was read before an item's start is a kind as well
    first = item_kind * net.vocab_size
    x, dilation = net.wte.weight[first : first + net.vocab_size], 1
    for i in range(len(net.layers)):
        columns = []
        for lag in range((net.group - 1) * dilation, -1, -dilation):
            before = np.where(depth >= lag, np.roll(kind, lag), blank)
            columns.append(np.append(before, blank))
        chosen, kinds = distinct(columns)
        joined = torch.from_numpy(np.stack(columns, 1)[chosen]).to(x.device)
        x = layer_of(i, x[joined].flatten(1))
        kind, blank = kinds[:-1], int(kinds[-1])
        dilation *= net.group
    return layer_of(len(net.layers), x), kind
