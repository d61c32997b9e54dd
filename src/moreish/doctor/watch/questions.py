"""The questions that are asked of one call of a model, on one copy of it."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from torch import nn

from moreish.doctor.frames.frame import Coupling
from moreish.doctor.frames.replayed import Replayed
from moreish.doctor.watch import reach
from moreish.doctor.watch.batch import batch_axis, few, lags
from moreish.doctor.watch.called import CalledWith
from moreish.doctor.watch.causality import ahead
from moreish.doctor.watch.mixing import Mixed, mixing
from moreish.doctor.watch.placed import placed
from moreish.doctor.watch.recording import Rehearsal, TooMuch, Unlike
from moreish.doctor.watch.replay import copied
from moreish.doctor.watch.weights import cut_heads, wrong_softmax

Answer = TypeVar("Answer")


class Told(NamedTuple):
    """What was found, and whether something arrived at the outputs at all."""

    coupling: Coupling | None
    replayed: Replayed
    settled: bool


def answers(model: nn.Module, given: CalledWith) -> Told | None:
    """What a copy of the model tells of this call; None where it cannot be copied or run again."""
    twin = copied(model)
    if twin is None or not given.tensors():
        return None
    known = lags(given)
    axis = batch_axis(twin, given, known)
    along = axis if axis is not None else known[0].samples if known else 0
    rehearsal = _rehearsed(twin, given, along)
    if rehearsal is None:
        return None
    mixed = _unless_unlike(lambda: mixing(rehearsal, along)) if axis is not None else None
    mixed = mixed or Mixed()
    replayed = Replayed(
        ahead=_unless_unlike(lambda: ahead(rehearsal, known)),
        batch_as_time=mixed.batch_as_time,
        softmax=mixed.softmax or wrong_softmax(rehearsal),
        heads=cut_heads(rehearsal),
        placed=_unless_unlike(lambda: placed(rehearsal, along)) if mixed.apart else None,
    )
    if axis is not None:
        replayed.one_place = reach.quietly(lambda: reach.one_place(rehearsal, along))
        replayed.blind = reach.quietly(lambda: reach.blind(rehearsal, along, known))
        replayed.padded = reach.quietly(lambda: reach.padded(rehearsal, along))
        replayed.unreached = reach.quietly(lambda: reach.unreached(rehearsal, along))  # last: it changes the copy
    return Told(mixed.coupling, replayed, mixed.settled)


def _rehearsed(twin: nn.Module, given: CalledWith, axis: int) -> Rehearsal | None:
    """A rehearsal with a few samples, or with all of them where the model insists on its batch size."""
    too_much = 0
    for call in few(given, axis):
        try:
            return Rehearsal(twin, call)
        except TooMuch:
            too_much += 1
            if too_much > 1:
                return None
        except Unlike:
            return None
        except Exception:  # a stranger's model need not run with other samples
            continue
    return None


def _unless_unlike(question: Callable[[], Answer | None]) -> Answer | None:
    try:
        return question()
    except Unlike:
        return None
