"""`moreish` and `python -m moreish`: the command line, of which Ctrl-C never makes a traceback."""


def main() -> None:
    """Run the command that was typed and exit with its code."""
    try:
        from moreish.cli.interrupt import leave_at_once

        leave_at_once()
        import sys

        from moreish.cli.app import run

        code = run(sys.argv[1:])
        leave_at_once()
    except KeyboardInterrupt:  # before that, or while an error was being told
        code = 130
    raise SystemExit(code)


if __name__ == "__main__":
    main()
