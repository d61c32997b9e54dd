"""The first batch: kept until its step is over, and then asked what cannot be seen from outside, once, on a copy."""

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.replayed import Replayed
from moreish.doctor.watch import alignment, replay
from moreish.doctor.watch.arguments import Args, Kwargs
from moreish.doctor.watch.called import CalledWith
from moreish.doctor.watch.questions import answers

MOST_MODELS = 4  # of a run that are replayed
TRIES = 2  # of a model: in its first step nothing may arrive at the output yet


class FirstBatch:
    """Each model's first call in training, and whether a function with a backward of its own leads to the loss."""

    def __init__(self) -> None:
        self.replayed = Replayed()
        self._calls: dict[int, tuple[str, nn.Module, Args, Kwargs]] = {}  # of this frame
        self._tries: dict[int, int] = {}
        self._by_hand = False

    def called(self, name: str, root: nn.Module, args: Args, kwargs: Kwargs) -> None:
        """A model was called; its first call is kept, and the first of a later step where that did not suffice."""
        known, tries = id(root) in self._calls, self._tries.get(id(root), 0)
        if not known and tries < TRIES and len(self._tries | dict.fromkeys(self._calls, 0)) <= MOST_MODELS:
            self._calls[id(root)] = name, root, args, kwargs

    def backward_begins(self, loss: Tensor | None) -> None:
        """Look through the graph behind the first loss."""
        if self._calls:
            self._by_hand |= bool(replay.written_by_hand(loss))

    def replay(self, frame: Frame, unseen: bool, targets: Sequence[Tensor]) -> None:
        """Ask what a copy can tell of this frame's calls. Compiled models are not asked."""
        calls, self._calls = self._calls, {}
        for root_id, (name, root, args, kwargs) in calls.items():
            self._tries[root_id] = self._tries.get(root_id, 0) + 1
            if unseen:
                continue
            given = CalledWith(args, kwargs, targets, name)
            told = replay.asked(partial(answers, given=given), root)
            if told is not None:
                if told.settled:
                    self._tries[root_id] = TRIES
                frame.coupling = frame.coupling or told.coupling
                self.replayed.add(told.replayed)
                frame.replayed = self.replayed
            if any(loss.lags is not None and loss.lags.shares[0] > 0.9 for loss in frame.losses):
                question = partial(alignment.looks_ahead, args=args, kwargs=kwargs)
                frame.looks_ahead = replay.asked(question, root)
            if self._by_hand:
                question = partial(replay.wrong_backward, args=args, kwargs=kwargs)
                frame.wrong_backward = frame.wrong_backward or replay.asked(question, root)
