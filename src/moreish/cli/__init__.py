"""The command line."""

from moreish.cli.app import run

__all__ = ["run"]
