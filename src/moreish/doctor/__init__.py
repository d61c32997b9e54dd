"""The doctor: sees inside any PyTorch net while it trains, and says what is wrong, rarely and rightly."""

from moreish.doctor.ask.data import check_batch, check_samples, check_split, check_symbols
from moreish.doctor.ask.preflight import preflight
from moreish.doctor.ask.script import watch_module, watch_script
from moreish.doctor.ask.session import start, stop
from moreish.doctor.ask.trace import Inside, Traced, inside, trace
from moreish.doctor.ask.watched import Watched
from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.diagnosis import failing
from moreish.doctor.judge.finding import Finding, Operation, at_least
from moreish.doctor.tell.alerts import SickRun
from moreish.doctor.treat.faults import FAULTS, seed_fault

__all__ = [
    "FAULTS",
    "Doctor",
    "Finding",
    "Inside",
    "Operation",
    "SickRun",
    "Traced",
    "Watched",
    "at_least",
    "check_batch",
    "check_samples",
    "check_split",
    "check_symbols",
    "failing",
    "inside",
    "preflight",
    "seed_fault",
    "start",
    "stop",
    "trace",
    "watch_module",
    "watch_script",
]
