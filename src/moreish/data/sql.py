"""SQL: the rows that a script or a dump puts into its tables, by INSERT or by COPY ... FROM stdin.

Other statements are passed over. What a backslash in quotes means differs between databases: it escapes where names
stand in backticks, as MySQL has it, or where the script cannot be read otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from moreish.data.faults import NotRead
from moreish.data.possessive import re
from moreish.data.sql_queries import CALLED, FROM_VALUES, columns_chosen
from moreish.data.sql_routines import ROUTINE, end_of
from moreish.data.sql_tables import Largest, SqlTable
from moreish.data.sql_texts import (
    COLUMNS,
    FLAGS,
    GAP,
    NAME,
    NEXT,
    SPACE,
    TABLE,
    TAG,
    bare,
    names_in,
    of_postgres,
    patterns,
)
from moreish.data.sql_values import NO_CHARACTER, value_of

SUFFIX = ".sql"
LEAST_ROWS = 2  # of a file that is not called so
LEAST_BEFORE_FAULT = 5  # rows of such a file before a line that cannot be read
INTO = (
    rf"(?:(?:INSERT|REPLACE|UPSERT)\b(?:{GAP}++(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|OR{GAP}++\w+))*+"
    rf"(?:{GAP}++(?:INTO|OVERWRITE)\b)?(?:{GAP}++TABLE\b)?"
    rf"|INTO\b){GAP}*+{TABLE}(?:{GAP}++AS{GAP}++{NAME})?{COLUMNS}(?:{GAP}*+OVERRIDING{GAP}++\w+{GAP}++VALUE)?{GAP}*+"
)
INSERT = re.compile(
    rf"{INTO}(?P<open>\({GAP}*+)*+(?:(?P<how>SET|SELECT)\b|VALUES?{GAP}*+(?=\(|ROW{GAP}*+\())",
    FLAGS,
)
INSERT_FROM = re.compile(INTO, FLAGS)  # elsewhere
INSERT_ALL = re.compile(rf"INSERT{GAP}++(?:ALL|FIRST)\b", FLAGS)
ROW = re.compile(rf"(?:ROW\b)?{GAP}*+", FLAGS)
COPY = re.compile(rf"COPY\s+{TABLE}{COLUMNS}\s+FROM\s+stdin\b(?P<how>[^;\n]*);[^\S\n]*(?:\n|\Z)", FLAGS)
COPIED = re.compile(r"^\\\.$", re.MULTILINE)  # the end of its rows
CREATE = re.compile(rf"CREATE\s+(?:\w+\s+){{0,3}}?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{TABLE}\s*(?=\()", FLAGS)
BEGINS = re.compile(
    r"\\|;|/\*|:\w|(?:INSERT|REPLACE|COPY|CREATE|DROP|SET|USE|BEGIN|START|LOCK|PRAGMA|DELETE|TRUNCATE|ALTER|SELECT|GO|IF|DECLARE|"
    r"WITH|UPDATE|MERGE|EXEC|EXECUTE|CALL|GRANT|REVOKE|COMMENT|COMMIT|ANALYZE|VACUUM|VALUES|DO|PRINT|PROMPT|REM|REMARK|"
    r"SPOOL|CONNECT|DELIMITER|WHENEVER|UPSERT|EXPLAIN|PREPARE|DESCRIBE|SHOW)\b",
    FLAGS,
)
PUTS = re.compile(r"\b(?:INSERT|REPLACE|UPSERT|COPY)\b", re.IGNORECASE)
LINE = re.compile(
    r"(?:\\|:\w|!!|(?:REM|REMARK|PROMPT|SPOOL|CONNECT|WHENEVER|DELIMITER)\b)[^\n]*+", FLAGS
)  # to a client
MYSQL = re.compile(r"\A.{0,200}\b(?:MySQL|MariaDB)\b|\b(?:INTO|TABLE|EXISTS)\s+`", FLAGS)
QUERY = re.compile(r"(?:SELECT(?!\s+pg_catalog)|UPDATE|DELETE|WITH|MERGE)\b", FLAGS)
GOES_ON = re.compile(r"(?:ON|RETURNING|AS|WHERE)\b|;|\Z", FLAGS)
UNION = re.compile(rf"UNION\b(?:{GAP}++ALL\b)?{GAP}*+SELECT\b", FLAGS)
DUAL = re.compile(rf"FROM{GAP}++(?:SYS\.)?DUAL\b{GAP}*+", FLAGS)
NAMED = re.compile(rf"(?<=[^\s.])\s++AS\s++{NAME}\s*\Z", FLAGS)
ASSIGNED = re.compile(rf"\s*(?P<name>{NAME})\s*:?=(?P<value>.*)", FLAGS)
DOLLAR = re.compile(TAG)
NO_COLUMN = ("primary", "key", "unique", "constraint", "foreign", "index", "check", "fulltext", "spatial", "exclude")
FOLLOWS = re.compile(rf"(?:INTO|SELECT)\b|{NEXT}", FLAGS)
NO_ROWS = (
    "puts no rows into a table that are written out, by INSERT ... VALUES, SET or SELECT, or COPY ... FROM stdin"
)


@dataclass(frozen=True)
class Sql:
    """A script or a dump with rows for a table: all of the file."""


def recognised(text: str, whole: bool, suffix: str) -> Sql | None:
    """A script by its first statement, in a file that is called so; else by rows for a table, as most of it."""
    at = _end(SPACE, text, 0)
    named = suffix == SUFFIX
    if not (BEGINS.match(text, at) or (named and at == len(text) and text.strip())):
        return None
    if named:
        return Sql()
    if PUTS.search(text) is None:
        return None
    script = _read(text)
    rows = max((len(table.rows) for table in script.tables.values()), default=0)
    if script.fault is not None and (whole or script.fault.line <= text.count("\n")):
        least = LEAST_BEFORE_FAULT
    else:
        least = max(LEAST_ROWS, 2 * script.queries)
    return Sql() if rows >= least else None


def largest(text: str) -> Largest:
    """The table that is given most rows. Raises NotRead."""
    script = _read(text)
    if script.fault is not None:
        raise script.fault
    tables = [table for table in script.tables.values() if table.rows]
    if not tables:
        why = "this takes rows from elsewhere, and it" if script.passed else "it"
        raise NotRead(script.passed[0][0] if script.passed else 1, f"{why} {NO_ROWS}")
    found = max(tables, key=lambda table: len(table.rows))
    if not found.header and len(found.declared) == found.width:
        found.header = found.declared
    return Largest(found, len(tables), [line for line, name in script.passed if name in ("", found.name.casefold())])


def _read(text: str) -> "_Script":
    """The script, backslashes read in the way in which it can be."""
    first = MYSQL.search(text) is not None
    script = _Script(text, escaped=first)
    if script.fault is None or "\\" not in text:
        return script
    other = _Script(text, escaped=not first)
    return other if other.fault is None or other.fault.line > script.fault.line else script


class _Script:
    """What a script puts into its tables, up to its end or to the first fault.

    queries : statements that are of no dump, as a list of queries has them
    passed : the lines of statements that put rows into a table that stand elsewhere, and what it is called
    """

    def __init__(self, text: str, escaped: bool) -> None:
        self.text, self.escaped, self.patterns = text, escaped, patterns(escaped)
        self.tables: dict[str, SqlTable] = {}
        self.queries = 0
        self.passed: list[tuple[int, str]] = []
        self.fault: NotRead | None = None
        self._targets: dict[tuple[str, str | None], tuple[SqlTable, list[int]]] = {}
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
            return self._put(found)
        begins = _end(self.patterns.common, text, at)
        if found := INSERT.match(text, begins):
            return self._put(found)
        if found := INSERT_ALL.match(text, at):
            return found.end()
        if found := ROUTINE.match(text, at):
            return end_of(found, self.patterns.parts)
        if found := COPY.match(text, at):
            return self._copy(found)
        if found := CREATE.match(text, at):
            body = self.patterns.body.match(text, found.end())
            if body:
                self._table(found).declared = list(self._columns(body[1]))
                return body.end()
        if found := LINE.match(text, at):
            return found.end()
        if PUTS.match(text, begins):
            self._pass_over(begins)
        self.queries += QUERY.match(text, at) is not None
        return self._pass(at)

    def _pass_over(self, at: int) -> None:
        """Note that the rows of the statement that begins here are not read."""
        found = INSERT_FROM.match(self.text, at)
        self.passed.append((self._line_at(at), names_in(found["table"])[-1].casefold() if found else ""))

    def _pass(self, at: int) -> int:
        """The end of what is passed over, with the semicolon."""
        text, begun = self.text, at
        while True:
            found = self.patterns.other.match(text, at)
            assert found is not None  # it may be of nothing
            if found["open"]:
                what = "comment" if found["open"][0] == "/" else "quote"
                raise NotRead(self._line_at(found.start("open")), f"opens a {what} and does not close it")
            at = found.end()
            opened = None if text[at - 1 : at] == ";" and at > begun else DOLLAR.match(text, at)
            if opened is None:
                return max(at, begun + 1)
            closed = text.find(opened[0], opened.end())
            if closed < 0:
                raise NotRead(self._line_at(at), "opens a quote and does not close it")
            at = closed + len(opened[0])

    def _put(self, found: re.Match[str]) -> int:
        """INSERT in any of its ways."""
        table, places = self._target(found)
        if found["how"] is None:
            return self._insert(table, places, found.end(), bool(found["open"]))
        if found["how"].upper() == "SET":
            return self._set(table, found)
        return self._select(table, places, found)

    def _table(self, found: re.Match[str]) -> SqlTable:
        name = names_in(found["table"])[-1]
        return self.tables.setdefault(name.casefold(), SqlTable(name))

    def _target(self, found: re.Match[str]) -> tuple[SqlTable, list[int]]:
        """The table, and where in a row of this statement each of its columns stands; nothing where in order."""
        said = (found["table"], found["columns"])
        if said not in self._targets:
            table = self._table(found)
            self._targets[said] = (table, self._named(table, names_in(said[1] or ""), found.start()))
        return self._targets[said]

    def _named(self, table: SqlTable, header: list[str], at: int) -> list[int]:
        """The same, by the names of the columns, where there are any."""
        if not header:
            return []
        if not table.header:
            if table.rows and len(header) != table.width:
                raise self._fault(at, f"gives {table.name} {len(header)} columns, not {table.width}")
            table.header = header
        places = {column.casefold(): place for place, column in enumerate(header)}
        if len(header) != len(table.header):
            raise self._fault(at, f"gives {table.name} {len(header)} columns, not {len(table.header)}")
        if places.keys() != {column.casefold() for column in table.header}:
            raise self._fault(at, f"gives {table.name} other columns than above")
        if len(places) < len(header) or [*places] == [column.casefold() for column in table.header]:
            return []
        return [places[column.casefold()] for column in table.header]

    def _columns(self, body: str) -> Iterator[str]:
        for cell in self.patterns.cell.findall(self.patterns.commented.sub(lambda each: each[1] or " ", body) + ","):
            name = re.match(NAME, cell.strip())
            if name and name[0].lower() not in NO_COLUMN:
                yield bare(name[0])

    def _insert(self, table: SqlTable, places: list[int], at: int, opened: bool) -> int:
        text = self.text
        while True:
            values, at, end = self._row(at)
            self._add(table, values, at, places)
            at = _end(SPACE, text, end)
            if text[at : at + 1] == ";":
                return at + 1
            if text[at : at + 1] == ",":
                at = _end(SPACE, text, at + 1)
            elif text[at : at + 1] == "(":
                raise self._fault(at, "there is no comma between two rows")
            elif GOES_ON.match(text, at) or (opened and text[at : at + 1] == ")"):
                return self._pass(at)
            elif FOLLOWS.match(text, at) or ("\n" in text[end:at] and BEGINS.match(text, at)):
                return at
            else:
                raise self._fault(at, "what follows a row is no comma and no semicolon")

    def _row(self, at: int) -> tuple[list[str | None], int, int]:
        """The values of a row in brackets, where it begins, and where it ends."""
        at = at if self.text[at : at + 1] == "(" else _end(ROW, self.text, at)
        found = self.patterns.row.match(self.text, at)
        if found is None:
            raise self._fault(at, "a row does not end, or has a quote that does not")
        return self._values(found[1], at), at, found.end()

    def _select(self, table: SqlTable, places: list[int], found: re.Match[str]) -> int:
        """INSERT INTO ... SELECT 1, 'Anna' UNION ALL SELECT 2, 'Bella'; rows of other tables are passed over."""
        text, at, rows = self.text, found.end(), []
        while True:
            selected = self.patterns.selected.match(text, at)
            assert selected is not None  # it may be of nothing
            rows.append((at, [NAMED.sub("", cell) for cell in self._cells(selected[1])]))
            at = _end(DUAL, text, selected.end())
            union = UNION.match(text, at)
            if union is None:
                break
            at = union.end()
        if re.match(r"FROM\b", text[at : at + 5], FLAGS):
            end = self._from_values(table, places, rows[0][1], at) if len(rows) == 1 else 0
            if not end:
                self._pass_over(found.start())
            return self._pass(end or at)
        for begins, cells in rows:
            self._add(table, [self._value(cell.strip(), begins) for cell in cells], begins, places)
        return self._pass(at)

    def _from_values(self, table: SqlTable, places: list[int], cells: list[str], at: int) -> int:
        """Where rows end that are written out behind FROM; 0 where there are none, or only some are meant."""
        text, found = self.text, FROM_VALUES.match(self.text, at)
        if found is None:
            return 0
        end, rows = found.end(), []
        while True:
            values, begins, end = self._row(end)
            rows.append((values, begins))
            at = _end(SPACE, text, end)
            if text[at : at + 1] != ",":
                break
            end = _end(SPACE, text, at + 1)
        called = CALLED.match(text, end)
        width = len(rows[0][0])
        chosen = columns_chosen(cells, called, width) if called else None
        if called is None or chosen is None or any(len(values) != width for values, _ in rows):
            return 0
        for values, begins in rows:
            self._add(table, [values[each] for each in chosen], begins, places)
        return called.end()

    def _set(self, table: SqlTable, found: re.Match[str]) -> int:
        """INSERT INTO ... SET name = 'Anna', of = 'a'; as MySQL has it."""
        at = found.end()
        assigned = self.patterns.assigned.match(self.text, at)
        assert assigned is not None  # it may be of nothing
        each = [ASSIGNED.fullmatch(cell) for cell in self._cells(assigned[1])]
        entries = {bare(one["name"]): self._value(one["value"].strip(), at) for one in each if one}
        if len(entries) < len(each):
            raise self._fault(at, "what follows SET is no names with values")
        self._add(table, list(entries.values()), at, self._named(table, list(entries), at))
        return self._pass(assigned.end())

    def _cells(self, inner: str) -> list[str]:
        cells: list[str] = self.patterns.cell.findall(inner + ",")
        return cells

    def _values(self, inner: str, at: int) -> list[str | None]:
        if "--" in inner or "/*" in inner:
            inner = self.patterns.commented.sub(lambda each: each[1] or " ", inner)
        values: list[str | None] = []
        for cell in self._cells(inner):
            said = cell.strip()
            if said[:1] == "'" == said[-1:] and "'" not in said[1:-1] and "\\" not in said and len(said) > 1:
                values.append(said[1:-1])
            elif said.isdecimal():
                values.append(said)
            else:
                values.append(self._value(said, at))
        return values

    def _value(self, said: str, at: int) -> str | None:
        try:
            return value_of(said, self.patterns, self.escaped)
        except ValueError as why:
            raise self._fault(at, str(why)) from None

    def _copy(self, found: re.Match[str]) -> int:
        if re.search(r"csv|delimiter|binary", found["how"], FLAGS):
            raise self._fault(found.start(), "COPY with CSV, a delimiter or binary is not read")
        table, places = self._target(found)
        text, at = self.text, found.end()
        closed = COPIED.search(text, at) is not None
        while True:
            end = text.find("\n", at)
            line = text[at:] if end < 0 else text[at:end]
            if line == "\\.":
                return len(text) if end < 0 else end
            if end < 0 or (not line and not closed):
                raise self._fault(at, "the rows of COPY do not end with \\.")
            try:
                self._add(table, [_copied(cell) for cell in line.split("\t")], at, places)
            except UnicodeError:
                raise self._fault(at, NO_CHARACTER) from None
            at = end + 1

    def _add(self, table: SqlTable, values: list[str | None], at: int, places: list[int]) -> None:
        if values == [""]:
            return  # VALUES (), of which each column is as it is by itself
        line = self._line_at(at)
        width = table.width if table.rows else len(table.header) or len(values)
        if len(values) != width:
            s = "s" * (len(values) != 1)
            raise NotRead(line, f"a row of {table.name} has {len(values)} value{s}, where there are {width} columns")
        table.rows.append(tuple([values[place] for place in places] if places else values))
        table.lines.append(line)

    def _fault(self, at: int, why: str) -> NotRead:
        return NotRead(self._line_at(at), why)

    def _line_at(self, at: int) -> int:
        """The line in which this stands, from 1; asked for in order."""
        self._line += self.text.count("\n", self._counted, at)
        self._counted = max(at, self._counted)
        return self._line


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _copied(cell: str) -> str | None:
    """What a cell of COPY says."""
    return cell if "\\" not in cell else None if cell == "\\N" else of_postgres(cell, copied=True)
