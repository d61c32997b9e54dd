"""A person at the controls of a training: where the commands of a run meet the network that trains."""

from collections.abc import Iterable

from moreish.fitting.few import FewFitting
from moreish.fitting.fit import Fitting
from moreish.runs import events
from moreish.runs.commands import Remote


def let_steer(fitting: Fitting | FewFitting, remote: Remote, earlier: Iterable[events.Intervention] = ()) -> bool:
    """Let a person change a network while it trains; False where this is none that trains in this process.

    `earlier` is what was changed before the run was saved.
    """
    if not isinstance(fitting, Fitting) or not fitting.schedule.networks or fitting.schedule.at_once > 1:
        return False
    if fitting.controls is None:
        from moreish.training.controls import Live

        fitting.controls = Live(remote, earlier)
    return True
