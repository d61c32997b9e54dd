"""YAML: the part of it that lists are written in, every scalar a text, so that a name such as No stays a name.

Sequences, mappings, quotes, blocks of text (| and >), [a, b] and {a: b}, comments, several documents. Anchors,
aliases, tags and keys that are no texts are refused, with their line. A whole parser would be a dependency of the
core for one kind of file, and would take names for truth values, dates and numbers.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from moreish.data.faults import NotRead
from moreish.data.programs import unescaped

SUFFIXES = (".yaml", ".yml")
DEEPEST = 30  # sequences and mappings within each other
MOST_LINES = 1000  # looked at
LEAST_RECORDS = 2
LEAST_OF_ONE_KEY = 3  # records, where each has but one
LEAST_BEFORE_FAULT = 5  # records before a line that cannot be read
RECUR = 0.9  # of the records have the key by which they are records

PLAIN = r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[-?:](?=[^\s,\[\]{}]))"  # how a text without quotes begins
DOUBLE, SINGLE = r"\"(?:[^\"\\]|\\.)*\"", r"'(?:[^']|'')*+'"
KEY = re.compile(rf"(?P<key>{DOUBLE}|{SINGLE}|{PLAIN}(?:(?!\s\#|:\s).)*?)\s*:(?:\s+(?P<rest>.*)|$)")
QUOTED = re.compile(rf"(?P<text>{DOUBLE}|{SINGLE})\s*(?:\s\#.*)?", re.DOTALL)
BLOCK = re.compile(r"[|>][-+]?\s*(?:\s#.*)?")
IN_FLOW = re.compile(rf"\s*(?:(?P<text>{DOUBLE}|{SINGLE})|(?P<plain>{PLAIN}(?:(?!:[\s,\]}}]|\s\#)[^,\[\]{{}}])*))")
ESCAPED_END = re.compile(r"(?<!\\)(?:\\\\)*\\$")  # the line goes on without a blank
AT_QUOTE = re.compile(rf"{DOUBLE}|{SINGLE}")
EASY = re.compile(r"( *+)(?:- +)?+(?:(\w+): +)?+(\w(?:[^#:\r]*[^#:\s])?)")  # as most lines are
NOTHING = ("", "~", "null", "Null", "NULL")
FENCE = re.compile(r"---(?:\s+#.*)?\s*")
RECORD = re.compile(rf"\s*-\s+(?:{{\s*)?(?:{DOUBLE}|{SINGLE}|[\w.-]+[\w. -]*):(?:\s|$)|\s*-\s*$")
DASH = re.compile(r"\s*-(?:\s|$)")
KEY_ALONE = re.compile(r"[\w.-]+[\w. -]*:(?:\s.*)?|%.*")

Value = str | None | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True)
class Yaml:
    """A YAML document or several: all of the file."""


def recognised(text: str, whole: bool, suffix: str) -> Yaml | None:
    """YAML by the name of the file and its first line, or by records that have a key in common."""
    lines = text.split("\n", MOST_LINES)
    cut = not whole or len(lines) > MOST_LINES
    lines = [line.rstrip("\r") for line in (lines[:-1] if cut else lines)]
    filled = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    begins = bool(filled) and any(each.match(filled[0]) for each in (FENCE, DASH, KEY_ALONE))
    if not begins or not (suffix in SUFFIXES or any(RECORD.match(line) for line in filled[:30])):
        return None
    try:
        value = parsed(_without_the_last(lines) if cut else lines)
    except NotRead as fault:
        if suffix in SUFFIXES:
            return Yaml()
        return Yaml() if _before(lines, fault.line) else None
    rows = rows_in(value)
    if mixed(rows):
        return None  # such as titles, some of which have a colon
    if suffix in SUFFIXES:
        return Yaml() if isinstance(value, list | dict) and not _titles(rows) else None
    return Yaml() if _are_records(rows) else None


def rows_in(value: Value) -> Sequence[Value]:
    """The sequence that this is, or the longest in a mapping; nothing where there is none."""
    if isinstance(value, dict):
        return max((each for each in value.values() if isinstance(each, list)), key=len, default=[])
    return value if isinstance(value, list) else []


def mixed(rows: Sequence[object]) -> int:
    """The first row, from 1, that is a record where the first is none, or the other way round; 0: there is none."""
    kinds = [isinstance(row, dict) for row in rows if row is not None]
    return next((number for number, kind in enumerate(kinds, 1) if kind is not kinds[0]), 0)


def _titles(rows: Sequence[Value]) -> bool:
    """Whether they are texts that have a colon, as titles may: one key each, and hardly one twice."""
    keys = [next(iter(row)) for row in rows if isinstance(row, dict) and len(row) == 1]
    return len(rows) > 1 and len(keys) == len(rows) and max(Counter(keys).values()) < RECUR * len(rows)


def _are_records(rows: Sequence[Value]) -> bool:
    """Whether nearly all have a key in common, and most another; or all only the one, as programs call it."""
    records = [row for row in rows if isinstance(row, dict)]
    if len(records) < max(len(rows), LEAST_RECORDS):
        return False
    key, count = Counter(key for row in records for key in row).most_common(1)[0]
    if all(len(row) == 1 for row in records):
        return count == len(records) >= LEAST_OF_ONE_KEY and re.fullmatch(r"[a-z_]\w*", key) is not None
    return count >= RECUR * len(records) and 2 * sum(len(row) > 1 for row in records) > len(records)


def _before(lines: Sequence[str], fault: int) -> bool:
    """Whether what stands before a line that cannot be read is records, and several."""
    try:
        rows = rows_in(parsed(_without_the_last(lines[:fault])))
    except NotRead:
        return False
    return len(rows) >= LEAST_BEFORE_FAULT and _are_records(rows)


def _without_the_last(lines: Sequence[str]) -> list[str]:
    """The lines before the last entry, which may go on."""
    first = next((line for line in lines if DASH.match(line)), "")
    begins = first[: first.find("-") + 1]
    at = [n for n, line in enumerate(lines) if line.startswith(begins) and (first or line[:1].strip())]
    return list(lines[: at[-1]] if at else lines)


def parsed(lines: list[str]) -> Value:
    """What these lines say; of several documents the one with a sequence, or all as records. Raises NotRead."""
    documents: list[Value] = []
    reading = _Reading(lines)
    while (said := reading.document()) is not None:
        documents += [] if said == [] and documents else [said]
    listing = [each for each in documents if rows_in(each)]
    if len(listing) == 1:
        return listing[0]
    if len(documents) > 1 and (listing or not all(isinstance(each, dict) for each in documents)):
        raise NotRead(reading.at, "the file has several documents, more than one of them a list")
    return documents if len(documents) > 1 else documents[0] if documents else []


class _Reading:
    """Lines, and the one at which it stands; those that are read may be changed."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.at, self.depth = lines, 0, 0

    def document(self) -> Value:
        """The next document; None after the last."""
        while (found := self._next()) and (found[1].startswith("%") or FENCE.fullmatch(self.lines[self.at])):
            self.at += 1
        if found is None:
            return None
        value = self._block(found[0])
        ending = self._next()
        if ending and self.lines[self.at].rstrip() == "...":
            self.at += 1
        elif ending and not FENCE.fullmatch(self.lines[self.at]):
            raise self._fault("does not belong to what stands before it")
        return value if isinstance(value, list | dict) else [value]

    def _fault(self, why: str, back: int = 0) -> NotRead:
        return NotRead(self.at + 1 - back, why)

    def _next(self) -> tuple[int, str] | None:
        """How far the next line is indented that is neither blank nor a comment, and what it says."""
        lines = self.lines
        while self.at < len(lines):
            line = lines[self.at]
            said = line.lstrip(" ")
            if said and said[0] not in "#\t\r":
                return len(line) - len(said), said
            if said.strip() and said[0] == "\t":
                raise self._fault("is indented with a tab, and YAML takes blanks alone")
            self.at += 1
        return None

    def _block(self, indent: int) -> Value:
        """What begins at this line: a sequence, a mapping, or a text."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._fault("is nested too deep")
        said = self.lines[self.at][indent:]
        if said.startswith("- ") or said.rstrip() == "-":
            value = self._sequence(indent)
        elif KEY.match(said):
            value = self._mapping(indent, {})
        else:
            self.at += 1
            value = self._scalar(said, indent - 1)
        self.depth -= 1
        return value

    def _sequence(self, indent: int) -> Value:
        items: list[Value] = []
        while True:
            if easy := self._easy(indent, dash=True):
                self.at += 1
                items.append(self._mapping(easy.start(2), {easy[2]: easy[3]}) if easy[2] else easy[3])
                continue
            found = self._next()
            if found is None or found[0] < indent:
                break
            deeper, said = found
            if deeper > indent:
                raise self._fault("is indented further than what stands before it")
            if not said.startswith("- ") and said.rstrip() != "-":
                break
            rest = said[1:].lstrip()
            if not rest or rest[0] == "#":
                self.at += 1
                items.append(self._below(indent, dashes=False))
            elif rest.startswith("- ") or KEY.match(rest):
                begins = indent + len(said) - len(rest)
                self.lines[self.at] = " " * begins + rest
                items.append(self._block(begins))
            else:
                self.at += 1
                items.append(self._scalar(rest, indent))
        return items

    def _mapping(self, indent: int, entries: dict[str, Value]) -> Value:
        """The entries, and those that stand from here on."""
        while True:
            if (easy := self._easy(indent, dash=False)) and easy[2] and easy[2] not in entries:
                entries[easy[2]] = easy[3]
                self.at += 1
                continue
            found = self._next()
            if found is None or found[0] < indent:
                break
            deeper, said = found
            if deeper > indent:
                raise self._fault("is indented further than what stands before it")
            entry = KEY.match(said)
            if entry is None:
                if said.startswith(("- ", "---", "...")) or said == "-":
                    break
                raise self._fault(_refused(said) or "is no key with a colon and a blank behind it")
            key, rest = entry["key"], entry["rest"]
            key = _unquoted(key) if key[0] in "\"'" else key
            if key in entries:
                raise self._fault(f'has the key "{key}" twice')
            self.at += 1
            entries[key] = self._scalar(rest, indent) if rest and rest[0] != "#" else self._below(indent, dashes=True)
        return entries

    def _easy(self, indent: int, dash: bool) -> re.Match[str] | None:
        """An entry that is all on this line and has nothing that means anything else."""
        lines, at = self.lines, self.at
        easy = EASY.fullmatch(lines[at]) if at < len(lines) else None
        if easy is None or easy.end(1) != indent or (easy[0][indent] == "-") is not dash or easy[3] in NOTHING:
            return None
        deeper = easy.start(2) if easy[2] else indent
        return None if at + 1 < len(lines) and lines[at + 1].startswith(" " * (deeper + 1)) else easy

    def _below(self, indent: int, dashes: bool) -> Value:
        """What stands below a key or a dash; dashes may stand as far left as their key."""
        found = self._next()
        if found and (found[0] > indent or (dashes and found[0] == indent and DASH.match(found[1]))):
            return self._block(found[0])
        return None

    def _scalar(self, said: str, indent: int) -> Value:
        """A text, maybe with the lines on which it goes on, or what stands in brackets."""
        match said[0]:
            case '"' | "'":
                return self._in_quotes(said, indent)
            case "[" | "{":
                return self._in_brackets(said, indent)
            case "|" | ">":
                return self._text_block(said, indent)
        if why := _refused(said):
            raise self._fault(why, back=1)
        text = _plain(said)
        while self.at < len(self.lines) and self.lines[self.at].startswith(" " * (indent + 1)) and indent >= 0:
            more = self.lines[self.at].strip()
            if not more or more[0] == "#":
                break
            if KEY.match(more):
                raise self._fault("is a key below a value")
            text = f"{text} {_plain(more)}"
            self.at += 1
        if ": " in text or text.endswith(":"):
            raise self._fault("has a colon and a blank in its value, which needs quotes", back=1)
        return None if text in NOTHING else text

    def _in_quotes(self, said: str, indent: int) -> str:
        begun, blanks = self.at, 0
        while (found := QUOTED.fullmatch(said)) is None:
            if AT_QUOTE.match(said):
                raise NotRead(begun, "goes on behind the end of its quotes")
            if self.at >= len(self.lines) or not self._is_within(indent):
                raise NotRead(begun, "opens a quote and does not close it")
            more = self.lines[self.at].strip()
            self.at += 1
            if not more:
                blanks += 1
            elif not blanks and said[0] == '"' and ESCAPED_END.search(said):
                said = said[:-1] + more
            else:
                said, blanks = said.rstrip() + ("\n" * blanks or " ") + more, 0
        return _unquoted(found["text"])

    def _is_within(self, indent: int) -> bool:
        line = self.lines[self.at]
        return not line.strip() or len(line) - len(line.lstrip(" ")) > indent

    def _text_block(self, said: str, indent: int) -> str:
        if not BLOCK.fullmatch(said):
            raise self._fault("begins a block of text in a way that is not read", back=1)
        begun = self.at
        while self.at < len(self.lines) and self._is_within(indent):
            self.at += 1
        block = self.lines[begun : self.at]
        width = min((len(line) - len(line.lstrip(" ")) for line in block if line.strip()), default=0)
        text = "\n".join(line[width:].rstrip("\r") for line in block).strip("\n")
        return re.sub(r"(?<=\S)\n(?=\S)", " ", text) if said[0] == ">" else text

    def _in_brackets(self, said: str, indent: int) -> Value:
        begun = self.at
        while True:
            try:
                value, end = _flow(said, 0, begun)
            except EOFError:
                if self.at >= len(self.lines) or not self._is_within(indent):
                    raise NotRead(begun, "opens a bracket and does not close it") from None
                said = f"{said} {self.lines[self.at].strip()}"
                self.at += 1
                continue
            if said[end:].strip() and not re.match(r"\s+#", said[end:]):
                raise NotRead(begun, "goes on behind the end of its brackets")
            return value


def _flow(text: str, at: int, line: int, depth: int = 0) -> tuple[Value, int]:
    """The value in brackets, quotes or none that begins here, and where it ends. Raises EOFError where it goes on."""
    at += len(text[at:]) - len(text[at:].lstrip())
    if at >= len(text):
        raise EOFError
    if text[at] not in "[{":
        found = IN_FLOW.match(text, at)
        if found is None:
            if text[at] in "\"'":
                raise EOFError
            raise NotRead(line, _refused(text[at:]) or "has brackets that are not read")
        said = found["plain"]
        value = _unquoted(found["text"]) if said is None else said.strip()
        return (None if said is not None and value in NOTHING else value), found.end()
    if depth > DEEPEST:
        raise NotRead(line, "is nested too deep")
    closing = "]" if text[at] == "[" else "}"
    items: list[Value] = []
    entries: dict[str, Value] = {}
    at += 1
    while (at := at + len(text[at:]) - len(text[at:].lstrip())) < len(text) and text[at] != closing:
        value, at = _flow(text, at, line, depth + 1)
        at += len(text[at:]) - len(text[at:].lstrip())
        if closing == "}":
            if not isinstance(value, str):
                raise NotRead(line, "has a key that is no text")
            key, value = value, None
            if text[at : at + 1] == ":":
                value, at = _flow(text, at + 1, line, depth + 1)
            entries[key] = value
        items.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
        if text[at : at + 1] == ",":
            at += 1
        elif at < len(text) and text[at] != closing:
            raise NotRead(line, "has no comma between what stands in brackets")
    if at >= len(text):
        raise EOFError
    return (entries if closing == "}" else items), at + 1


def _plain(said: str) -> str:
    """A text without quotes, and without the comment behind it."""
    return (re.split(r"\s#", said, maxsplit=1)[0] if "#" in said else said).rstrip()


def _refused(said: str) -> str:
    """Why a value that begins so is not read; nothing where it is a text."""
    if said[0] in "&*!":
        return "has an anchor, an alias or a tag (&, * or !), which are not read"
    if said[0] in "%@`" or (said[0] in "?:-," and said[1:2] in ("", " ")):
        return f'has a value that begins with "{said[0]}", which is not read'
    return ""


def _unquoted(said: str) -> str:
    """What a text in quotes says."""
    return said[1:-1].replace("''", "'") if said[0] == "'" else unescaped(said)
