"""The questions that are asked of one call of a model, on one copy of it."""

from typing import NamedTuple

from torch import nn

from moreish.doctor.frames.frame import Coupling
from moreish.doctor.frames.replayed import Replayed
from moreish.doctor.watch.batch import Given, batch_axis, few, lags
from moreish.doctor.watch.causality import ahead
from moreish.doctor.watch.mixing import Mixed, mixing
from moreish.doctor.watch.recording import Rehearsal, Unlike
from moreish.doctor.watch.replay import copied
from moreish.doctor.watch.weights import cut_heads, wrong_softmax


class Told(NamedTuple):
    """What was found, and whether something arrived at the outputs at all."""

    coupling: Coupling | None
    replayed: Replayed
    settled: bool


def answers(model: nn.Module, given: Given) -> Told | None:
    """What a copy of the model tells of this call; None where it cannot be copied."""
    twin = copied(model)
    if twin is None or not given.tensors():
        return None
    known = lags(given)
    axis = batch_axis(twin, given, known)
    mixed = mixing(twin, given, axis) if axis is not None else Mixed()
    looks = ahead(twin, given, known)
    replayed = Replayed(ahead=looks, batch_as_time=mixed.batch_as_time, softmax=mixed.softmax)
    alone = _alone(twin, given, axis or 0)
    if alone is not None:
        replayed.softmax = replayed.softmax or wrong_softmax(alone)
        replayed.heads = cut_heads(alone)
    return Told(mixed.coupling, replayed, mixed.settled)


def _alone(twin: nn.Module, given: Given, axis: int) -> Rehearsal | None:
    for call in few(given, axis):
        try:
            return Rehearsal(twin, call)
        except Unlike:
            return None
        except Exception:  # this model cannot be called with fewer samples
            continue
    return None
