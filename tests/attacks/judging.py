"""What may come of hostile input: an answer or one sentence, in bounded time; never a traceback, a hang, a crash."""

import contextlib
import faulthandler
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import moreish
from moreish.errors import LONGEST as LONGEST_SAID
from moreish.errors import describe

SOURCE = str(Path(moreish.__file__).parent)
LONGEST = 10.0  # seconds of processor time for one case
LONGEST_SENTENCE = LONGEST_SAID + 3


class Fault(AssertionError):
    """What should never come of an input."""


@contextlib.contextmanager
def no_fault(case: object) -> Iterator[None]:
    """Whatever is raised inside must be a sentence of moreish's own. Raises Fault with the case where it is not."""
    began = time.process_time()
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        said = describe(error)[1]
        if not is_own(error):
            where = "".join(traceback.format_exception(error)[-6:])
            raise Fault(f"{case!r:.2000}\n{where}") from None
        if len(said) > LONGEST_SENTENCE or "a fault in moreish" in said or not said:
            raise Fault(f"{case!r:.2000}\nsaid: {said:.3000}") from None
    if (took := time.process_time() - began) > LONGEST:
        raise Fault(f"{case!r:.2000}\ntook {took:.1f} s")


def is_own(error: BaseException) -> bool:
    """Whether moreish itself raised it, with a sentence, or it is a failure of the system that names its place."""
    if isinstance(error, OSError):
        return bool(error.strerror)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    own = trace is not None and trace.tb_frame.f_code.co_filename.startswith(SOURCE)
    return own and not isinstance(error, AssertionError | KeyError | TypeError | AttributeError | IndexError)


def run_cases(attack: Callable[[int], object], cases: int, first: int = 0, stop_after: int = 1) -> list[str]:
    """The faults of these cases, each named by its number; a case that hangs ends the process with its number."""
    faults: list[str] = []
    for case in range(first, first + cases):
        faulthandler.dump_traceback_later(120, exit=True)
        try:
            attack(case)
        except Fault as fault:
            faults.append(f"case {case}: {fault}")
            if len(faults) >= stop_after:
                break
        finally:
            faulthandler.cancel_dump_traceback_later()
    return faults


def cases_asked_for(few: int) -> int:
    """How many cases to try: MOREISH_FUZZ says it, else few."""
    return int(os.environ.get("MOREISH_FUZZ", few))


if __name__ == "__main__":
    sys.exit("see tests/attacks/fuzz.py")
