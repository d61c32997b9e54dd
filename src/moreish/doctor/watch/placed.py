"""Whether what comes out for a sample depends on its place in the batch: a copy is given the batch in reverse."""

import torch
from torch import Tensor

from moreish.doctor.frames.replayed import Placed
from moreish.doctor.watch.batch import main
from moreish.doctor.watch.recording import Record, Rehearsal, changed

FEWEST = 4  # samples


def placed(rehearsal: Rehearsal, axis: int) -> Placed | None:
    """Where results in reverse are no longer those of the samples in reverse; None where they are at the end."""
    x = main(rehearsal.given)
    if x is None or x.dim() <= axis or x.shape[axis] < FEWEST:
        return None
    rows = x.shape[axis]
    if any(t.dim() <= axis or t.shape[axis] != rows for t in rehearsal.given.tensors()):
        return None
    records = rehearsal.records
    turned = rehearsal.turned(rehearsal.given.change(lambda t: t.flip(axis)))
    if [r.op for r in turned] != [r.op for r in records]:
        return None
    last = len(records) - 1
    if not _by_sample(records[last], rows) or not _depends(records[last], turned[last], rows):
        return None
    for place in rehearsal.before(last):
        if place and _depends(records[place], turned[place], rows):
            return Placed(records[place].layer, records[place].op)
    return None


def _by_sample(record: Record, rows: int) -> bool:
    """Whether each result has the samples along one axis, which no other has the size of."""
    floats = [y for y in record.results if y.is_floating_point()]
    return bool(floats) and all(list(y.shape).count(rows) == 1 for y in floats)


def _depends(record: Record, turned: Record, rows: int) -> bool:
    """Whether a result in which the samples lie along one axis is another one for samples in reverse."""
    for y, z in zip(record.results, turned.results, strict=True):
        if list(y.shape).count(rows) != 1 or y.shape != z.shape:
            continue
        along = list(y.shape).index(rows)
        if _differs(y, z.flip(along)):
            return True
    return False


def _differs(y: Tensor, z: Tensor) -> bool:
    return bool(changed(y, z).any()) and not torch.allclose(y.float(), z.float(), rtol=1e-3, atol=1e-4)
