"""The values of SQL: what a text in quotes says, escapes and all, and what texts that are put together come to."""

from collections.abc import Sequence

from moreish.data.possessive import re
from moreish.data.sql_texts import FLAGS, Patterns, of_mysql, of_postgres, of_unicode

NOTHING = re.compile(r"NULL|DEFAULT|\?|[:@$]\w+|%s|%\(\w+\)s|(?:NEW|OLD)\.\w+", re.IGNORECASE)  # put in later
CAST = re.compile(r"(?:\s*::[\w. ()\[\]\"]+)+")
CALL = re.compile(r"(?P<name>\w*)\s*\((?P<inner>.*)\)", FLAGS)
AS_IT_STANDS = re.compile(r"\w+\s*\(.*\)|[\w$]+|array\s*\[.*\]", FLAGS)
AS_TYPE = re.compile(r"(?P<value>.*?['\")])\s+AS\s+[\w. (),\"]+", FLAGS)
CODE = re.compile(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})")
DEEPEST = 20  # brackets and calls within each other
NO_CHARACTER = "has escaped bytes or numbers that are no characters, such as bytes that are no UTF-8"


def value_of(said: str, patterns: Patterns, escaped: bool) -> str | None:
    """What is in quotes; numbers and most calls as they stand; None for NULL and places.

    escaped : whether a backslash in quotes escapes

    Raises ValueError, which says why, where a value is none of these.
    """
    return _Values(patterns, escaped).value(said)


class _Values:
    def __init__(self, patterns: Patterns, escaped: bool) -> None:
        self.patterns, self.escaped, self.depth = patterns, escaped, 0

    def value(self, said: str) -> str | None:
        """As `value_of` has it."""
        if NOTHING.fullmatch(said):
            return None
        if "'" not in said and '"' not in said and "$" not in said:
            return said
        end = max(map(said.rfind, "'\"$")) + 1
        found = self.patterns.texts.fullmatch(said[:end] if CAST.fullmatch(said, end) else said)
        if found is not None:
            return self._text(found)
        try:
            return self._joined(said)
        except _NoText:
            pass
        if AS_IT_STANDS.fullmatch(said):
            return said
        raise ValueError("a value in this row goes on behind the end of its quotes")

    def _text(self, found: re.Match[str]) -> str:
        text, before = found["text"], (found["before"] or "").upper()
        if text[0] == "$":
            return text.split("$", 2)[2].rsplit("$", 2)[0]
        inner = text[1:-1].replace(2 * text[0], text[0])
        try:
            if before in ("E", "U&"):
                return of_postgres(inner) if before == "E" else of_unicode(inner)
        except ValueError:
            raise ValueError(NO_CHARACTER) from None
        return of_mysql(inner) if self.escaped else inner

    def _joined(self, said: str) -> str | None:
        """Texts with || or + between them, or nothing but a line's end. Raises _NoText where it is none."""
        texts: list[str | None] = []
        at = 0
        while at < len(said):
            found = self.patterns.joined.match(said, at)
            if found is None:
                raise _NoText
            texts.append(self._operand(found["operand"].strip()))
            at = found.end()
        return None if None in texts else "".join(text for text in texts if text is not None)

    def _operand(self, said: str) -> str | None:
        """A text, or a call that comes to one."""
        if said.upper() == "NULL" or said.isdecimal():
            return None if said[0] in "nN" else said
        found = self.patterns.texts.fullmatch(said)
        if found is not None and (found["before"] or "").upper() in ("", "N", "E", "U&", "Q"):
            return self._text(found)
        call = CALL.fullmatch(said)
        if call is None or self.depth >= DEEPEST:
            raise _NoText
        self.depth += 1
        inner = call["inner"].strip()
        name = call["name"].lower()
        text = self._joined(inner) if not name else self._called(name, inner)
        self.depth -= 1
        return text

    def _called(self, name: str, inner: str) -> str | None:
        if name in ("cast", "try_cast") and (cast := AS_TYPE.fullmatch(inner)):
            return self._operand(cast["value"])
        cells = [cell.strip() for cell in self.patterns.cell.findall(f"{inner},")]
        if name in ("char", "chr", "nchar"):
            return _characters(cells)
        if name not in ("concat", "concat_ws", "replace", "unistr"):
            raise _NoText
        texts = [self._joined(cell) for cell in cells]
        first, *rest = texts
        match name, first:
            case "concat", _:
                return "".join(text for text in texts if text is not None)
            case "concat_ws", str():
                return first.join(text for text in rest if text is not None)
            case "unistr", str() if not rest:
                return _of_codes(first)
        if name == "replace" and len(texts) == 3 and all(isinstance(text, str) for text in texts):
            text, old, new = (text or "" for text in texts)
            return text.replace(old, new) if old else text
        raise _NoText


class _NoText(ValueError):
    """This is nothing that comes to a text."""


def _characters(numbers: Sequence[str]) -> str:
    codes = [int(number) if number.isdecimal() else -1 for number in numbers]
    if not all(0 < code < 0xD800 or 0xDFFF < code < 0x110000 for code in codes):
        raise _NoText
    return "".join(map(chr, codes))


def _of_codes(said: str) -> str:
    """What `unistr` makes of a text: \\00e9, \\+0000e9, \\u00e9 and \\U000000e9 are numbers of characters."""
    try:
        return of_unicode(CODE.sub(lambda code: f"\\+{int(code[1] or code[2], 16):06x}", said))
    except ValueError:
        raise ValueError(NO_CHARACTER) from None
