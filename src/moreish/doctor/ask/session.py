"""From `start()` to `stop()`: everything that this process trains meanwhile, under observation."""

import atexit
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from moreish.doctor.ask.ward import Ward
from moreish.doctor.ask.watched import Watched
from moreish.doctor.judge.finding import Finding
from moreish.doctor.watch.clock import BUDGET


class _Session:
    """What is under observation now, if anything is."""

    ward: Ward | None = None
    open = ExitStack()


def start(
    *,
    budget: float = BUDGET,
    ignore: Iterable[str] = (),
    on_finding: Callable[[Finding], object] | None = None,
    stop_on: str | None = None,
) -> None:
    """From here to `stop()`, watch every optimizer that is made in this process and the models that it trains.

    What the arguments mean is said at `Doctor`. Started again without a stop, it forgets what it saw and begins anew.
    """
    if _Session.ward is not None:
        stop()
    ward = Ward(budget, ignore, on_finding, stop_on)
    with ExitStack() as stack:
        stack.enter_context(ward.open())
        _Session.ward, _Session.open = ward, stack.pop_all()
    atexit.register(_leave)


def stop() -> Watched:
    """Watch no further, and give what was seen. Raises RuntimeError where nothing was started."""
    ward = _Session.ward
    if ward is None:
        raise RuntimeError("moreish.doctor.start() comes before stop()")
    _leave()
    return ward.watched()


def _leave() -> None:
    atexit.unregister(_leave)
    opened, _Session.ward, _Session.open = _Session.open, None, ExitStack()
    opened.close()
