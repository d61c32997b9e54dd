"""Samples that see each other: found by a rehearsal with other samples, and told apart from what is meant.

Of every element of every result it is known whether it depends on the first samples of the batch, on the later ones,
or on both. A function whose result depends on both, while none of its inputs does, is where samples meet. That may
be meant: products, sums and indices over the batch are how graphs, sets and memories work. It is an accident where
the samples were cut to pieces before, by a view across the batch, or where a layer takes the batch for time.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Coupling
from moreish.doctor.frames.operations import KINDS
from moreish.doctor.frames.replayed import BatchAsTime, SoftmaxAxis
from moreish.doctor.watch.batch import main, others
from moreish.doctor.watch.recording import Mask, Record, Rehearsal

FEWEST = 4  # samples
LAYOUT = {"view", "reshape", "flatten", "unflatten", "view_as", "reshape_as", "_unsafe_view", "squeeze", "unsqueeze"}
FEATURES = {"linear", "norm", "recurrent", "attention", "product", "reduce", "softmax", "pool"}
ALONG = {"lstm", "gru", "rnn_tanh", "rnn_relu", "multi_head_attention_forward"}


class Mixed(NamedTuple):
    """What was found, one of them or none; not `settled` where nothing arrived at the outputs yet."""

    coupling: Coupling | None = None
    batch_as_time: BatchAsTime | None = None
    softmax: SoftmaxAxis | None = None
    settled: bool = True
    apart: bool = False  # no sample depends on another one


def mixing(rehearsal: Rehearsal, axis: int) -> Mixed:
    """Whether and how samples of the batch, which lie along this axis, see each other by accident."""
    x = main(rehearsal.given)
    if x is None or x.dim() <= axis or x.shape[axis] < FEWEST:
        return Mixed()
    return _Meeting(rehearsal, axis, x.shape[axis]).found()


class _Meeting:
    """One rehearsal, and for every result which elements depend on the first and on the later samples."""

    def __init__(self, rehearsal: Rehearsal, axis: int, rows: int) -> None:
        self.rehearsal, self.records, self.axis, self.rows = rehearsal, rehearsal.records, axis, rows
        split = rows // 2 - (rows // 2 + 1) % 2  # an odd number, so that views do not cut there by chance
        self.late, self.early = (
            rehearsal.changes(others(rehearsal.given, axis, part)) for part in (slice(split, None), slice(split))
        )

    def found(self) -> Mixed:
        """What is proved; of outputs that depend on no input yet, only a layer that runs along the batch can be."""
        last = len(self.records) - 1
        out = next((k for k, y in enumerate(self.records[last].results) if y.is_floating_point()), None)
        if out is None:
            return Mixed()
        arrived = any(bool(m.any()) for m in (*self.late[last], *self.early[last]))
        tainted = self._by_sample(self.records[last].results[out]) and self._tainted(last, out)
        repeats = self.rehearsal.repeats()
        if (arrived and not tainted) or not repeats:
            return Mixed(apart=repeats and arrived and not tainted)
        behind = self.rehearsal.before(last)
        where = next((i for i in behind if i != last and self._meets(i)), last)
        record = self.records[where]
        cut = next((i for i in self.rehearsal.before(where) if self._is_cut(i)), None)
        if cut is None:
            return self._along_the_batch(record, where)._replace(settled=arrived)
        meant = self.records[cut].op not in LAYOUT or (where != last and KINDS.get(record.op) not in FEATURES)
        if meant or not arrived:
            return Mixed(settled=arrived)
        return Mixed(Coupling(record.layer or self.records[cut].layer, self._change(out), self.records[cut].op))

    def _along_the_batch(self, record: Record, where: int) -> Mixed:
        """A layer or a softmax that runs along the axis of the samples, which lie there in order."""
        source = next((s for s in record.sources), None)
        if source is None or where == len(self.records) - 1:
            return Mixed()
        x = self.records[source[0]].results[source[1]]
        clean = self._clean(*source)
        along = next((a for a in clean if a < 2 and x.shape[a] == self.rows), None)  # none where a view has split it
        if record.op in ALONG and x.dim() == 3 and along is not None and x.shape[1 - along] > 1:
            twin = self._twin(record, x, along)
            return Mixed(batch_as_time=BatchAsTime(record.layer, record.op, tuple(x.shape), twin))
        if KINDS.get(record.op) == "softmax" and any(x.shape[a] == self.rows for a in clean):
            return Mixed(softmax=SoftmaxAxis(record.layer, "batch", tuple(x.shape)))
        return Mixed()

    def _twin(self, record: Record, x: Tensor, along: int) -> str:
        """The attention that runs along the other axis of what this one gets: tables are looked through both ways.

        Both look at nothing but their own input, and their names differ in one part, as `0.columns` and `0.rows`.
        """
        turned = (x.shape[1], x.shape[0], x.shape[2])
        for other in self.records if _is_of_itself(record) else ():
            if other.op != record.op or not _is_of_itself(other) or not _are_siblings(other.layer, record.layer):
                continue
            place, k = other.sources[0]
            there = self.records[place].results[k]
            # Where there are as many places as samples, the samples tell which way it runs.
            if tuple(there.shape) == turned and (turned[0] != turned[1] or self._clean(place, k) == [1 - along]):
                return other.layer
        return ""

    def _by_sample(self, y: Tensor) -> bool:
        """Whether an output has its own part for every sample."""
        if y.dim() == 0 or (y.dim() > 1 and y.shape[-1] == self.rows):
            return False
        return y.shape[0] % self.rows == 0 or (y.dim() > self.axis and y.shape[self.axis] % self.rows == 0)

    def _masks(self, place: int, k: int) -> tuple[Mask, Mask]:
        return self.early[place][k], self.late[place][k]

    def _meets(self, place: int) -> bool:
        return any(bool((a & b).any()) for a, b in zip(self.early[place], self.late[place], strict=True))

    def _tainted(self, place: int, k: int) -> bool:
        early, late = self._masks(place, k)
        return bool((early & late).any()) or not self._clean(place, k)

    def _clean(self, place: int, k: int) -> list[int]:
        """The axes along which first and later samples lie apart."""
        early, late = self._masks(place, k)
        return [a for a in range(early.dim()) if not bool((_any(early, a) & _any(late, a)).any())]

    def _is_cut(self, place: int) -> bool:
        """Whether no axis of a result, and no neighbours that only divide the samples, hold the samples apart."""
        for k, y in enumerate(self.records[place].results):
            if y.dim() == 0 or self._meets(place) or self._clean(place, k):
                continue
            early, late = self._masks(place, k)
            runs = [(a, b) for b in range(1, y.dim()) for a in range(max(b - 2, 0), b)]
            if not any(
                _apart(early, late, *run) for run in runs if y.shape[run[0] : run[1] + 1].numel() <= self.rows
            ):
                return True
        return False

    def _change(self, out: int) -> float:
        early, late = self._masks(len(self.records) - 1, out)
        return float((early & late).float().mean()) if bool((early & late).any()) else 1.0


def _is_of_itself(record: Record) -> bool:
    """Whether this is an attention whose queries, keys and values are one tensor."""
    return "attention" in record.op and len(record.sources) > 2 and len(set(record.sources[:3])) == 1


def _are_siblings(one: str, other: str) -> bool:
    first, second = one.split("."), other.split(".")
    return len(first) == len(second) and sum(a != b for a, b in zip(first, second, strict=True)) == 1


def _any(mask: Mask, axis: int) -> Mask:
    rest = [a for a in range(mask.dim()) if a != axis]
    return mask.any(dim=rest) if rest else mask


def _apart(early: Mask, late: Mask, first_axis: int, last_axis: int) -> bool:
    """Whether neighbouring axes together hold first and later samples apart."""
    first, second = (_any(m.flatten(first_axis, last_axis), first_axis) for m in (early, late))
    return not bool(torch.any(first & second))
