"""Why a run that nobody trains came to no end, from what it has said itself: that outlives process and studio.

A step whose loss is no finite number ends a training. What was done to the net since its newest checkpoint is undone
by going on from there; what was done before is in it.
"""

import contextlib

from moreish.errors import Damaged
from moreish.runs import events
from moreish.runs.folder import Run


def broke_at(run: Run) -> tuple[events.Step | None, list[events.Intervention]]:
    """The step at which the loss was lost, if it was, and what was done to the net by then and not taken back."""
    lost: events.Step | None = None
    done: list[events.Intervention] = []
    with contextlib.suppress(Damaged):
        for event in run.events():
            match event:
                case events.Step(loss=loss):
                    lost = event if loss is None else None
                case events.Intervention(kind="undo", done=True):
                    done = []
                case events.Intervention(kind="break" | "lr", done=True):
                    done.append(event)
                case _:
                    pass
    return lost, done


def why_it_broke(run: Run) -> str:
    """A sentence, with what to do; nothing where the loss was a number to the last."""
    lost, done = broke_at(run)
    if lost is None:
        return ""
    said = f"the loss was no number any more at step {lost.step:,}"
    steps = run.steps()
    if not done:
        rate = f" than {lost.lr:.3g}" if lost.lr else ""
        return f"{said}: try a lower learning rate{rate}"
    last = done[-1]
    said += f" (done before, at step {last.step:,}: {last.sentence})"
    if not steps:
        return f"{said}; there is no checkpoint from before, so train it anew"
    if any(each.step < steps[-1] for each in done):
        cure = "what was done before that is still in it: take it back, or make the learning rate smaller, at once"
        return f"{said}; going on begins at step {steps[-1]:,}, and {cure}"
    return f"{said}; going on begins at the checkpoint of step {steps[-1]:,}, from before that"
