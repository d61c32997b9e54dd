"""SQL: the rows that a script or a dump puts into its tables, by INSERT ... VALUES or by COPY ... FROM stdin.

Other statements are passed over. What a backslash in quotes means differs between databases: it escapes where names
stand in backticks, as MySQL has it, or where the script cannot be read otherwise.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from moreish.data.faults import NotRead

SUFFIX = ".sql"
LEAST_ROWS = 2  # of a file that is not called so
LEAST_BEFORE_FAULT = 5  # rows of such a file before a line that cannot be read
NAME = r"(?:[\w$#@]+|`[^`]+`|\"[^\"]+\"|\[[^\]]+\])"
TABLE = rf"(?P<table>{NAME}(?:\s*\.\s*{NAME}){{0,3}})"
COLUMNS = rf"(?:\s*\((?P<columns>\s*{NAME}(?:\s*,\s*{NAME})*+\s*)\))?"
COMMENT = r"(?:--|#)[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/"
SPACE = re.compile(rf"(?:\s+|{COMMENT})*+")
FLAGS = re.IGNORECASE | re.DOTALL
INSERT = re.compile(
    rf"(?:INSERT|REPLACE)(?:\s+(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|OR\s+\w+))*(?:\s+INTO)?\s+{TABLE}{COLUMNS}"
    r"(?:\s*OVERRIDING\s+\w+\s+VALUE)?\s*VALUES?\s*(?=\()",
    FLAGS,
)
COPY = re.compile(rf"COPY\s+{TABLE}{COLUMNS}\s+FROM\s+stdin\b(?P<how>[^;\n]*);[^\S\n]*(?:\n|\Z)", FLAGS)
COPIED = re.compile(r"^\\\.$", re.MULTILINE)  # the end of its rows
CREATE = re.compile(rf"CREATE\s+(?:\w+\s+){{0,3}}?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{TABLE}\s*(?=\()", FLAGS)
BEGINS = re.compile(
    r"--|/\*|#|\\|(?:INSERT|REPLACE|COPY|CREATE|DROP|SET|USE|BEGIN|START|LOCK|PRAGMA|DELETE|TRUNCATE|ALTER|SELECT|GO|IF|"
    r"DECLARE)\b",
    FLAGS,
)
PUTS = re.compile(
    r"^\s*(?:(?:INSERT|REPLACE)\b[^;']{1,5000}?\bVALUES?\s*\(|COPY\s[^;\n]{1,5000}?\bFROM\s+stdin)",
    FLAGS | re.MULTILINE,
)
MYSQL = re.compile(r"\A.{0,200}\b(?:MySQL|MariaDB)\b|\b(?:INTO|TABLE|EXISTS)\s+`", FLAGS)
QUERY = re.compile(r"(?:SELECT(?!\s+pg_catalog)|UPDATE|DELETE|WITH|MERGE)\b", FLAGS)
GOES_ON = re.compile(r"(?:ON|RETURNING|AS)\b|;|\Z", FLAGS)
NO_COLUMN = ("primary", "key", "unique", "constraint", "foreign", "index", "check", "fulltext", "spatial", "exclude")
NEXT = r"(?:INSERT|REPLACE|COPY|CREATE|GO)\b"  # begins a statement in scripts that have no semicolons
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "Z": "\x1a", "%": "\\%", "_": "\\_"}
CAST = re.compile(r"\s*::[\w. ()\[\]\"]+")


@dataclass(frozen=True)
class Sql:
    """A script or a dump with rows for a table: all of the file."""


@dataclass
class SqlTable:
    """The rows that a table is given, the lines in which they begin, and its columns, where they are named."""

    name: str
    header: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)  # by CREATE TABLE
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many columns."""
        return len(self.rows[0])

    def records(self) -> Iterator[dict[str, str | None] | list[str | None]]:
        """The rows with the names of their columns, where they have any."""
        if self.header:
            return (dict(zip(self.header, row, strict=True)) for row in self.rows)
        return map(list, self.rows)


def recognised(text: str, whole: bool, suffix: str) -> Sql | None:
    """A script by its first statement and rows for a table; most of it, unless the file is called so."""
    begins = BEGINS.match(text.lstrip())
    if begins is None or (PUTS.search(text) is None and (whole or suffix != SUFFIX)):
        return None
    if suffix == SUFFIX:
        return Sql()
    script = _read(text)
    rows = max((len(table.rows) for table in script.tables.values()), default=0)
    if script.fault is not None and (whole or script.fault.line <= text.count("\n")):
        least = LEAST_BEFORE_FAULT
    else:
        least = max(LEAST_ROWS, 2 * script.queries)
    return Sql() if rows >= least else None


def largest(text: str) -> tuple[SqlTable, int]:
    """The table that is given most rows, and how many there are. Raises NotRead."""
    script = _read(text)
    if script.fault is not None:
        raise script.fault
    tables = [table for table in script.tables.values() if table.rows]
    if not tables:
        raise NotRead(1, "it puts no rows into a table by INSERT ... VALUES or COPY ... FROM stdin")
    found = max(tables, key=lambda table: len(table.rows))
    if not found.header and len(found.declared) == found.width:
        found.header = found.declared
    return found, len(tables)


def _read(text: str) -> "_Script":
    """The script, backslashes read in the way in which it can be."""
    first = MYSQL.search(text) is not None
    script = _Script(text, escaped=first)
    if script.fault is None or "\\" not in text:
        return script
    other = _Script(text, escaped=not first)
    return other if other.fault is None or other.fault.line > script.fault.line else script


@dataclass(frozen=True)
class _Patterns:
    """What a row and a statement look like."""

    row: re.Pattern[str]
    cell: re.Pattern[str]
    literal: re.Pattern[str]
    other: re.Pattern[str]
    body: re.Pattern[str]  # of CREATE TABLE
    comments: re.Pattern[str]


def _patterns(escaped: bool) -> _Patterns:
    within = r"|\\." if escaped else ""
    sign = r"\\" if escaped else ""
    texts = "|".join(rf"{quote}(?:[^{quote}{sign}]{within}|{quote}{quote})*+{quote}" for quote in "'\"")
    inner = rf"[^()'\"]|{texts}"
    for _ in range(3):
        inner = rf"[^()'\"]|{texts}|\((?:{inner})*+\)"
    brackets = rf"\((?:{inner})*+\)"
    cell = rf"(?:[^,()'\"]|{texts}|{brackets})*+"
    other = rf"(?:{COMMENT}|{texts}|`[^`]*+`|(?P<d>\$\w*\$).*?(?P=d)|\n(?!\s*{NEXT})|[^;\n])*+;?"
    return _Patterns(
        re.compile(rf"\(((?:{inner})*+)\)", re.DOTALL),
        re.compile(rf"({cell}),", re.DOTALL),
        re.compile(rf"(?P<before>[A-Za-z_]\w*)?\s*(?P<text>{texts})", re.DOTALL),
        re.compile(other, FLAGS),
        re.compile(rf"\(((?:{COMMENT}|{inner})*+)\)", re.DOTALL),
        re.compile(rf"({texts})|{COMMENT}", re.DOTALL),
    )


PATTERNS = {escaped: _patterns(escaped) for escaped in (False, True)}


class _Script:
    """What a script puts into its tables, up to its end or to the first fault.

    queries : statements that are of no dump, as a list of queries has them
    """

    def __init__(self, text: str, escaped: bool) -> None:
        self.text, self.escaped, self.patterns = text, escaped, PATTERNS[escaped]
        self.tables: dict[str, SqlTable] = {}
        self.queries = 0
        self.fault: NotRead | None = None
        self._counted, self._line = 0, 1
        at = 0
        try:
            while (at := _end(SPACE, text, at)) < len(text):
                at = self._statement(at)
        except NotRead as fault:
            self.fault = fault

    def _statement(self, at: int) -> int:
        """Where the statement that begins here ends."""
        text = self.text
        if found := INSERT.match(text, at):
            return self._insert(self._table(found), found.end())
        if found := COPY.match(text, at):
            return self._copy(self._table(found), found)
        if found := CREATE.match(text, at):
            body = self.patterns.body.match(text, found.end())
            if body:
                self._table(found).declared = list(self._columns(body[1]))
                return body.end()
        self.queries += QUERY.match(text, at) is not None
        return max(_end(self.patterns.other, text, at), at + 1)

    def _table(self, found: re.Match[str]) -> SqlTable:
        name = _bare(re.split(r"\s*\.\s*", found["table"])[-1])
        table = self.tables.setdefault(name, SqlTable(name))
        if "columns" in found.re.groupindex and found["columns"]:
            header = [_bare(column) for column in found["columns"].split(",")]
            if table.rows and len(header) != table.width:
                raise NotRead(self._line_at(found.start()), f"gives {name} {len(header)} columns, not {table.width}")
            table.header = header
        return table

    def _columns(self, body: str) -> Iterator[str]:
        for cell in self.patterns.cell.findall(self.patterns.comments.sub(lambda each: each[1] or " ", body) + ","):
            name = re.match(NAME, cell.strip())
            if name and name[0].lower() not in NO_COLUMN:
                yield _bare(name[0])

    def _insert(self, table: SqlTable, at: int) -> int:
        text, row = self.text, self.patterns.row
        while True:
            found = row.match(text, at)
            if found is None:
                raise NotRead(self._line_at(at), "a row does not end, or has a quote that does not")
            self._add(table, self._values(found[1], at), at)
            at = _end(SPACE, text, found.end())
            if text[at : at + 1] == ",":
                at = _end(SPACE, text, at + 1)
            elif text[at : at + 1] == "(":
                raise NotRead(self._line_at(at), "there is no comma between two rows")
            elif GOES_ON.match(text, at):
                return _end(self.patterns.other, text, at)
            elif re.match(NEXT, text[at : at + 10], FLAGS):
                return at
            else:
                raise NotRead(self._line_at(at), "what follows a row is no comma and no semicolon")

    def _values(self, inner: str, at: int) -> list[str | None]:
        values: list[str | None] = []
        for cell in self.patterns.cell.findall(inner + ","):
            said = cell.strip()
            if said[:1] == "'" == said[-1:] and "'" not in said[1:-1] and "\\" not in said and len(said) > 1:
                values.append(said[1:-1])
            elif "'" not in said and '"' not in said:
                values.append(None if said.upper() == "NULL" else said)
            else:
                values.append(self._text(said, at))
        return values

    def _text(self, said: str, at: int) -> str:
        """What is in quotes, escapes and all; a call of a function as it stands."""
        found = self.patterns.literal.fullmatch(CAST.sub("", said) if "::" in said[said.rfind("'") :] else said)
        if found is None:
            if re.fullmatch(r"\w+\s*\(.*\)", said, re.DOTALL):
                return said
            raise NotRead(self._line_at(at), "a value in this row goes on behind the end of its quotes")
        quote, inner = found["text"][0], found["text"][1:-1]
        inner = inner.replace(2 * quote, quote)
        return ESCAPE.sub(_character, inner) if self.escaped or found["before"] in ("E", "e") else inner

    def _copy(self, table: SqlTable, found: re.Match[str]) -> int:
        if re.search(r"csv|delimiter|binary", found["how"], FLAGS):
            raise NotRead(self._line_at(found.start()), "COPY with CSV, a delimiter or binary is not read")
        text, at = self.text, found.end()
        closed = COPIED.search(text, at) is not None
        while True:
            end = text.find("\n", at)
            line = text[at:] if end < 0 else text[at:end]
            if line == "\\.":
                return len(text) if end < 0 else end
            if end < 0 or (not line and not closed):
                raise NotRead(self._line_at(at), "the rows of COPY do not end with \\.")
            cells = line.split("\t")
            values = [ESCAPE.sub(_character, cell) for cell in cells] if "\\" in line else cells
            self._add(
                table, [None if cell == "\\N" else value for cell, value in zip(cells, values, strict=True)], at
            )
            at = end + 1

    def _add(self, table: SqlTable, values: list[str | None], at: int) -> None:
        line = self._line_at(at)
        width = table.width if table.rows else len(table.header) or len(values)
        if len(values) != width:
            s = "s" * (len(values) != 1)
            raise NotRead(line, f"a row of {table.name} has {len(values)} value{s}, where there are {width} columns")
        table.rows.append(tuple(values))  # which cost the garbage collector nothing
        table.lines.append(line)

    def _line_at(self, at: int) -> int:
        """The line in which this stands, from 1; asked for in order."""
        self._line += self.text.count("\n", self._counted, at)
        self._counted = max(at, self._counted)
        return self._line


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _bare(name: str) -> str:
    """A name without its quotes."""
    name = name.strip()
    return name[1:-1] if name[:1] in '`"[' else name


def _character(escape: re.Match[str]) -> str:
    if code := escape[1]:
        return chr(int(code, 16))
    if (code := escape[2]) is not None:
        return chr(int(code, 8))
    return ESCAPES.get(escape[3], escape[3])
