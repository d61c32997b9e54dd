"""From an exception to one sentence and an exit code. What is wrong with an input is a ValueError everywhere."""

DONE, UNMET, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class Unmet(Exception):
    """The request was understood and cannot be met; the sentence says why, and the exit code is 1."""


def told(error: BaseException) -> tuple[int, str]:
    """(exit code, sentence) for whatever ended a command."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED, str(error) or "interrupted"
        case Unmet():
            return UNMET, str(error)
        case ValueError() | FloatingPointError():
            return BAD_INPUT, str(error)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return BAD_INPUT, f"{where}{(error.strerror or str(error)).lower()}"
        case MemoryError():
            return BAD_INPUT, "there is not enough memory for this; take a smaller list or a smaller model"
        case _:
            fault = f"{type(error).__name__}: {error}"
            return UNMET, f"a fault in moreish itself ({fault}); with MOREISH_DEBUG=1 it says where"
