"""Ctrl-C and SIGTERM on the command line: until something has begun it ends the process at once, without a traceback.

While Python and torch load, a KeyboardInterrupt may come up inside an import, where somebody else catches it, makes
another exception of it or forgets it. Nothing has been written then, so there is nothing to be put in order.
"""

import os
import signal

REQUESTS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = b"\r\x1b[2K\x1b[?25h"  # the line of what was being done goes


def leave(*_: object) -> None:
    """End the process: a sentence, exit code 130."""
    os.write(2, (SHOW_CURSOR if os.isatty(2) else b"") + b"moreish: interrupted\n")
    os._exit(130)


def leave_at_once() -> None:
    """From here on Ctrl-C or SIGTERM ends the process."""
    for number in REQUESTS:
        if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
            signal.signal(number, leave)


def as_others_find_it() -> None:
    """SIGTERM ends the process by itself again, as the program expects that is run in it."""
    if signal.getsignal(signal.SIGTERM) in (leave, signal.default_int_handler):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def something_began() -> None:
    """From here on Ctrl-C or SIGTERM is an exception, where it ended the process before."""
    for number in REQUESTS:
        if signal.getsignal(number) is leave:
            signal.signal(number, signal.default_int_handler)
