"""Faults: what a parser says of a line that it cannot read."""


class NotRead(ValueError):
    """What stands in a line cannot be read; `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
