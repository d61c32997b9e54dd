"""Findings about copies of a model: averages, targets of Q-learning, teachers, and the best one so far."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.frames.noted import Copied
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

HARDLY = 0.1  # of the way
LATE = 4  # frames


@Rule(
    "F71",
    "copy-left-behind",
    "a copy does not follow its model",
    silent="before the end of the run; copies that nobody uses; frozen ones whose weights were trained or loaded; "
    "those that nothing is written into any more, as anchors; those that have come a tenth of the way",
    why="An average, a target network or a teacher is a second model: no optimizer changes it.\n"
    "Where what updates it is missing, too slow for the length of the run, or leaves the buffers out,\n"
    "it answers with what chance made it, and that is what is learned from or evaluated.",
    explains=("F28", "F34", "F16", NOT_LEARNING, RUNAWAY),
    explained_by=("F15",),
    rank=45,
)
def left_behind(history: History) -> Iterator[Verdict]:
    """A copy has the gradients and the model has none; or at the end a copy makes the targets with weights that are
    still as torch draws them, has come less than a tenth of the way, or has running statistics that never changed.
    """
    if history.step() < 20:
        return
    yield from _replaced(history)
    if not history.ended:
        return
    targets = any(x.by_copy for f in (history.first, history.last) if f is not None for x in f.losses)
    for copy in history.evidence.copies:
        verdict = _one(history, copy, targets)
        if verdict is not None:
            yield verdict
            return


def _replaced(history: History) -> Iterator[Verdict]:
    """A copy is trained in the place of the model that the optimizer holds."""
    frames = history.training(LATE)
    if len(frames) == LATE and all(
        f.noted.in_place and not f.called_with_grad and f.backwards and f.without_gradient == f.stepped
        for f in frames
    ):
        yield found(
            "sick",
            "",
            frames[0].step,
            "A copy of the model is called in its place, and the optimizer still holds the parameters of the one "
            "before: no step changes what is trained now.",
            "Put weights back with model.load_state_dict(best), or make a new optimizer for the new model.",
            confidence=0.95,
        )


def _one(history: History, copy: Copied, targets: bool) -> Verdict | None:
    called = f" of `{copy.model}`" if copy.model else " of the model"
    if copy.still and targets:
        words = f"the targets of the loss are made by a copy{called} that still has the first weights, as torch drew "
        words += "them."
        fix = "Let it follow: target.load_state_dict(model.state_dict()) now and then, or a small part at each step."
        return _said("sick", history, words, fix, copy)
    if copy.follows and 0 < copy.way < HARDLY and not copy.still:
        words = f"a copy{called} that follows it has come {copy.way:.1%} of the way that the model went in "
        words += f"{history.evidence.steps} steps."
        fix = "Let it follow faster: a decay of 1 - 10 / steps or less, or one that grows from 0 on."
        return _said("watch", history, words, fix, copy)
    if copy.statistics and copy.way >= HARDLY:
        words = f"a copy{called} follows it in its parameters, and its running statistics are still 0 and 1."
        fix = "Copy or average the buffers as well (AveragedModel(use_buffers=True)), or call update_bn at the end."
        return _said("sick", history, words, fix, copy)
    return None


def _said(severity: str, history: History, words: str, fix: str, copy: Copied) -> Verdict:
    return found(
        "sick" if severity == "sick" else "watch",
        "",
        history.step(),
        words[0].upper() + words[1:],
        fix,
        confidence=0.9,
        way=copy.way,
    )
