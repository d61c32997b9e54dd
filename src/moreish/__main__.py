"""`moreish` and `python -m moreish`: the command line, of which Ctrl-C never makes a traceback."""

import os
import signal
import sys


def main() -> None:
    """Run the command that was typed and exit with its code."""
    signal.signal(signal.SIGINT, _leave)  # nothing has begun that would have to be put in order
    from moreish.cli.app import run

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = run(sys.argv[1:])
        signal.signal(signal.SIGINT, _leave)
        sys.exit(code)
    except KeyboardInterrupt:  # between these lines, or while an error was being told
        _leave()


def _leave(*_: object) -> None:
    os.write(2, b"moreish: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    main()
