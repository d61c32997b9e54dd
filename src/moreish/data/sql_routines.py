"""Triggers, procedures and the like in SQL: what they do later is no row of now."""

from moreish.data.possessive import re

ROUTINE = re.compile(
    r"CREATE\b[^;'\"$(]{0,300}?\b(?P<kind>TRIGGER|EVENT|PROCEDURE|PROC|FUNCTION|PACKAGE)\b", re.IGNORECASE | re.DOTALL
)


def end_of(found: re.Match[str], parts: re.Pattern[str]) -> int:
    """Where the routine that begins here ends; `parts` finds what nests, what ends it, and what is none of it.

    Its body is a text, or goes from BEGIN to END, or behind AS, or declarations, to the end of the batch.
    """
    text, at, depth, begun, first = found.string, found.end(), 0, False, 0
    declares = False
    while part := parts.search(text, at):
        word, at = " ".join(part[0].upper().split()), part.end()
        if word[0] == "$":
            closed = text.find(part[0], at)
            at = closed + len(word) if closed >= 0 else len(text)
        if word[0] in "$'":
            declares = False
        elif word in ("AS", "IS"):
            declares = found["kind"].upper() not in ("TRIGGER", "EVENT")
        elif word in ("BEGIN", "CASE"):
            depth, begun = depth + 1, True
        elif word in ("END", "END CASE"):
            depth -= 1
        elif word in ("GO", "/"):
            return at
        elif word == "CREATE" and not begun and first:
            return first
        elif word == ";" and depth <= 0:
            if begun or not declares:
                return at
            first = first or at
    return first or len(text)
