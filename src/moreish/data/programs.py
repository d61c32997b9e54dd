"""Programs: a list of texts as programs write it, several on a line, with escapes and comments; of any language."""

from typing import NamedTuple

from moreish.data.possessive import re

STRING = r"[rRuU]?(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\\n]|\\.)*`)"
COMMENT = r"(?://|#|--)[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*\*/"
SPACE = re.compile(rf"(?:\s+|{COMMENT})*+")
OPENING = re.compile(
    r"(?:[\w$@.: <>\[\],?|*&]{1,200}?(?:=|<-|:=)\s*)?(?:new\s|\[\])?(?:[\w.:<>]{0,80}[\[({]\s*){1,2}"
)
TEXT = re.compile(STRING)
CLOSING = re.compile(r"[\])}][\])};,\s]*")
ALONE = re.compile(rf"(?:[^\"'`#/]*[=\s])?[\[({{]|{STRING}\s*,?|[\])}}][,;]?|")  # a line with one text, or none
ESCAPE = re.compile(
    r"\\(?:u\{(?P<braced>[0-9a-fA-F]{1,6})\}|U(?P<eight>[0-9a-fA-F]{8})|u(?P<four>[0-9a-fA-F]{4})|x(?P<two>[0-9a-fA-F]{2})|(?P<sign>.))"
)
SIGNS = {"n": "\n", "t": "\t", "r": "\r"}


class Listed(NamedTuple):
    """The texts of a list; `plain` where each stands alone on its line, as marks can take care of it."""

    texts: list[str]
    plain: bool


def listed(text: str, whole: bool) -> Listed | None:
    """The texts of the list that this program, or its beginning, is; None where it is none, or more than that."""
    at = _end(SPACE, text, 0)
    opening = OPENING.match(text, at)
    if opening is None:
        return None
    if not whole:
        text = text[: text.rfind("\n") + 1]
    texts, at = [], _end(SPACE, text, opening.end())
    while found := TEXT.match(text, at):
        texts.append(unescaped(found[0]))
        at = _end(SPACE, text, found.end())
        if text[at : at + 1] != ",":
            break
        at = _end(SPACE, text, at + 1)
    if at < len(text) or whole:
        closing = CLOSING.match(text, at)
        if closing is None or _end(SPACE, text, closing.end()) < len(text):
            return None
    return Listed(texts, all(ALONE.fullmatch(line.strip()) and "\\" not in line for line in text.split("\n")))


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def unescaped(string: str) -> str:
    """What a text in quotes says, escapes and all."""
    inner = string.lstrip("rRuU")[1:-1]
    if string[0] in "rR" or "\\" not in inner:
        return inner
    pairs = ESCAPE.sub(_character, inner).encode("utf-16-le", "surrogatepass")
    return pairs.decode("utf-16-le", "surrogatepass")  # a pair of escapes is one character


def _character(escape: re.Match[str]) -> str:
    if code := escape["braced"] or escape["eight"] or escape["four"] or escape["two"]:
        return chr(min(int(code, 16), 0x10FFFF))
    return SIGNS.get(escape["sign"], escape["sign"])
