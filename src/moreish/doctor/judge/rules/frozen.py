"""Findings about parameters that an optimizer holds and that nobody trains."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.rules.gradients import owner
from moreish.doctor.judge.rules.graph import listed
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEW = 0.02  # of the steps of the others


@Rule(
    "F69",
    "mostly-frozen",
    "most of what is to learn is frozen",
    silent="a run that goes on from a checkpoint; weights that were loaded or trained before; frozen layers that no "
    "optimizer holds; for biases alone, a loss that falls by a third",
    why="requires_grad is False for every weight matrix, so backward brings them nothing.\n"
    "Biases alone can hardly change what a net answers to different inputs.\n"
    "Mostly a loop that freezes a body has gone over the head as well.",
    explains=("F14", "F12", "F22", "F23", NOT_LEARNING),
    rank=55,
)
def mostly_frozen(history: History) -> Iterator[Verdict]:
    """Everything that gets a gradient has one dimension, or one number a row, what is frozen has more, and the loss
    hardly falls; or most matrices are frozen and most of those as torch draws them.
    """
    frames, losses = history.training(), history.losses()
    if len(frames) < 4 or not history.from_scratch or history.step() < 50 or len(losses) < 4:
        return
    trained, frozen = frames[-1].shapes, frames[-1].frozen
    matrices = [n for n, dims in frozen.items() if dims > 1]
    if trained and len(matrices) > len([s for s in trained.values() if len(s) > 1]):
        drawn = [n for n in matrices if all(n in f.fresh for f in frames)]
        if 2 * len(drawn) > len(matrices):
            yield _random(history, drawn, len(matrices))
            return
    if not trained or any(len(shape) > 1 and shape[1:] != (1,) for shape in trained.values()) or not matrices:
        return
    if min(loss for _, loss in losses[-3:]) < losses[0][1] * 2 / 3:
        return
    yield found(
        "watch",
        owner(next(iter(trained))),
        history.step(),
        f"Only {listed(set(trained))} of {len(trained) + len(frozen)} parameters in the optimizer want a gradient; "
        "every weight matrix has requires_grad=False.",
        "Set requires_grad_(True) for the layers that are to learn, the new head above all.",
        confidence=0.8,
        trained=len(trained),
        frozen=len(frozen),
    )


def _random(history: History, drawn: list[str], every: int) -> Verdict:
    return found(
        "watch",
        owner(drawn[0]),
        history.step(),
        f"{every} weight matrices that the optimizer holds have requires_grad=False, and {len(drawn)} of them "
        f"({listed(set(drawn))}) are still as torch draws them: nothing was ever learned there.",
        "Set requires_grad_(True) for them, or load what they were trained to; if random layers are meant, leave "
        "them out of the optimizer.",
        confidence=0.85,
        layers=tuple(dict.fromkeys(map(owner, drawn))),
        frozen=every,
    )


@Rule(
    "F67",
    "idle-optimizer",
    "one of several optimizers never steps",
    silent="its parameters have no gradient, or another optimizer steps them as well",
    why="Each optimizer changes only what it holds.\n"
    "The parameters of one that never steps get gradients that nobody uses,\n"
    "and stay what they were at the start.",
    explains=("F20", NOT_LEARNING),
    rank=23,
)
def idle_optimizer(history: History) -> Iterator[Verdict]:
    """After fifty steps of others an optimizer has none, although its parameters have gradients that are not 0; or it
    stopped after a few, and all that it holds is frozen.
    """
    seen = history.evidence.optimizers
    if history.evidence.steps < 50 or len(seen) < 2:
        return
    stopped = [
        o for o in seen if o.frozen and 0 < o.steps <= max(3, FEW * max(o.steps for o in seen)) and not o.shared
    ]
    if stopped and history.step() >= 100:
        yield found(
            "sick",
            "",
            stopped[0].steps,
            f"{stopped[0].name} with {stopped[0].parameters} parameters stepped {stopped[0].steps} times in "
            f"{history.step()}: all that it holds has requires_grad=False since then.",
            "Set requires_grad_(True) again before its turn, or leave parameters as they are and detach what is "
            "given to the other model.",
            confidence=0.85,
            optimizers=len(seen),
        )
        return
    idle = [o for o in seen if not o.steps and o.has_gradient and not o.shared]
    if idle:
        yield found(
            "sick",
            "",
            0,
            f"{idle[0].name} with {idle[0].parameters} parameters never stepped, while {len(seen) - len(idle)} other "
            f"optimizer{'s' if len(seen) - len(idle) > 1 else ''} did; its parameters get gradients.",
            "Call its step() as well, or give its parameters to the other optimizer.",
            confidence=0.9,
            optimizers=len(seen),
        )
