"""What many places of a list have in common, read once: a window that occurs again, the inside of a WaveNet.

Lists are full of repeated beginnings, so a net that sees the last few symbols is asked the same again and again.
"""

from collections.abc import Iterable

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


def read_once(
    net: WaveNet, ids: Integer[np.ndarray, " N"], item_kind: int = 0
) -> tuple[Float[Tensor, "U V"], Integer[np.ndarray, " N"]]:
    """Logits after each context that occurs in flat ids of items of one kind, and which of them ends with each id.

    What a layer answers depends on the last group ** i symbols alone; it is computed once for all places where those
    are the same, in whatever item. The net must be in eval mode, and its norms must not know places.
    """
    at = np.arange(len(ids))
    depth = at - np.maximum.accumulate(np.where(ids == 0, at, 0))  # symbols of this item before
    kind, blank = ids.astype(np.int64), 0  # what was read before an item's start is a kind as well
    first = item_kind * net.vocab_size
    x, dilation = net.wte.weight[first : first + net.vocab_size], 1
    for layer in net.layers:
        columns = []
        for lag in range((net.group - 1) * dilation, -1, -dilation):
            before = np.where(depth >= lag, np.roll(kind, lag), blank)
            columns.append(np.append(before, blank))
        chosen, kinds = distinct(columns)
        joined = torch.from_numpy(np.stack(columns, 1)[chosen]).to(x.device)
        x = torch.cat([layer(x[rows].flatten(1)) for rows in joined.split(ROWS_AT_A_TIME)])
        kind, blank = kinds[:-1], int(kinds[-1])
        dilation *= net.group
    return net.head(x), kind
