"""Causality: in a model of the next symbol, no output may change with an input after its own."""

from typing import Literal

from torch import Tensor

from moreish.doctor.frames.operations import KINDS
from moreish.doctor.frames.replayed import Ahead
from moreish.doctor.watch.batch import Lag, at_place
from moreish.doctor.watch.recording import Mask, Masks, Rehearsal

LOGITS = {"cross_entropy", "nll_loss", "log_softmax", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}


def ahead(rehearsal: Rehearsal, known: list[Lag]) -> Ahead | None:
    """How far a model looks ahead of its place; None where it does not.

    Where several inputs have the targets as their next places (an encoder's and a decoder's), it looks ahead only if
    it does so in each that matters.
    """
    found = None
    for lag in known:
        answer = _Order(rehearsal, lag).looks()
        if answer is False:
            return None
        found = found or answer or None
    return found


class _Order:
    """One input of a rehearsal, and how the places of its sequence reach those of the output."""

    def __init__(self, rehearsal: Rehearsal, lag: Lag) -> None:
        self.rehearsal, self.records, self.given, self.lag = rehearsal, rehearsal.records, rehearsal.given, lag
        x = self.given.tensors()[lag.place]
        self.length, self.rows = x.shape[lag.axis], x.shape[lag.samples]

    def looks(self) -> Ahead | Literal[False] | None:
        """How far it looks ahead in this input; False where it does not, None where the input does not matter."""
        out = self._predictions()
        if out is None:
            return None
        for place in range(self.length - 1, max(self.length - 4, 1), -1):
            masks = self._changes(place)
            seen = self._along(masks, *out)
            if seen is None or not any(seen):
                continue
            first = seen.index(True)
            if first >= place or not self.rehearsal.repeats():
                return False
            return self._ahead(masks, out, place, place - first)
        return None

    def _ahead(self, masks: Masks, out: tuple[int, int], place: int, places: int) -> Ahead | Literal[False]:
        where = self._origin(masks, out[0], place)
        if self._by_summary(masks, where):
            return False
        past = self._along(self._changes(0), *out) or []
        record = self.records[where]
        return Ahead(record.layer, record.op, places, self.length, any(past[1:]))

    def _changes(self, place: int) -> Masks:
        return self.rehearsal.changes(at_place(self.given, self.lag, place))

    def _predictions(self) -> tuple[int, int] | None:
        """The first result that has a prediction for every place: of the model, else what went into a loss in it."""
        last = len(self.records) - 1
        for k, y in enumerate(self.records[last].results):
            if y.is_floating_point() and self._times(y):
                return last, k
        for i in range(last, 0, -1):
            if self.records[i].op in LOGITS and self.records[i].sources:
                place, k = self.records[i].sources[0]
                if self._times(self.records[place].results[k]):
                    return place, k
        return None

    def _times(self, y: Tensor) -> list[tuple[int, int]]:
        """The axes that may be that of the places, with their number; -1 where samples and places are one axis."""
        for length in (self.length, self.length - 1):
            if y.dim() == 2 and y.shape[0] == self.rows * length:
                return [(-1, length)]
            axes = [a for a in range(y.dim()) if y.shape[a] == length]
            if y.dim() in (2, 3) and axes and any(y.shape[a] == self.rows for a in range(y.dim()) if [a] != axes):
                return [(a, length) for a in axes]
        return []

    def _along(self, masks: Masks, place: int, k: int) -> list[bool] | None:
        """Which places of a result have changed; of several axes that may be theirs, those that changed last."""
        y, mask = self.records[place].results[k], masks[place][k]
        seen = []
        for axis, length in self._times(y):
            one, a = (mask, axis) if axis >= 0 else (mask.unflatten(0, self._order(length)), self.lag.merged)
            seen.append(_flat(one, a).tolist())
        return max(seen, key=lambda places: places.index(True) if True in places else len(places), default=None)

    def _order(self, length: int) -> tuple[int, int]:
        """How samples and places lie in one axis."""
        return (length, self.rows) if self.lag.axis == 0 else (self.rows, length)

    def _origin(self, masks: Masks, where: int, place: int) -> int:
        """The first record, on the way back along sequences that know of later places, that was made of none."""
        while True:
            sources = self.records[where].sources
            leaking = [i for i, k in sources if self._leaks(masks, i, k, place)]
            if not leaking and len(sources) == 1 and not self._has_places(*sources[0]):
                leaking = [i for i, k in sources if bool(masks[i][k].any())]  # of another length, to be cut
            if not leaking:
                return where
            where = leaking[0]

    def _leaks(self, masks: Masks, record: int, k: int, place: int) -> bool:
        """Whether a result with one axis of places has changed before the place that was changed."""
        y, mask = self.records[record].results[k], masks[record][k]
        axes = [a for a in range(y.dim()) if y.shape[a] in (self.length, self.length - 1)]
        if len(axes) == 1:
            return bool(_flat(mask, axes[0])[:place].any())
        merged = next((a for a in range(y.dim()) if y.shape[a] == self.rows * self.length), None)
        if axes or merged is None:
            return False
        apart = mask.unflatten(merged, self._order(self.length))
        return bool(_flat(apart, merged + self.lag.merged)[:place].any())

    def _has_places(self, record: int, k: int) -> bool:
        shape = self.records[record].results[k].shape
        return any(n in shape for n in (self.length, self.length - 1, self.rows * self.length))

    def _by_summary(self, masks: Masks, where: int) -> bool:
        """Whether what comes from later reaches a place through one vector for a whole *other* sequence.

        An autoencoder reads a text as a whole and writes it again: that is meant. A mean that is added to the very
        sequence it was taken of is not.
        """
        record = self.records[where]
        summaries, sequences = [], []
        for i, k in record.sources:
            (sequences if self._has_places(i, k) else summaries).append(i)
        if not any(bool(m.any()) for i in summaries for m in masks[i]):
            return False
        if not sequences:
            return record.op in ("stack", "cat")  # written place by place
        behind = {j for i in summaries for j in self.rehearsal.before(i)}
        return KINDS.get(record.op) in ("recurrent", "attention") or not any(i in behind for i in sequences)


def _flat(mask: Mask, axis: int) -> Mask:
    rest = [a for a in range(mask.dim()) if a != axis]
    return mask.any(dim=rest) if rest else mask
