"""SQL scripts and dumps: the rows of the largest table come back; lists of what looks alike stay lists."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.faults import NotRead
from moreish.data.sql import largest, recognised

TREES = ["Amber", "Birch's", 'Cedar "red"', "Dill; (x), y", "C:\\"]
PLAIN = "".join(
    f"INSERT INTO t (id, name) VALUES ({i}, '{x.replace(chr(39), 2 * chr(39))}');\n" for i, x in enumerate(TREES)
)
MYSQL = r"""-- MySQL dump
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `trees`;
CREATE TABLE `trees` (
  `id` int(11) NOT NULL COMMENT 'it''s; the (id)', -- that's it
  `name` varchar(50) DEFAULT 'x',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
LOCK TABLES `trees` WRITE;
INSERT INTO `trees` VALUES (1,'Amber'),(2,'Birch\'s'),(3,'Cedar \"red\"'),(4,'Dill; (x), y'),(5,'C:\\'),(6,NULL);
UNLOCK TABLES;
"""
COPIED = """SET statement_timeout = 0;
CREATE FUNCTION f() RETURNS int AS $$ begin; return 'x; end $$;
COPY public.kinds (id) FROM stdin;
1
\\.

COPY public.trees (id, name) FROM stdin;
1\tAmber
2\tBirch's
3\tCedar "red"
4\tDill; (x), y
5\tC:\\\\
6\t\\N
\\.

SELECT pg_catalog.setval('x', 6, true);
"""
SERVER = "USE [db]\nGO\nSET IDENTITY_INSERT [dbo].[Trees] ON\nGO\n" + PLAIN.replace(
    "INTO t (id, name)", "[dbo].[Trees] ([Id], [Name])"
).replace(", '", ", N'").replace(";\n", "\nGO\n")
FILES = {
    "a statement each": PLAIN,
    "line ends of Windows": "\ufeff" + PLAIN.replace("\n", "\r\n"),
    "a dump of MySQL": MYSQL,
    "a dump of PostgreSQL": COPIED,
    "without semicolons": SERVER,
    "without GO": SERVER.replace("GO\n", "") + "SET IDENTITY_INSERT [dbo].[Trees] OFF\nGO\n",
    "names of all kinds": PLAIN.replace(
        "t (id, name)",
        "\"o'b; \"\"x\"\"\".[a]]b].`c``d` (\"i, d\", /* it's */ name)",
    ),
    "rows of their own": PLAIN.replace("VALUES (", "VALUES ROW (").replace("ROW (1", "row(1"),
    "an assignment each": (
        PLAIN.replace("(id, name) VALUES (", "SET id = ").replace(", '", ", `name`='").replace("')", "'")
    ),
    "columns in another order": (
        PLAIN[: PLAIN.index("INSERT", 60)]
        + "INSERT INTO T (Name, ID) VALUES ('Birch''s', 1), ('Cedar \"red\"', 2);\n"
        + PLAIN[PLAIN.index("INSERT INTO t (id, name) VALUES (3") :]
    ),
    "a query before them": "WITH x (a) AS (SELECT ')', 1), y AS (SELECT 2)\n" + PLAIN,
    "selected": (
        "INSERT INTO t (id, name)\nSELECT "
        + PLAIN.replace("INSERT INTO t (id, name) VALUES (", "").replace("');\n", "' AS name UNION ALL SELECT ")
        + "9, null\nGO\n"
    ),
    "all in one": "INSERT ALL\n" + PLAIN.replace("INSERT", "").replace(";\n", "\n") + "SELECT * FROM dual;\n",
    "words to a client": "REM It's\nPROMPT Clients' \"names\n\\restrict it's\n:setvar x it's\n" + PLAIN,
    "between dollars": (
        "CREATE FUNCTION f() AS $b$ $x$; return 'x; INSERT INTO t VALUES (1, 2); end $b$;\n"
        + PLAIN.replace("'Amber'", "$$Amber$$").replace("'Birch''s'", "$q$Birch's$q$").replace("'D", "E'\\u0044")
    ),
    "functions, casts, comments": (
        PLAIN.replace("(id", "(at, id")
        .replace("VALUES (", "VALUES (now('x', (1)), ")
        .replace("');", "'::text) /* it's */ ON CONFLICT DO NOTHING; -- don't")
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", ["x.sql", "x.txt"])
def test_the_rows_of_the_largest_table_are_read(tmp_path, kind, name):
    (tmp_path / name).write_bytes(FILES[kind].encode())
    corpus = read(tmp_path / name, DataOptions(column="name"))
    assert list(corpus.items) == TREES
    assert corpus.report.read_as[0].startswith("SQL, table ")


def test_kinds_and_weights_stand_beside_the_items(tmp_path):
    text = "INSERT INTO a VALUES (1);\nINSERT INTO t (\"name\", n, of) VALUES ('Ann', 3, 'x'), ('Bob', 1.5, 'y');\n"
    (tmp_path / "x.sql").write_text(text, encoding="utf-8")
    corpus = read(tmp_path / "x.sql", DataOptions(by="of", weight="n"))
    whole = corpus.split("all")
    assert whole.weights is not None
    assert {whole.item(i, corpus.vocab): float(whole.weights[i]) for i in range(2)} == {"Ann": 3, "Bob": 1.5}
    assert corpus.report.read_as == [
        "SQL, table t, the largest of 2, column name of 3 columns, kinds in of, weights in n, 2 rows"
    ]


NOT_READ = {
    "cut off": ("INSERT INTO t (id, name) VALUES\n(1, 'Ann'),\n(2, 'Bo", "line 3: .*a row does not end"),
    "an odd row": ("INSERT INTO t VALUES\n(1, 'Ann'),\n(2, 'Bob', 3);\n", "line 3: .*3 values, where there are 2"),
    "a wrong quote": ("INSERT INTO t VALUES\n(1, 'Ann'),\n(2, 'Bob's'),\n(3, 'Cleo');\n", "line 3: "),
    "a bracket too many": ("INSERT INTO t VALUES\n(1, 'Ann'));\n", "line 2: .*no comma and no semicolon"),
    "no comma": ("INSERT INTO t VALUES\n(1, 'Ann')\n(2, 'Bob');\n", "line 3: .*no comma"),
    "no end of a copy": ("COPY t (id, name) FROM stdin;\n1\tAnn\n2\tBob\n", "line 4: .*do not end"),
    "an odd row of a copy": ("COPY t (id, name) FROM stdin;\n1\tAnn\n2\n\\.\n", "line 3: .*1 value, where"),
    "a copy with commas": ("COPY t FROM stdin WITH (FORMAT csv);\n1,Ann\n\\.\n", "line 1: .*CSV"),
    "none": ("CREATE VIEW v AS SELECT 'x';\nSELECT 1;\n", "line 1: .*puts no rows into a table"),
    "rows of another table": ("-- x\nINSERT INTO t (name)\nSELECT name FROM u;\n", "line 2: .*rows from elsewhere"),
    "a comment without an end": ("USE x;\n/* INSERT INTO t VALUES ('Ann'), ('Bob');\n", "line 2: .*opens a comment"),
    "a quote without an end": ("PRINT 'x;\nINSERT INTO t VALUES (1);\n", "line 1: .*opens a quote"),
    "a dollar quote without an end": ("SELECT $a$;\nINSERT INTO t VALUES (1);\n", "line 1: .*opens a quote"),
    "bytes": ("COPY t (a) FROM stdin;\nAnn\n\\377\n\\.\n", "line 3: .*no UTF-8"),
    "others": ("INSERT INTO t (a) VALUES (1);\nINSERT INTO t (b) VALUES (1);\n", "line 2: .*other columns"),
    "other columns": ("INSERT INTO t (a) VALUES (1);\nINSERT INTO t (a, b) VALUES (1, 2);\n", "line 2: .*2 columns"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_READ)
def test_what_is_not_read_is_one_sentence_with_its_line(tmp_path, kind):
    text, why = NOT_READ[kind]
    (tmp_path / "x.sql").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=why) as refused:
        read(tmp_path / "x.sql")
    assert "\n" not in str(refused.value)


ESCAPED = {
    "E'\\u00e9\\U0001F600\\ud83d\\ude00\\303\\251\\xc3\\xa9\\x41\\101\\n\\'\\v\\%'": "é😀😀ééAA\n'v%",
    "U&'\\00e9\\+01F600\\\\\\d83d\\de00'": "é😀\\😀",
    "'C:\\303\\u00e9'": "C:\\303\\u00e9",
    "'a::b'::text": "a::b",
    "n'it''s'": "it's",
}  # fmt: skip


@pytest.mark.parametrize("literal", ESCAPED)
def test_a_text_says_what_its_database_takes_it_for(literal):
    assert largest(f"INSERT INTO t VALUES ({literal}), ('x');")[0].rows[0] == (ESCAPED[literal],)


def test_copied_escapes_are_bytes_of_utf_8_and_those_of_mysql_are_not():
    copied = r"\303\251\xC3\xa9\x41\101\v\q\u00e9\\x"
    assert largest(f"COPY t (a) FROM stdin;\n{copied}\n\\.\n")[0].rows == [("ééAA\vqu00e9\\x",)]
    mysql = r"""INSERT INTO `t` VALUES ('\x41\101\'\"\%\_\\\Z\v');"""
    assert largest(mysql)[0].rows == [("x41101'\"\\%\\_\\\x1av",)]


N = 60_000
LONG_FILES = {
    "comments without an end": ("/* " * N + "\nINSERT INTO t VALUES ('a');\n", "opens a comment"),
    "comments without an end behind a word": ("USE " + "/* " * N, "opens a comment"),
    "dollars": ("SELECT " + " ".join(f"$a{i}$" for i in range(N)) + ";\n", "opens a quote"),
    "escaped quotes": ("-- MySQL\nUSE '" + "\\'" * N, "opens a quote"),
    "blank lines": ("USE x" + "\n" * 4 * N + ";\nINSERT INTO t VALUES ('a'), ('b');\n", 2),
    "blanks behind a value": (f"INSERT INTO t VALUES ('a'{' ' * 4 * N}::text), ('b'{' ' * 4 * N});\n", 2),
    "blanks in a statement": (f"INSERT{' ' * N}INTO{' ' * N}t{' ' * N}(a){' ' * N}VALUES{' ' * N}('a'), ('b');\n", 2),
    "brackets without an end": ("INSERT INTO t VALUES (" + "((('a'," * N, "a row does not end"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG_FILES)
def test_what_has_no_end_is_looked_for_once(kind):
    """Each took minutes to hours when every sign that may begin something was followed to the end."""
    text, found = LONG_FILES[kind]
    if isinstance(found, int):
        assert len(largest(text)[0].rows) == found
    else:
        with pytest.raises(NotRead, match=found):
            largest(text)
    recognised(text, True, ".txt")


NO_SQL = {
    "lines that begin so": ["insert coin", "Insert into the slot", "INSERT", "insert key", "Insert a new line"],
    "an oven": ["Insert into oven", "Insert into VALUES", "Insert values (two)", "Bake", "Cool"],
    "queries": ["SELECT a FROM t", "SELECT * FROM u", "INSERT INTO t VALUES (1, 'x')", "DELETE FROM t", "UPDATE t"],
    "more queries": ["SELECT 1;", "INSERT INTO t VALUES (1, 'x');", "DELETE FROM t;", "INSERT INTO u VALUES (2);"],
    "words of it": ["SELECT", "INSERT INTO", "VALUES", "CREATE TABLE", "DROP"],
    "copies": ["Copy of a copy", "COPY from stdin", "Copy that", "Copy Cat", "Copy right"],
    "prose": ["We say INSERT INTO t (a) VALUES ('x'), ('y');", "to add a row.", "And so on.", "End."],
    "comments": ["-- one", "-- two", "-- three", "-- four", "-- five"],
}


@pytest.mark.parametrize("kind", NO_SQL)
def test_a_list_that_looks_alike_is_none(kind):
    assert recognised("\n".join(NO_SQL[kind]) + "\n", True, ".txt") is None


CELLS = st.none() | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("'\"\\,;()\n\t-#"), max_size=9
)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=9)


@settings(max_examples=150, deadline=None)
@given(ROWS, st.booleans(), st.booleans())
def test_what_is_inserted_comes_back(rows, each, mysql):
    def said(cell: str | None) -> str:
        if cell is None:
            return "NULL"
        inner = cell.replace("\\", "\\\\") if mysql else cell
        return "'" + inner.replace("'", "''") + "'"

    quote = "`" if mysql else '"'
    insert = f"INSERT INTO {quote}t{quote} ({quote}a{quote}, b) VALUES "
    values = [f"({', '.join(map(said, row))})" for row in rows]
    text = "".join(f"{insert}{row};\n" for row in values) if each else insert + ",\n".join(values) + ";\n"
    table = largest(text).table
    assert (table.header, table.rows) == (["a", "b"], rows)


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_what_is_copied_comes_back(rows):
    def said(cell: str | None) -> str:
        if cell is None:
            return "\\N"
        signs = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
        return "".join(signs.get(sign, sign) for sign in cell)

    text = "COPY t (a, b) FROM stdin;\n" + "".join("\t".join(map(said, row)) + "\n" for row in rows) + "\\.\n"
    assert largest(text)[0].rows == rows


TWO = "INSERT INTO n (name) VALUES ('Anna'), ('Bella');\n"
LATER = {
    "sqlite's trigger": TWO + "CREATE TRIGGER t AFTER INSERT ON n BEGIN UPDATE n SET x = CASE WHEN 1 THEN 2 END;"
    " INSERT INTO n (name) VALUES (NEW.name); END;",
    "MySQL's trigger": "DELIMITER ;;\nCREATE TRIGGER `t` BEFORE INSERT ON n FOR EACH ROW BEGIN"
    " INSERT INTO log VALUES ('b'), ('c'), ('d'); END ;;\nDELIMITER ;\n" + TWO,
    "T-SQL's procedure": "CREATE PROCEDURE p @x text AS INSERT INTO n (name) VALUES (@x);\nGO\n" + TWO,
    "PL/SQL's procedure": "CREATE PROCEDURE p IS x INT; BEGIN IF x > 1 THEN INSERT INTO n (name) VALUES ('ghost');"
    " END IF; END;\n/\n" + TWO,
    "a body in dollars": "CREATE FUNCTION f() RETURNS int AS $f$ BEGIN INSERT INTO n (name) VALUES ('g'); $$ ; END;"
    " $f$ LANGUAGE plpgsql;\n" + TWO,
    "a body in quotes": "CREATE FUNCTION f() RETURNS int AS 'select 1; ' LANGUAGE sql;\n" + TWO,
    "one without a batch": "CREATE PROCEDURE p AS x INT;\nCREATE TABLE n (name text);\n" + TWO,
    "dollars with more behind": "DO $$ SELECT 1; $$ LANGUAGE sql;\nSELECT $$a$$ x;\n" + TWO,
    "places for values": TWO + "INSERT INTO n (name) VALUES (DEFAULT), (?), (:name), (%s), (@x), ($1);\n",
}


@pytest.mark.parametrize("kind", LATER)
def test_what_is_put_in_later_is_no_item(tmp_path, kind):
    (tmp_path / "x.sql").write_text(LATER[kind], encoding="utf-8")
    assert list(read(tmp_path / "x.sql")) == ["Anna", "Bella"]


def test_rows_are_upserted_and_overwritten_too(tmp_path):
    more = "INSERT OVERWRITE TABLE n VALUES ('Cleo');\nUPSERT INTO n (name) VALUES ('Dora');\n"
    (tmp_path / "x.sql").write_text(TWO + more, encoding="utf-8")
    assert list(read(tmp_path / "x.sql")) == ["Anna", "Bella", "Cleo", "Dora"]
    (tmp_path / "y.sql").write_text("UPSERT INTO n (name) VALUES ('Anna'), ('Emma');\n", encoding="utf-8")
    assert list(read(tmp_path / "y.sql")) == ["Anna", "Emma"]
