"""What somebody asks for in the shell, and how it is said in the shell's own words."""

from collections.abc import Iterator
from dataclasses import dataclass

from moreish.inference.naming import unquoted

CALLED = {
    "starts_with": "starts", "ends_with": "ends", "contains": "contains", "length": "length", "pattern": "like",
    "regex": "regex", "only": "only", "without": "without", "temperature": "temperature", "min_p": "min-p",
    "new_by": "new", "new_only": "new", "best": "best",
}  # fmt: skip
"""The commands for the command line's flags."""


@dataclass(frozen=True)
class Request:
    """What is asked for: the names are those of `Rules` and `Sampling`; what is None or empty is not asked.

    best   : the most probable items in order, instead of a sample
    of     : the kind, or several with their shares (elves:0.7,dwarves:0.3); empty: any
    new_by : at least so many edits from every known item; 1: none of the list; 0: known ones too
    count  : how many are looked at at a time; they may be asked for again and again
    """

    starts_with: str = ""
    ends_with: str = ""
    contains: tuple[str, ...] = ()
    length: str = ""
    pattern: str = ""
    regex: str = ""
    only: str = ""
    without: str = ""
    temperature: float | None = None
    min_p: float | None = None
    best: bool = False
    of: str = ""
    new_by: int = 0
    count: int = 10


RULES = ("starts_with", "ends_with", "contains", "length", "pattern", "regex", "only", "without")
"""The fields of a request that are rules."""


def rules_in_words(request: Request) -> Iterator[str]:
    """What is asked for, a line each."""
    named = {
        "starts_with": "starts with",
        "ends_with": "ends with",
        "length": "length",
        "pattern": "like",
        "regex": "regex",
        "only": "only the symbols",
        "without": "without the symbols",
    }
    for field, words in named.items():
        if getattr(request, field):
            yield f"{words} {getattr(request, field)}"
    for part in request.contains:
        yield f"contains {part}"
    if request.temperature is not None:
        yield f"temperature {request.temperature:g}"
    if request.min_p is not None:
        yield f"min-p {request.min_p:g}"
    if request.of:
        yield f"of {request.of}"
    if request.best:
        yield "best first"
    if request.new_by:
        yield "new ones only" if request.new_by == 1 else f"at least {request.new_by} edits from every known item"


def in_shell(name: str, value: str | None, number: bool) -> str | None:
    """What a flag of the command line is called here; None where there is no command for it."""
    command = CALLED.get(name)
    return f"{command} {value if number else unquoted(value)}" if command and value else command
