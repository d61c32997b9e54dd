"""The one error that is not bad input: `Unmet`. What is wrong with an input is a ValueError everywhere."""


class Unmet(Exception):
    """The request was understood and cannot be met; the sentence says why, and the exit code is 1."""
