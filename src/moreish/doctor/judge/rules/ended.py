"""The finding about an exception that ended a run."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import Rule, Verdict, found


@Rule(
    "F68",
    "exception",
    "an exception ended the run",
    silent="exceptions whose meaning is not known; an interruption; the script's own exit",
    why="What torch says when it stops is exact, but it leaves out what one wants to know:\n"
    "which id, which label, which two sizes.\n"
    "The traceback above has the line.",
    explains=("F63",),
    rank=1,
)
def ended_by_exception(history: History) -> Iterator[Verdict]:
    """An exception of torch whose meaning is known came out of the script."""
    failure = history.evidence.failure
    if failure is not None:
        meaning, _, remedy = failure.meaning.partition(". ")
        yield found(
            "sick",
            "",
            failure.step,
            f"{failure.name} after {failure.step} steps ({failure.message}): {meaning[:1].lower()}{meaning[1:]}.",
            remedy or "Look at the line that the traceback names.",
            confidence=0.95,
        )
