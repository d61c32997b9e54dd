"""Content lines, of which vCards and iCalendars are made: a name, parameters, a colon, a value, folded where long."""

import quopri
from collections.abc import Iterator
from typing import NamedTuple

from moreish.data.faults import NotRead
from moreish.data.possessive import re

HEAD = re.compile(
    r'(?:[\w-]++\.)?+(?P<name>[\w-]++)(?P<parameters>(?:;[^":;]*+(?:"[^"]*+"[^":;]*+)*+)*+):|(?P<bare>[\w-]++)[^:]*+:'
)
QUOTED_PRINTABLE = re.compile(r";(?:ENCODING=)?QUOTED-PRINTABLE[;:]", re.IGNORECASE)
BINARY = re.compile(r";(?:ENCODING=)?(?:B|BASE64)(?:[;:]|$)", re.IGNORECASE)
CHARSET = re.compile(r';CHARSET="?([\w.:-]+)', re.IGNORECASE)
ESCAPE = re.compile(r"\\(.)|;", re.DOTALL)
NUL = "\0"  # which no file that is read has


class Property(NamedTuple):
    """A line without its folds. `binary`: whether its value is no text, and left out."""

    line: int
    name: str
    value: str
    binary: bool = False


class Component(NamedTuple):
    """What stands between BEGIN and END, at `line`, but for what lies in components within it."""

    kind: str
    line: int
    properties: list[Property]


def components(text: str) -> Iterator[Component]:
    """The components as they end. Raises NotRead where one has no end, or where something stands outside of all."""
    opened: list[Component] = []
    for each in properties(text):
        kind = each.value.strip().upper()
        if each.name == "BEGIN":
            opened.append(Component(kind, each.line, []))
        elif not opened:
            raise NotRead(each.line, f"its {each.name} stands outside of BEGIN and END")
        elif each.name != "END":
            opened[-1].properties.append(each)
        elif kind == opened[-1].kind:
            yield opened.pop()._replace(line=each.line)
        else:
            began = opened[-1]
            raise NotRead(each.line, f"END:{kind} comes before the END of the {began.kind} of line {began.line:,}")
    if opened:
        kind = opened[-1].kind
        raise NotRead(opened[-1].line, f"its BEGIN:{kind} has no END:{kind}, as if the file were cut off")


def properties(text: str) -> Iterator[Property]:
    """The lines, unfolded and decoded."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        first, pieces = at, [lines[at]]
        at += 1
        printable = QUOTED_PRINTABLE.search(pieces[0]) is not None
        while at < len(lines):
            if printable and pieces[-1].endswith("="):
                pieces[-1] = pieces[-1][:-1]
                pieces.append(lines[at])
            elif lines[at].startswith((" ", "\t")):
                pieces.append(lines[at][1:])
            else:
                break
            at += 1
        whole = "".join(pieces)
        if not whole.strip():
            continue
        found = HEAD.match(whole)
        if found is None:
            raise NotRead(first + 1, "it has no name with a colon, as every line of such a file has")
        binary = BINARY.search(found[0]) is not None
        while binary and at < len(lines) and lines[at].strip() and ":" not in lines[at]:
            at += 1
        value = "" if binary else whole[found.end() :]
        if printable:
            value = _decoded(value, found[0], first + 1)
        yield Property(first + 1, (found["name"] or found["bare"]).upper(), value, binary)


def _decoded(value: str, head: str, line: int) -> str:
    charset = CHARSET.search(head)
    encoding = charset[1] if charset else "utf-8"
    try:
        return quopri.decodestring(value.encode()).decode(encoding)
    except LookupError:
        raise NotRead(line, f'there is no text encoding "{encoding}", which it names') from None
    except UnicodeError:
        raise NotRead(line, f"its quoted-printable text is not {encoding.upper()}") from None


def parts_of(value: str) -> list[str]:
    """The parts of a value between semicolons, each on one line and without escapes."""
    return [" ".join(part.split()) for part in ESCAPE.sub(_part, value).split(NUL)]


def text_of(value: str) -> str:
    """All of a value, on one line and without escapes."""
    return " ".join(ESCAPE.sub(_text, value).split())


def _part(escape: re.Match[str]) -> str:
    return NUL if escape[0] == ";" else _text(escape)


def _text(escape: re.Match[str]) -> str:
    return " " if escape[1] in ("n", "N") else escape[1] or ";"
