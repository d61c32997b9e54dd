"""The texts of YAML: how one with and without quotes looks, and what it says."""

from moreish.data.faults import NotRead
from moreish.data.possessive import re

PLAIN = r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[-?:](?=[^\s,\[\]{}]))"  # how a text without quotes begins
DOUBLE, SINGLE = r"\"(?:[^\"\\]|\\.)*+\"", r"'(?:[^']|'')*+'"
KEY = re.compile(
    rf"(?P<key>{DOUBLE}|{SINGLE}|{PLAIN}(?:[^\s:]|:(?=\S)|\s++(?=[^\s:#]|:\S))*+)\s*+:(?:\s+(?P<rest>.*)|$)"
)
EASY = re.compile(r"( *+)(?:- +)?+(?:(\w+): +)?+(\w(?:[^#:\r]*[^#:\s])?)")  # as most lines are
IN_FLOW = re.compile(rf"{PLAIN}(?:[^,\[\]{{}}\s:]|:(?![\s,\[\]{{}}]|$)|\s++(?=[^,\[\]{{}}\s:#]|:[^\s,\[\]{{}}]))*+")
NOTHING = ("", "~", "null", "Null", "NULL")
QUOTED = {
    '"': re.compile(r"((?:[^\"\\]|\\.)*+)(\\?)(\"?)"),
    "'": re.compile(r"((?:[^']|'')*+)()('?)"),
}  # a line of a text in quotes, from where it begins: what is said, whether the line's end is escaped, its end
COMMENT = re.compile(r"\s#")
PROPERTY = re.compile(r"(?:&(?P<anchor>[^\s,\[\]{}]++)|!!str)(?:\s++|\Z)")
ALIAS = re.compile(r"\*(?P<name>[^\s,\[\]{}]++)")
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def plain(said: str) -> str:
    """A text without quotes, and without the comment behind it."""
    return (COMMENT.split(said, maxsplit=1)[0] if "#" in said else said).rstrip()


def without_properties(said: str) -> tuple[str, str]:
    """The name of an anchor before a value, if there is one, and the value without it and without the tag !!str."""
    anchor = ""
    while said[:1] in ("&", "!") and (found := PROPERTY.match(said)):
        anchor, said = found["anchor"] or anchor, said[found.end() :]
    return anchor, said


def refused(said: str) -> str:
    """Why a value that begins so is not read; nothing where it is a text."""
    if said[0] in "&*!":
        return "has a tag (!), or a sign of an anchor or alias (&, *) without a name, which are not read"
    if said[0] in "%@`" or (said[0] in "?:-," and said[1:2] in ("", " ")):
        return f'has a value that begins with "{said[0]}", which is not read'
    return ""


def unquoted(said: str, line: int) -> str:
    """What a text in quotes says, which began in this line. Raises NotRead for an escape that YAML does not know."""
    inner = said[1:-1]
    if said[0] == "'":
        return inner.replace("''", "'")
    if "\\" not in inner:
        return inner

    def character(escape: re.Match[str]) -> str:
        code = int(escape[1] or escape[2] or escape[3] or "0", 16)
        found = ESCAPES.get(escape[4]) if escape[4] else chr(code) if code <= 0x10FFFF else None
        if found is None:
            raise NotRead(line, f'has "{escape[0]}" in double quotes, which YAML does not know; a backslash is \\\\')
        return found

    pairs = ESCAPE.sub(character, inner).encode("utf-16-le", "surrogatepass")
    return pairs.decode("utf-16-le", "surrogatepass")  # a pair of escapes is one character
