"""The exceptions, and the one sentence and exit code that each becomes. What is wrong with an input is a ValueError.

    Exception
      Unmet               the request was understood and cannot be met
    ValueError
      RunError            a run cannot be used as asked
        Damaged           it is not what was written: passed over where an older checkpoint can serve
        TooNew            a later release wrote it: never passed over
    KeyboardInterrupt
      Interrupted         training was asked to stop and did, with everything saved

Every message is one sentence that says what, where and what to do.
"""

import re
import sys
from pathlib import Path

from moreish.wording import said

NO_MEMORY = "there is not enough memory for this; take a smaller list or a smaller model"
LONGEST = 2000  # characters of a sentence: what a stranger wrote may be in it
_MEMORY = r"(?i)cannot allocate|can't allocate|not enough memory|failed to map segment|out of memory|bad_alloc"

DONE, UNMET, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def how_to_install(extra: str) -> str:
    """The command that adds an extra to the Python that is running, in any shell."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f'{python} -m pip install "moreish[{extra}]"'


class Unmet(Exception):
    """The request was understood and cannot be met; the sentence says why, and the exit code is 1."""


class ProcessLost(Unmet):
    """Another process of the training ended, or cannot be reached."""


class RunError(ValueError):
    """A run cannot be used as asked; the sentence says what, where and what to do."""


class Damaged(RunError):
    """Something in a run folder is not what was written."""


class TooNew(RunError):
    """Something in a run folder was written by a later release."""


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop and did, with everything saved in `folder`: `moreish.api.resume` goes on."""

    def __init__(self, folder: Path) -> None:
        how = said(f"moreish train --resume {folder}", f"moreish.resume({str(folder)!r})")
        super().__init__(f"interrupted; go on with: {how}")
        self.folder = folder


def describe(error: BaseException) -> tuple[int, str]:
    """(exit code, sentence) for whatever ended a command; of a very long one both ends are left."""
    code, sentence = _described(error)
    half = LONGEST // 2
    return code, sentence if len(sentence) <= LONGEST else f"{sentence[:half]}...{sentence[-half:]}"


def _described(error: BaseException) -> tuple[int, str]:
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED, str(error) or "interrupted"
        case _ if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            return INTERRUPTED, "interrupted"  # while a class was being made, or something was being put in order
        case Unmet():
            return UNMET, str(error)
        case ValueError() | FloatingPointError():
            return BAD_INPUT, str(error)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return BAD_INPUT, f"{where}{(error.strerror or str(error)).lower()}"
        case MemoryError():
            return BAD_INPUT, NO_MEMORY
        case ImportError() | RuntimeError() if re.search(_MEMORY, str(error)):  # of a library, or of torch
            return BAD_INPUT, NO_MEMORY
        case RuntimeError() if "can't start new thread" in str(error):
            return (
                BAD_INPUT,
                "this system starts no more threads: end other programs, or raise its limit of processes",
            )
        case _:
            fault = f"{type(error).__name__}: {error}"
            return UNMET, f"a fault in moreish itself ({fault}); with MOREISH_DEBUG=1 it says where"
