"""Naming: what sentences call by the command line's flags, as it is called where somebody reads them.

--starts-with "bri" is the field "starts_with": "bri" of a request to a server, and `starts bri` in the shell.
"""

import re
from collections.abc import Callable

TEXTS = ("starts-with", "ends-with", "contains", "length", "pattern", "regex", "only", "without")
NUMBERS = ("min-p", "top-k", "top-p", "temperature", "max-length", "new-by", "apart", "count", "seed")
ALONE = ("not-in", "new-only", "best", "repeats", "nearest")
FLAG = re.compile(
    rf"--(?:(?P<text>{'|'.join(TEXTS)})\b(?: (?P<said>\"(?:[^\"\\]|\\.)*+\"|[^\s\"]*[^\s\",.;:)]))?"
    rf"|(?P<number>{'|'.join(NUMBERS)})\b(?: (?P<value>-?\d+(?:\.\d+)?))?|(?P<alone>{'|'.join(ALONE)})\b)"
)

Word = Callable[[str, str | None, bool], str | None]
"""From a flag's name with underlines, its value if it has one, and whether that is a number, to what it is called."""


def renamed(sentence: str, word: Word) -> str:
    """The sentence with its flags called by `word`; those of which it gives None stand as they are."""

    def called(flag: re.Match[str]) -> str:
        name = flag["text"] or flag["number"] or flag["alone"]
        value = flag["said"] or flag["value"]
        found = word(name.replace("-", "_"), value, flag["number"] is not None)
        return flag[0] if found is None else found

    return FLAG.sub(called, sentence)


def unquoted(value: str) -> str:
    """What a flag's value says, without the quotes that the command line needs round it."""
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value
