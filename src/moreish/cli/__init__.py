"""The command line."""

from moreish.cli.app import main, run

__all__ = ["main", "run"]
