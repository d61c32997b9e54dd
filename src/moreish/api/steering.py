"""A person at the controls of a training: where the commands of a run meet the network that trains."""

from collections.abc import Iterable

from moreish.errors import RunError
from moreish.fitting.few import FewFitting
from moreish.fitting.fit import Fitting
from moreish.runs import events
from moreish.runs.commands import Remote


def let_steer(fitting: Fitting | FewFitting, remote: Remote, earlier: Iterable[events.Intervention] = ()) -> bool:
    """Let a person change a network while it trains; False where this is none that trains in this process alone.

    `earlier` is what was changed before the run was saved. Raises RunError where several processes would have to do
    it again.
    """
    if _trains_with_others():
        _refuse_what_stands(earlier)
        return False
    if not isinstance(fitting, Fitting) or not fitting.schedule.networks or fitting.schedule.at_once > 1:
        return False
    if fitting.controls is None:
        from moreish.training.controls import Live

        fitting.controls = Live(remote, earlier)
    return True


def _trains_with_others() -> bool:
    from moreish.training import launch

    process = launch.launched()
    return process is not None and process.size > 1


def _refuse_what_stands(earlier: Iterable[events.Intervention]) -> None:
    from moreish.training.controls import standing

    if changes := standing(earlier):
        raise RunError(
            f"this net was changed by hand while it trained (step {changes[0].step}: {changes[0].sentence}), which "
            "only one process can put in place again: go on without torchrun"
        )
