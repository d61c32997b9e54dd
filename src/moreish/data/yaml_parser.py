"""A parser of YAML: of the part of it that lists are written in, every scalar a text, so that No stays a name.

Sequences, mappings, quotes, blocks of text (| and >), [a, b] and {a: b}, comments, several documents, aliases of
texts (*a for what &a marks), and << for a mapping of texts. Other aliases, tags and keys that are no texts are
refused, with their line. A whole parser would be a dependency of the core for one kind of file, and would take names
for truth values, dates and numbers.
"""

from collections.abc import Sequence

from moreish.data.faults import NotRead
from moreish.data.possessive import re
from moreish.data.yaml_anchors import Anchors, Value
from moreish.data.yaml_texts import (
    ALIAS,
    EASY,
    IN_FLOW,
    KEY,
    NOTHING,
    PROPERTY,
    QUOTED,
    plain,
    refused,
    unquoted,
    without_properties,
)

DEEPEST = 30  # sequences and mappings within each other
MERGE = "<<"
BLOCK = re.compile(r"[|>][-+]?\s*(?:\s#.*)?")
FENCE = re.compile(r"---(?:\s+#.*)?\s*")
DASH = re.compile(r"\s*-(?:\s|$)")


def rows_in(value: Value) -> Sequence[Value]:
    """The sequence that this is, or the longest in a mapping; nothing where there is none."""
    if isinstance(value, dict):
        return max((each for each in value.values() if isinstance(each, list)), key=len, default=[])
    return value if isinstance(value, list) else []


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
        self.anchors = Anchors()

    def document(self) -> Value:
        """The next document; None after the last."""
        self.anchors = Anchors()
        while (found := self._next()) and (found[1].startswith("%") or self._parts_documents()):
            self.at += 1
        if found is None:
            return None
        value = self._block(found[0])
        if self._next() and not self._parts_documents():
            raise self._fault("does not belong to what stands before it")
        return value if isinstance(value, list | dict) else [value]

    def _parts_documents(self) -> bool:
        return self.lines[self.at].rstrip() == "..." or FENCE.fullmatch(self.lines[self.at]) is not None

    def begins_anew(self) -> bool:
        """Whether this line cannot stand in brackets: it has a dash before it, or parts documents."""
        return DASH.match(self.lines[self.at]) is not None or self._parts_documents()

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

    def _ahead(self, indent: int) -> str | None:
        """The next line of a block at this depth; None where the block ends."""
        found = self._next()
        if found is None or found[0] < indent:
            return None
        if found[0] > indent:
            raise self._fault("is indented further than what stands before it")
        return found[1]

    def _sequence(self, indent: int) -> Value:
        items: list[Value] = []
        while True:
            if easy := self._easy(indent, dash=True):
                self.at += 1
                items.append(self._mapping(easy.start(2), {easy[2]: easy[3]}) if easy[2] else easy[3])
                continue
            said = self._ahead(indent)
            if said is None:
                break
            if not said.startswith("- ") and said.rstrip() != "-":
                break
            anchor, rest = without_properties(said[1:].lstrip())
            if not rest or rest[0] == "#":
                self.at += 1
                items.append(self._below(indent, dashes=False))
            elif rest.startswith("- ") or KEY.match(rest):
                if anchor:
                    raise self._fault(
                        "has an anchor before a key, and marks no more: begin the record on the next line"
                    )
                begins = indent + len(said) - len(rest)
                self.lines[self.at] = " " * begins + rest
                items.append(self._block(begins))
            else:
                self.at += 1
                items.append(self._scalar(rest, indent))
            self.anchors.mark(anchor, items[-1])
        return items

    def _mapping(self, indent: int, entries: dict[str, Value]) -> Value:
        """The entries, and those that stand from here on."""
        beside: dict[str, Value] = {}
        while True:
            if (easy := self._easy(indent, dash=False)) and easy[2] and easy[2] not in entries:
                entries[easy[2]] = easy[3]
                self.at += 1
                continue
            said = self._ahead(indent)
            if said is None:
                break
            entry = KEY.match(said)
            if entry is None:
                if said.startswith(("- ", "---", "...")) or said == "-":
                    break
                raise self._fault(refused(said) or "is no key with a colon and a blank behind it")
            key, rest = entry["key"], entry["rest"]
            key = unquoted(key, self.at + 1) if key[0] in "\"'" else key
            if key in entries:
                raise self._fault(f'has the key "{key}" twice')
            self.at += 1
            anchor, rest = without_properties(rest or "")
            if key == MERGE and rest[:1] == "*":
                beside |= self.anchors.merge(rest, self.at)
                continue
            entries[key] = self._scalar(rest, indent) if rest and rest[0] != "#" else self._below(indent, dashes=True)
            self.anchors.mark(anchor, entries[key])
        return {**beside, **entries} if beside else entries

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
            case "*" if ALIAS.fullmatch(plain(said)):
                return self.anchors.text_of(plain(said), self.at)
            case '"' | "'":
                return self._in_quotes(said, indent)
            case "[" | "{":
                return self._in_brackets(said)
            case "|" | ">":
                return self._text_block(said, indent)
        if why := refused(said):
            raise self._fault(why, back=1)
        parts = [plain(said)]
        while self.at < len(self.lines) and self.lines[self.at].startswith(" " * (indent + 1)) and indent >= 0:
            more = self.lines[self.at].strip()
            if not more or more[0] == "#":
                break
            if KEY.match(more):
                raise self._fault("is a key below a value")
            parts.append(plain(more))
            self.at += 1
        text = " ".join(parts)
        if ": " in text or text.endswith(":"):
            raise self._fault("has a colon and a blank in its value, which needs quotes", back=1)
        return None if text in NOTHING else text

    def _in_quotes(self, said: str, indent: int) -> str:
        text, said, end = self.quoted(said, 0, indent)
        if plain(said[end:]):
            raise self._fault("goes on behind the end of its quotes", back=1)
        return text

    def quoted(self, said: str, at: int, indent: int) -> tuple[str, str, int]:
        """The text in quotes that begins here, maybe over several lines; the last line, and where it ends there."""
        begun, quote, at = self.at, said[at], at + 1
        parts = [quote]
        while True:
            found = QUOTED[quote].match(said, at)
            assert found is not None  # the pattern fits any text
            if found[3]:
                return unquoted("".join([*parts, found[1], quote]), begun), said, found.end()
            if self.at >= len(self.lines) or not self._is_within(indent):
                raise NotRead(begun, "opens a quote and does not close it")
            said, at, blanks = self.lines[self.at].strip(), 0, 0
            self.at += 1
            while not said and self.at < len(self.lines) and self._is_within(indent):
                said, blanks = self.lines[self.at].strip(), blanks + 1
                self.at += 1
            parts += [found[1] if found[2] else found[1].rstrip(), "\n" * blanks or " " * (not found[2])]

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

    def _in_brackets(self, said: str) -> Value:
        flow = _Flow(self, said)
        value = flow.value()
        if plain(flow.said[flow.at :]):
            raise NotRead(flow.begun, "goes on behind the end of its brackets")
        return value


class _Flow:
    """What stands in brackets, maybe on several lines, however these are indented; `said` is the one at hand."""

    def __init__(self, reading: _Reading, said: str) -> None:
        self.reading, self.begun = reading, reading.at
        self.said, self.at, self.depth = said, 0, 0

    def value(self) -> Value:
        """A text, or what stands in the brackets that open here."""
        sign = self._sign()
        if sign in "&!" and (found := PROPERTY.match(self.said, self.at)):
            self.at = found.end()
            value = None if self._sign() in ",]}" else self.value()
            self.reading.anchors.mark(found["anchor"] or "", value)
            return value
        if sign == "*" and (found := ALIAS.match(self.said, self.at)):
            self.at = found.end()
            return self.reading.anchors.text_of(found[0], self.reading.at)
        if sign in "\"'":
            return self._text()
        if sign not in "[{":
            text = self._plain()
            return None if text in NOTHING else text
        if self.depth > DEEPEST:
            raise NotRead(self.begun, "is nested too deep")
        self.at, self.depth = self.at + 1, self.depth + 1
        value = self._items() if sign == "[" else self._entries()
        self.at, self.depth = self.at + 1, self.depth - 1
        return value

    def _items(self) -> Value:
        items: list[Value] = []
        while self._sign() != "]":
            value = self.value()
            if isinstance(value, str) and self._sign() == ":":
                self.at += 1
                value = {value: self._after_key()}
            items.append(value)
            self._comma("]")
        return items

    def _entries(self) -> Value:
        entries: dict[str, Value] = {}
        while self._sign() != "}":
            key = self.value()
            if not isinstance(key, str):
                raise NotRead(self.begun, "has a key that is no text")
            entries[key] = None
            if self._sign() == ":":
                self.at += 1
                entries[key] = self._after_key()
            self._comma("}")
        return entries

    def _after_key(self) -> Value:
        return None if self._sign() in ",]}" else self.value()

    def _comma(self, closing: str) -> None:
        sign = self._sign()
        if sign == ",":
            self.at += 1
        elif sign != closing:
            raise NotRead(self.begun, "has no comma between what stands in brackets")

    def _sign(self) -> str:
        """The next that is no blank, no line's end and no comment."""
        while True:
            if not self._at_end():
                return self.said[self.at]
            self._go_on()

    def _at_end(self) -> bool:
        """Whether nothing follows on this line but a comment; blanks are passed over."""
        begun = self.at
        while self.at < len(self.said) and self.said[self.at].isspace():
            self.at += 1
        return self.at >= len(self.said) or (self.said[self.at] == "#" and (self.at > begun or not begun))

    def _go_on(self) -> None:
        """To the next line, unless brackets do not go on there."""
        reading = self.reading
        if reading.at >= len(reading.lines) or reading.begins_anew():
            raise NotRead(self.begun, "opens a bracket and does not close it")
        self.said, self.at = reading.lines[reading.at].strip(), 0
        reading.at += 1

    def _text(self) -> str:
        text, self.said, self.at = self.reading.quoted(self.said, self.at, -1)
        return text

    def _plain(self) -> str:
        """A text without quotes, maybe with the lines on which it goes on."""
        parts: list[str] = []
        while found := IN_FLOW.match(self.said, self.at):
            parts.append(found[0])
            self.at = found.end()
            if not self._at_end():
                break
            self._sign()
        if not parts:
            raise NotRead(self.begun, refused(self.said[self.at :]) or "has brackets that are not read")
        return " ".join(parts)
