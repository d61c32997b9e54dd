"""Several processes that torchrun started train each network together: the first leads, the others follow.

The leader reads, decides, writes and speaks. A follower touches no file: it is told what to train and from where,
trains in step, and is silent. Before every stretch of training the two agree on whether it goes on:

    leader                               followers
    (task, state)                   ->
    go on?  any request to stop?   <->   the same questions, answered by all at once
    ... train to the next stop ...       ... train to the next stop ...
    None                            ->                                      all is done
"""

import contextlib
import signal
from collections.abc import Iterator

from moreish.errors import ProcessLost
from moreish.fitting.stopping import stop_requests
from moreish.fitting.workers import InProcess, Task, install, record_batches, state_arrays
from moreish.models import build_model
from moreish.training import distributed
from moreish.training.launch import Launched
from moreish.training.loop import start
from moreish.training.state import TrainState
from moreish.training.steps import threads
from moreish.wording import called


class Leading(InProcess):
    """Training in this process and, in step with it, in all that follow."""

    def __init__(self, task: Task, state: TrainState) -> None:
        refuse_what_is_for_one(task)
        distributed.send((task, state_arrays(state)))
        super().__init__(task, state)

    def _allow_threads(self) -> None:
        """One each: a step lasts as long as that of the slowest."""

    def receive(self) -> None:
        """Train to the next stop; a request to stop that came to any process is as if it had come here."""
        self.ended = True  # where something is raised below, the others have ended too
        if distributed.go_on(True, False)[1]:
            signal.raise_signal(signal.SIGTERM)
        with distributed.heard():
            super().receive()

    def end(self) -> None:
        """No longer needed, here and there."""
        super().end()
        if not self.ended:
            distributed.go_on(False, False)


def refuse_what_is_for_one(task: Task) -> None:
    """Raises ValueError where the options ask for what cannot be shared out."""
    options, count = task.options, distributed.size()
    if options.doctor:
        raise ValueError(
            f"the doctor watches a training in one process: leave {called('doctor')} out, or train without torchrun"
        )
    if options.batch_size < count:
        raise ValueError(
            f"a batch of {options.batch_size} leaves nothing for some of {count} processes: raise train.batch_size"
        )


@contextlib.contextmanager
def leading(launched: Launched) -> Iterator[None]:
    """Inside, networks are trained with all processes that follow; at the end these go home."""
    with distributed.joined(launched):
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLost):
                distributed.send(None)


def follow(launched: Launched) -> None:
    """The life of a process that follows. Raises ProcessLost where it cannot go on."""
    with distributed.joined(launched), stop_requests() as stop_requested:
        while (sent := distributed.receive()) is not None:
            task, arrays = sent
            model = build_model(task.name, task.model_options, task.vocab_size, task.seed, task.kinds)
            state = start(model, task.options, task.seed)
            install(state, arrays)
            batches = record_batches(task, state)
            with threads(state.model, task.options), contextlib.suppress(FloatingPointError):
                while distributed.go_on(True, stop_requested())[0]:
                    with distributed.heard():
                        if not next(batches):
                            break
