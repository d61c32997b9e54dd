"""Findings about states that were loaded in vain."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found


@Rule(
    "F109",
    "loaded-nothing",
    "nothing was loaded",
    silent="a part that fits; outside of `moreish doctor`, `start` and the callbacks",
    why="With strict=False, or with the names that do not fit left out, load_state_dict says nothing.\n"
    'A "module." before every name, and the net keeps what chance drew; '
    "model.state_dict() without a copy is the model itself,\n"
    "so the best state so far is always the latest one.",
    explains=("F22", "F28", "F69", "F90", "F29", NOT_LEARNING),
    rank=21,
)
def loaded_nothing(history: History) -> Iterator[Verdict]:
    """Of what load_state_dict was given no name fits, or most do but for a beginning; or it was the model's own
    tensors: exact.
    """
    for load in history.evidence.loads:
        if load.itself:
            after = load.step > 0
            words = (
                "load_state_dict was given the model's own tensors: state_dict() holds no copy, so what was to be "
                "put back was trained on meanwhile."
                if after
                else "load_state_dict was given the model's own tensors, so nothing was loaded."
            )
            fix = (
                "Put a copy by: copy.deepcopy(model.state_dict())."
                if after
                else "See which names the checkpoint and model.state_dict() have in common."
            )
        else:
            what = "none" if not load.fitting else f"{load.fitting}"
            words = f"Of the {load.own} tensors of the model, {what} had a counterpart in what was loaded"
            words += f': names differ by "{load.beginning}" before them.' if load.beginning else "."
            fix = "Take the beginning off (k.removeprefix(...)), and look at what load_state_dict returns."
        yield found("sick", "", load.step, words, fix, confidence=0.95, fitting=load.fitting)
        return
