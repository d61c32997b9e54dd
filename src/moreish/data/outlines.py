"""OPML, an XML of outlines: a record for each outline that has none below it, such as a feed, a podcast or a note."""

from xml.parsers import expat

from moreish.data.faults import NotRead

TEXT, PARENT = "text", "parent"
OUTLINE = "outline"


class Outlines:
    """Collects the leaves; a document that declares entities is refused before any is expanded."""

    def __init__(self) -> None:
        self.records: list[tuple[int, dict[str, str]]] = []
        self._opened: list[tuple[int, dict[str, str]]] = []
        self._leaf = False  # whether nothing came since the last outline began
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> list[tuple[int, dict[str, str]]]:
        """All of a document. Raises NotRead where it is no whole XML, or declares what would be expanded."""
        above = text[: len(text) - len(text.lstrip())].count("\n")
        try:
            self._parser.Parse(text.lstrip(), True)
        except expat.ExpatError as error:
            raise NotRead(
                error.lineno + above, f"its XML is broken or cut off here ({expat.ErrorString(error.code)})"
            ) from None
        except NotRead as fault:
            raise NotRead(fault.line + above, str(fault)) from None
        return [(line + above, fields) for line, fields in self.records]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag.lower() != OUTLINE:
            return
        fields = {key: " ".join(value.split()) for key, value in attributes.items()}
        text = fields.get(TEXT) or fields.get("title", "")
        parent = {PARENT: self._opened[-1][1][TEXT]} if self._opened else {}
        self._opened.append((self._parser.CurrentLineNumber, {**fields, TEXT: text, **parent}))
        self._leaf = True

    def _end(self, tag: str) -> None:
        if tag.lower() != OUTLINE:
            return
        last = self._opened.pop()
        if self._leaf:
            self.records.append(last)
        self._leaf = False

    def _doctype(self, name: str, system: str | None, public: str | None, declares: bool) -> None:
        if declares:
            what = "it declares what is to be expanded (a DOCTYPE in brackets), which no list needs and is refused"
            raise NotRead(self._parser.CurrentLineNumber, what)


def leaves(text: str) -> list[tuple[int, dict[str, str]]]:
    """The outlines without others below them. Raises NotRead for a line that cannot be read."""
    return Outlines().read(text)
