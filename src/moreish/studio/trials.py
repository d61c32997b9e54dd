"""A finding's remedy put to the test: 300 steps with it and without, from the run's newest checkpoint."""

import time
from typing import Any

from moreish.api.trained import TrainedRun
from moreish.runs import commands, events
from moreish.runs.folder import Run
from moreish.serving.work import Clock
from moreish.studio.inside import state_of
from moreish.training.trial import Arm, try_remedy

SECONDS = 60.0  # that a trial takes; it is shorter where its steps take longer
SAVING = 5.0  # seconds that a training is given to save


def save_now(run: Run) -> None:
    """Let whoever trains this run save what it has, so that a trial begins here; else it begins earlier."""
    if not run.running:
        return
    before, until = run.steps()[-1:], time.monotonic() + SAVING
    commands.steer(run.folder, commands.Save())
    while run.steps()[-1:] == before and time.monotonic() < until and run.running:
        time.sleep(0.05)


def trial_of(run: TrainedRun, remedy: str, arguments: dict[str, object], at: int, steps: int, clock: Clock) -> Any:
    """Both curves, as plain values. Raises ValueError where there is no network, or the remedy does not fit it.

    Where fewer steps are left than wanted, the learning rate stays what it was at step `at`.
    """
    state, _, remembered = state_of(run)
    train, val = run.corpus.split("train"), run.corpus.split("val")
    component = next(k for k, choice in enumerate(run.config.model.singles) if choice in run.config.model.networks)
    held = None
    if not remembered or state.progress + steps * state.pace > 1:
        held = _progress_at(run, at, component)
    until = time.monotonic() + SECONDS

    def go_on() -> bool:
        clock.check()
        return time.monotonic() < until

    earlier = [e for e in events.of_kind(run.run.events(), events.Intervention) if e.component == component]
    done = try_remedy(
        state,
        train,
        val.to_judge_by() if len(val) else None,
        commands.Heal(remedy, arguments),
        earlier=[e for e in earlier if not remembered or e.at <= state.step],
        steps=steps,
        held=held,
        go_on=go_on,
    )
    return {
        "step": done.step if remembered else run.run.summary()["step"],
        "lr": done.lr,
        "held": held is not None,
        "remembered": remembered,
        "said": done.said,
        "without": _plain(done.without),
        "remedied": _plain(done.remedied),
    }


def _progress_at(run: TrainedRun, at: int, component: int) -> float:
    """How far the training was at this step, from the record nearest to it."""
    steps = [s for s in events.of_kind(run.run.events(), events.Step) if s.component == component]
    nearest = min(steps, key=lambda s: abs(s.step - at), default=None)
    return 0.0 if nearest is None else min(nearest.progress, 0.999)


def _plain(arm: Arm) -> dict[str, object]:
    return {"losses": [None if v is None else float(f"{v:.5g}") for v in arm.losses], "val_loss": arm.val_loss}
