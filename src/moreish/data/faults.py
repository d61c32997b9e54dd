"""Faults: what a parser says of a line that it cannot read, and what is to be done about it."""

from moreish.wording import called


class NotRead(ValueError):
    """What stands in a line cannot be read; `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def as_it_stands() -> str:
    """What to do where a list is no table, or is no whole one."""
    return f"mend it, or say {called('data.recognise', False)} if the lines are the items as they stand"
