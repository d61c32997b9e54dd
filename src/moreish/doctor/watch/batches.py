"""Batches: whether it is the same one every time, and whether there is more to be had."""

import gc
import sys
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Seen

MOST_ROWS = 64  # that are told apart
MOST_KNOWN = 1 << 14  # rows that are known again
MOST_NUMBERS = 4096  # of a row, by which it is known again
FEW = 0.25  # of what was drawn
AGAIN = 3  # times that a batch was the same, after which loaders with more in them are looked for


class Batches:
    """What the model is called with first in each step that is looked at, as a few numbers."""

    def __init__(self) -> None:
        self._last: tuple[float, ...] | None = None
        self._times = 0
        self._more: int | None = None
        self._weights: dict[tuple[int, torch.device], Tensor] = {}
        self._rows: set[float] | None = set()  # a mark of each row seen; None where they are many
        self._drawn = 0
        self._known: set[str] = set()
        self._again = self._asked = 0
        self._items: int | None = None

    def see(self, inputs: Iterable[object]) -> Seen | None:
        """Note the inputs of the first call of a step."""
        tensors = [
            t for t in inputs if isinstance(t, Tensor) and t.numel() and not t.is_sparse and not t.is_complex()
        ]
        if not tensors:
            return None
        marks = tuple(m for t in tensors[:4] for m in self._marks(t.detach()))
        self._times = self._times + 1 if marks == self._last else 0
        self._last = marks
        x = tensors[0]
        rows, base = (len(x) if x.dim() else 1), x._base
        more = len(base) if base is not None and base.dim() == x.dim() and base.shape[1:] == x.shape[1:] else 0
        if self._times >= AGAIN and more <= rows:
            if self._more is None:
                self._more = _loaded(rows)
            more = self._more
        distinct = self._distinct(x)
        if 0 < distinct < FEW * self._drawn and self._drawn > MOST_ROWS and self._items is None:
            self._items = _loaded(rows)
        return Seen(
            rows,
            more if more > rows else 0,
            self._times,
            distinct,
            self._drawn,
            self._items or 0,
            self._came_again(tensors[:4]),
        )

    def _came_again(self, tensors: Sequence[Tensor]) -> float:
        """Which share of the rows so far came again: the same in all tensors with a row for each of the first."""
        rows = [t for t in tensors if t.dim() and len(t) == len(tensors[0])]
        if not rows:
            return 0.0
        flat = torch.cat([_thinned(t.detach()[:MOST_ROWS]) for t in rows], 1)
        numbers = flat @ torch.linspace(0.5, 1.5, flat.shape[1], dtype=torch.float64).cos_()
        marks = {f"{number:.9g}" for number in numbers.tolist()}
        self._again += len(marks & self._known)
        self._asked += len(flat)
        if len(self._known) < MOST_KNOWN:
            self._known |= marks
        return self._again / self._asked

    def _distinct(self, x: Tensor) -> int:
        """How many different rows there were so far; 0 once they are many."""
        if self._rows is None or x.dim() < 2:
            return 0
        flat = x.detach().reshape(len(x), -1).float()
        key = flat.shape[1], flat.device
        if key not in self._weights:
            self._weights = {**self._weights, key: _directions(*key)}
        self._rows.update((flat @ self._weights[key]).tolist())
        self._drawn += len(x)
        if len(self._rows) > MOST_ROWS:
            self._rows = None
        return len(self._rows) if self._rows is not None else 0

    def _marks(self, x: Tensor) -> tuple[float, ...]:
        """Three numbers that are hardly ever equal for two batches of the same shape."""
        flat = x.reshape(-1).float()
        key = flat.numel(), flat.device
        if key not in self._weights:
            self._weights = {key: _directions(*key)}
        weights = self._weights[key]
        return float(key[0]), *torch.stack([flat.sum(), torch.dot(flat, weights)]).tolist()


def _thinned(x: Tensor) -> Tensor:
    """Numbers of each row, evenly spread over it."""
    flat = x.reshape(len(x), -1)
    return flat[:, :: max(1, flat.shape[1] // MOST_NUMBERS)].cpu().double()


def _directions(size: int, device: torch.device) -> Tensor:
    return torch.linspace(0.5, 1.5, size, dtype=torch.float32, device=device).cos_()


def _loaded(rows: int) -> int:
    """Items that there are for a DataLoader with batches of so many rows; of several, the fewest.

    A loader that was made in the head of a loop is gone, but its iterator is there.
    """
    loading = sys.modules.get("torch.utils.data")
    if loading is None:
        return 0
    iterators = loading.dataloader._BaseDataLoaderIter
    sizes = []
    for found in gc.get_objects():
        if issubclass(type(found), loading.DataLoader):
            size, data = found.batch_size, found.dataset
        elif issubclass(type(found), iterators):
            size, data = getattr(found._index_sampler, "batch_size", None), found._dataset
        else:
            continue
        try:
            sizes.append((min(size or 0, len(data)), min(len(data), _drawn_from(found, len(data)))))
        except TypeError:  # a stream
            continue
    return min((items for batch, items in sizes if batch == rows), default=0)


def _drawn_from(loader: object, items: int) -> int:
    """Of how many items the sampler of a loader draws: of a subset those of the subset, with replacement of all."""
    batches = getattr(loader, "batch_sampler", None) or getattr(loader, "_index_sampler", None)
    sampler = getattr(batches, "sampler", None)
    return items if sampler is None or getattr(sampler, "replacement", False) else len(sampler)
