"""BibTeX: a record for each entry, with its fields as plain text; texts that @string names are put in."""

from moreish.data.faults import NotRead
from moreish.data.latex import text_of
from moreish.data.possessive import re

TITLE = "title"
ENTRY = re.compile(r"@\s*+(?P<kind>[A-Za-z]++)\s*+(?P<opens>[{(])")
KEY = re.compile(r"\s*+(?P<key>[^,={}\"\s]*+)\s*+(?:,|(?=[})]))")
BETWEEN = re.compile(r"(?:[\s,]|%[^\n]*)*+")
FIELD = re.compile(r"(?P<name>[^\s={},\"#%()]++)\s*+=\s*+")
WORD = re.compile(r"[^\s,#{}\"()%=]++")
JOINT = re.compile(r"\s*+#\s*+")
LOST = re.compile(r"^[ \t]*+[A-Za-z]\w*+[ \t]*+=[ \t]*+[{\"]", re.MULTILINE)
PASSED = ("comment", "preamble")
AS_THEY_STAND = ("url", "doi", "file", "eprint", "howpublished")  # no LaTeX: signs are signs
MOST_PUT_IN = 2**24  # characters of texts that @string names
PEOPLE = ("author", "editor", "translator", "bookauthor")
AND = re.compile(r"[{}]|(?:^|\s)and(?=\s|$)", re.IGNORECASE)  # between people, outside of braces
KEYWORDS = ("keywords", "keyword")
COMMA = re.compile(r"[{},;]")  # between keywords
OTHERS = "others"  # for people who are not named

Record = tuple[int, dict[str, str | list[str]]]


class Bibliography:
    """Reads a file once from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self._line, self._counted = 1, 0
        self._named: dict[str, str] = {}
        self._put_in = 0

    def records(self) -> list[Record]:
        """The entries. Raises NotRead for one that is not closed or not as BibTeX has it."""
        found: list[Record] = []
        while entry := ENTRY.search(self.text, self.at):
            line = self.text.rfind("\n", self.at, entry.start()) + 1 or self.at
            if self.text[line : entry.start()].lstrip().startswith("%"):
                self.at = self.text.find("\n", entry.end()) + 1 or len(self.text)
                continue
            self._refuse_lost(entry.start())
            began, self.at = self._line_at(entry.start()), entry.end()
            kind = entry["kind"].lower()
            try:
                if kind in PASSED:
                    self.at = self._end(entry["opens"])
                    continue
                fields = self._entry(kind, ")" if entry["opens"] == "(" else "}", began)
            except EOFError:
                what = (
                    "the entry that begins here is not closed: a brace or a quote is missing, or the file is cut off"
                )
                raise NotRead(began, what) from None
            if kind != "string":
                found.append((began, {TITLE: "", **fields}))
        self._refuse_lost(len(self.text))
        return found

    def _entry(self, kind: str, closing: str, began: int) -> dict[str, str | list[str]]:
        fields: dict[str, str | list[str]] = {"type": kind}
        if kind != "string" and (key := KEY.match(self.text, self.at)):
            fields["key"], self.at = key["key"], key.end()
        while True:
            self.at = BETWEEN.match(self.text, self.at).end()  # pyright: ignore[reportOptionalMemberAccess]
            if self.at >= len(self.text):
                raise EOFError
            if self.text[self.at] == closing:
                self.at += 1
                return fields
            field = FIELD.match(self.text, self.at)
            if field is None:
                shown = self.text[self.at : self.at + 20].split("\n")[0]
                raise NotRead(
                    self._line_at(self.at), f'"{shown}" stands where a field of the entry of line {began:,} should'
                )
            self.at = field.end()
            name, value = field["name"].lower(), self._value()
            if kind == "string":
                self._named[name] = value
            else:
                fields.setdefault(name, _plain(name, value))

    def _value(self) -> str:
        """Texts, numbers and names of texts, with # between them."""
        parts: list[str] = []
        while True:
            sign, began = self.text[self.at : self.at + 1], self.at
            if sign and sign in '{"':
                self.at = self._end(sign, began + 1)
                parts.append(self.text[began + 1 : self.at - 1])
            elif word := WORD.match(self.text, began):
                self.at = word.end()
                parts.append(self._named.get(word[0].lower(), word[0]))
                self._put_in += len(parts[-1])
                if self._put_in > MOST_PUT_IN:
                    raise NotRead(self._line_at(began), "what its @string names comes to more than can be read")
            elif not sign:
                raise EOFError
            else:
                raise NotRead(self._line_at(began), f'"{sign}" stands where the text of a field should')
            joint = JOINT.match(self.text, self.at)
            if joint is None:
                return "".join(parts)
            self.at = joint.end()

    def _end(self, opens: str, at: int | None = None) -> int:
        """Where what was opened ends. Raises EOFError where it does not."""
        closing, depth = {"{": "}", "(": ")", '"': '"'}[opens], 0
        for sign in re.compile(rf"[{{}}{re.escape(closing)}]").finditer(self.text, self.at if at is None else at):
            if sign[0] == closing and depth == 0:
                return sign.end()
            depth += {"{": 1, "}": -1}.get(sign[0], 0)
        raise EOFError

    def _refuse_lost(self, end: int) -> None:
        if lost := LOST.search(self.text, self.at, end):
            what = "a field stands outside of every entry: the entry above it has a brace too many"
            raise NotRead(self._line_at(lost.start()), what)

    def _line_at(self, at: int) -> int:
        if at < self._counted:
            return self._line - self.text.count("\n", at, self._counted)
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        return self._line


def _plain(name: str, value: str) -> str | list[str]:
    """What a field says as plain text; of several people or keywords each."""
    if name in AS_THEY_STAND:
        return re.sub(r"[{}\s]+", " ", value).strip()
    if name not in (*PEOPLE, *KEYWORDS):
        return text_of(value)
    between = AND if name in PEOPLE else COMMA
    several = [said for each in _parted(value, between) if (said := text_of(each).strip()) not in ("", OTHERS)]
    return several if len(several) > 1 else "".join(several)


def _parted(value: str, between: re.Pattern[str]) -> list[str]:
    """What stands between these signs; one in braces is part of a name, as in {Barnes and Noble}."""
    found, depth, began = [], 0, 0
    for sign in between.finditer(value):
        depth += {"{": 1, "}": -1}.get(sign[0], 0)
        if depth == 0 and sign[0] not in "{}":
            found.append(value[began : sign.start()])
            began = sign.end()
    return [*found, value[began:]]


def references(text: str) -> list[Record]:
    """The entries of a bibliography. Raises NotRead for a line that cannot be read."""
    return Bibliography(text).records()
