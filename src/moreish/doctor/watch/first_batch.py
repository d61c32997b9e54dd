"""The first batch: kept until its step is over, and then asked what cannot be seen from outside, once, on a copy."""

from torch import Tensor, nn

from moreish.doctor.frames.frame import Frame
from moreish.doctor.watch import alignment, replay
from moreish.doctor.watch.replay import Args, Kwargs


class FirstBatch:
    """The model's first call in training, and whether a function with a backward of its own leads to the loss."""

    def __init__(self) -> None:
        self._call: tuple[nn.Module, Args, Kwargs] | None = None
        self._by_hand = False

    def called(self, root: nn.Module, args: Args, kwargs: Kwargs) -> None:
        """A model was called in the first step; the first call is kept."""
        if self._call is None:
            self._call = root, args, kwargs

    def backward_begins(self, loss: Tensor | None) -> None:
        """Look through the graph behind the first loss."""
        if self._call is not None:
            self._by_hand |= bool(replay.written_by_hand(loss))

    def replay(self, frame: Frame, unseen: bool) -> None:
        """Once: do samples see each other, is a hand-written backward right? Compiled models are not asked."""
        call, self._call = self._call, None
        if call is None or unseen:
            return
        frame.coupling = replay.asked(replay.coupling, *call)
        if any(loss.lags is not None and loss.lags.shares[0] > 0.9 for loss in frame.losses):
            frame.looks_ahead = replay.asked(alignment.looks_ahead, *call)
        if self._by_hand:
            frame.wrong_backward = replay.asked(replay.wrong_backward, *call)
