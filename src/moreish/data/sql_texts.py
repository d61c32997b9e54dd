"""The words of SQL: names, comments, texts in quotes, and what these say. Databases differ in what escapes are."""

from dataclasses import dataclass
from functools import cache

from moreish.data.possessive import re

FLAGS = re.IGNORECASE | re.DOTALL
LONGEST_NAME = 200  # characters in quotes; no database takes as many
NAME = "|".join(
    rf"{opens}(?:[^{closes}\n]|{closes}{closes}){{1,{LONGEST_NAME}}}+{closes}"
    for opens, closes in (("`", "`"), ('"', '"'), (r"\[", r"\]"), ("'", "'"))
)
NAME = rf"(?:[\w$#@]++|{NAME})"
TABLE = rf"(?P<table>{NAME}(?:\s*+\.\s*+{NAME}){{0,3}})"
ASIDE = r"--[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/"
COMMENT = rf"#[^\n]*+|{ASIDE}"  # with what begins a comment in MySQL alone
GAP = rf"(?:\s|{ASIDE})"
COLUMNS = rf"(?:{GAP}*+\((?P<columns>{GAP}*+(?:{NAME}(?:{GAP}*+,{GAP}*+{NAME})*+)?{GAP}*+)\))?"
NEXT = r"(?:INSERT|REPLACE|COPY|CREATE|GO)\b"  # begins a statement in scripts that have no semicolons
SPACE = re.compile(rf"(?:\s+|{COMMENT})*+")
NAMES = re.compile(rf"{ASIDE}|(?P<name>{NAME})", FLAGS)
TAG = r"(?<![\w$])\$(?:[A-Za-z_]\w*+)?\$"
DOLLARS = rf"{TAG}(?:[^$]|\$(?!\w*+\$))*+\$\w*+\$"  # a text that $ or $word$ opens and closes
ESCAPING = r"(?<!\w)[eE]'(?:[^'\\]|\\.|'')*+'"
BACKSLASH = re.compile(
    r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})|x(?P<hex>[0-9a-fA-F]{1,2})|(?P<octal>[0-7]{1,3})|(?P<sign>.))",
    re.DOTALL,
)
SIGNS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
OF_MYSQL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a", "%": "\\%", "_": "\\_"}
CODE = re.compile(r"\\(?:\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4})|(\\))")


def names_in(text: str) -> list[str]:
    """The names here, comments between them left out, without their quotes."""
    return [bare(found["name"]) for found in NAMES.finditer(text) if found["name"]]


def bare(name: str) -> str:
    """A name without its quotes."""
    if name[0] == "[":
        return name[1:-1].replace("]]", "]")
    return name[1:-1].replace(2 * name[0], name[0]) if name[0] in "`\"'" else name


def of_mysql(said: str) -> str:
    """What a text with backslashes says in MySQL."""
    return re.sub(r"\\(.)", lambda escape: OF_MYSQL.get(escape[1], escape[1]), said, flags=re.DOTALL)


def of_postgres(said: str, copied: bool = False) -> str:
    """What a text with backslashes says after E, or in rows that are `copied`. Raises ValueError for half characters.

    Octal and hexadecimal numbers are the bytes of a character in UTF-8.
    """

    def character(escape: re.Match[str]) -> str:
        if byte := int(escape["hex"] or "0", 16) or int(escape["octal"] or "0", 8) % 256:
            return chr(byte) if byte < 128 else chr(0xDC00 + byte)  # which stands for a byte
        if escape["sign"]:
            return "\v" if copied and escape["sign"] == "v" else SIGNS.get(escape["sign"], escape["sign"])
        if copied and not (escape["hex"] or escape["octal"]):
            return escape[0].replace("\\", "")
        if escape["high"]:
            return chr(0x10000 + (int(escape["high"], 16) % 0x400 << 10) + int(escape["low"], 16) % 0x400)
        return chr(int(escape["four"] or escape["eight"] or "0", 16))

    return BACKSLASH.sub(character, said).encode("utf-8", "surrogateescape").decode()


def of_unicode(said: str) -> str:
    """What a text says after U&. Raises ValueError where a number is no character."""
    text = CODE.sub(lambda code: code[3] or chr(int(code[1] or code[2], 16)), said)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


@dataclass(frozen=True)
class Patterns:
    """What the parts of a statement look like; `other` has a group `open` where a text or comment does not end."""

    row: re.Pattern[str]  # in brackets
    cell: re.Pattern[str]  # before a comma
    texts: re.Pattern[str]  # with what may stand before one, such as N
    joined: re.Pattern[str]  # an operand of || or +, or a text beside another, with what follows it
    other: re.Pattern[str]  # a statement that is passed over, up to a text that $ or $word$ opens
    parts: re.Pattern[str]  # of a routine: what nests, what ends it, and what is none of it
    body: re.Pattern[str]  # of CREATE TABLE
    selected: re.Pattern[str]  # what stands behind SELECT
    assigned: re.Pattern[str]  # what stands behind SET
    common: re.Pattern[str]  # WITH and the queries behind it
    commented: re.Pattern[str]  # a comment, or a text as a group


@cache
def patterns(escaped: bool) -> Patterns:
    """Where a backslash escapes in quotes, or not. Made when a script is first read, for it takes 40 ms."""
    within = r"|\\." if escaped else ""
    sign = r"\\" if escaped else ""
    quoted = "|".join(rf"{quote}(?:[^{quote}{sign}]{within}|{quote}{quote})*+{quote}" for quote in "'\"")
    texts = rf"{ESCAPING}|{quoted}|{DOLLARS}"
    one = rf"{ASIDE}|{texts}|[^()'\"eE$/\-]++|[eE$/\-]"  # in brackets
    inner = one
    for _ in range(3):
        inner = rf"{one}|\((?:{inner})*+\)"
    brackets = rf"\((?:{inner})*+\)"
    listed = rf"\[(?:{texts}|[^\[\]'\"])*+\]"
    cell = rf"(?:{ASIDE}|{texts}|{brackets}|{listed}|[^,()'\"eE$/\-\[]++|[eE$/\-\[])*+"
    closed = rf"{COMMENT}|{ESCAPING}|{quoted}|`[^`]*+`"
    other = rf"(?:{closed}|(?P<open>(?:['\"`]|/\*).*)|\n\s*+(?!{NEXT})|[^;\n$]|(?!{TAG})\$)*+;?"

    def until(words: str) -> str:
        return rf"((?:{ASIDE}|{texts}|{brackets}|(?!\b(?:{words})\b)[^;()'\"])*+)"

    return Patterns(
        re.compile(rf"\(((?:{inner})*+)\)", re.DOTALL),
        re.compile(rf"({cell}),", re.DOTALL),
        re.compile(rf"(?:(?P<before>U&|[A-Za-z_]\w*)\s*)?(?P<text>{quoted}|{DOLLARS})", re.DOTALL),
        re.compile(
            rf"\s*+(?P<operand>(?:U&|\w+)?\s*+(?:{texts})|\w*\s*+{brackets}|NULL\b|\d+)"
            r"(?:\s*+::\s*+\w+(?:\(\d+\))?|\s++COLLATE\s++[\w.\"]+)*+\s*+(?:\|\||\+|(?=')|\Z)",
            FLAGS,
        ),
        re.compile(other, FLAGS),
        re.compile(
            rf"{COMMENT}|{ESCAPING}|{quoted}|`[^`]*+`|{TAG}|^[^\S\n]*(?:GO\b|/)[^\S\n]*$|^CREATE\b|;"
            r"|\b(?:BEGIN(?!\s+TRAN)|CASE|END(?:\s+(?:IF|LOOP|WHILE|REPEAT|FOR|CASE))?|AS|IS)\b",
            FLAGS | re.MULTILINE,
        ),
        re.compile(rf"\(((?:{COMMENT}|{inner})*+)\)", re.DOTALL),
        re.compile(until("UNION|FROM|WHERE|GO|INSERT|ON"), FLAGS),
        re.compile(until("ON"), FLAGS),
        re.compile(
            rf"WITH\b(?:{GAP}++RECURSIVE\b)?(?:{GAP}*+,?{GAP}*+{NAME}(?:{GAP}*+\([^()]*+\))?{GAP}*+AS\b{GAP}*+"
            rf"(?:(?:NOT{GAP}++)?MATERIALIZED{GAP}*+)?{brackets})++{GAP}*+",
            FLAGS,
        ),
        re.compile(rf"({texts})|{COMMENT}", re.DOTALL),
    )
