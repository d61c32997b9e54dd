"""SQL: values that are put together, rows that a query has written out, and statements that are passed over."""

import pytest

from moreish.data import DataOptions, read
from moreish.data.sql import largest

ROWS = "INSERT INTO n (name) VALUES ('Anna'), ('Bella');\n"

JOINED = {
    "'a' || 'b'": "ab",
    "'O' || '''' || $$Neill$$ || N' x'": "O'Neill x",
    "'a'||chr(39)||'b'": "a'b",
    "'a' + nchar(233) + 'b'": "aéb",
    "concat('a', 'b', 1)": "ab1",
    "CONCAT_WS(' ', 'Ann', NULL, 'Lee')": "Ann Lee",
    "'a' || NULL || 'b'": None,
    "('a' || ('b' || 'c'))": "abc",
    "replace('a/n', '/n', char(33))": "a!",
    "unistr('a\\00e9')": "aé",
    "unistr('a\\u00e9\\U0001F600')": "aé😀",
    "CAST(N'a b' AS nvarchar(9))": "a b",
    "'a'\n  'b'": "ab",
    "upper('a')": "upper('a')",
    "'Ann' COLLATE \"C\"": "Ann",
}


@pytest.mark.parametrize("said", JOINED)
def test_a_value_that_is_put_together_is_what_it_comes_to(said):
    assert largest(f"INSERT INTO t VALUES ({said}, 1), ('x', 2);").table.rows[0] == (JOINED[said], "1")


def test_what_is_added_to_a_text_and_is_none_is_refused_with_its_line(tmp_path):
    (tmp_path / "x.sql").write_text("INSERT INTO t VALUES\n('a'),\n('b' - now());\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 3: .*goes on behind the end of its quotes"):
        read(tmp_path / "x.sql")


WRITTEN_OUT = {
    "all columns": "SELECT * FROM (VALUES ('Cleo'), ('Dora')) AS v;",
    "columns that are named": "SELECT v.who FROM (VALUES (1, 'Cleo'), (2, 'Dora')) v (id, who);",
    "casts and names": "SELECT who::text AS name FROM (VALUES (1, 'Cleo'),\n(2, 'Dora')) AS v(id, who)\nORDER BY id;",
    "names in another order": "SELECT \"b\" FROM (VALUES ('x', 'Cleo'), ('y', 'Dora')) v (a, b) ON CONFLICT DO x;",
    "rows of MySQL": "SELECT * FROM (VALUES ROW('Cleo'), ROW('Dora')) AS v;",
    "in brackets": "(SELECT * FROM (VALUES ('Cleo'), ('Dora')) AS v);",
    "values in brackets": "(VALUES ('Cleo'), ('Dora'));",
}


@pytest.mark.parametrize("kind", WRITTEN_OUT)
def test_rows_that_a_query_has_written_out_are_read(tmp_path, kind):
    (tmp_path / "x.sql").write_text(f"{ROWS}INSERT INTO n (name) {WRITTEN_OUT[kind]}\n", encoding="utf-8")
    corpus = read(tmp_path / "x.sql")
    assert list(corpus) == ["Anna", "Bella", "Cleo", "Dora"]
    assert not any("passed over" in note for note in corpus.report.notes)


ELSEWHERE = {
    "another table": "SELECT name FROM u",
    "some of what is written out": "SELECT * FROM (VALUES ('Cleo'), ('Dora')) AS v(name) WHERE name > 'D'",
    "a call": "SELECT upper(name) FROM (VALUES ('Cleo')) AS v(name)",
    "two tables": "SELECT a.name FROM (VALUES ('Cleo')) AS a(name), b",
    "a whole table": "TABLE u",
    "a procedure": "EXEC p",
}


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_rows_that_stand_elsewhere_are_told_with_their_lines(tmp_path, kind):
    statement = f"INSERT INTO n (name)\n{ELSEWHERE[kind]};\n"
    (tmp_path / "x.sql").write_text(f"{ROWS}{statement}{statement}", encoding="utf-8")
    corpus = read(tmp_path / "x.sql")
    assert list(corpus) == ["Anna", "Bella"]
    assert "2 statements put rows into a table that are not written out" in " ".join(corpus.report.told)
    assert "lines 2 and 4" in " ".join(corpus.report.told)


def test_rows_that_another_table_takes_from_elsewhere_are_not_told(tmp_path):
    (tmp_path / "x.sql").write_text(f"{ROWS}INSERT INTO log (name) SELECT name FROM n;\n", encoding="utf-8")
    assert not read(tmp_path / "x.sql", DataOptions()).report.told


def test_a_long_chain_of_texts_is_put_together_in_one_pass():
    said = " || ".join("'a'" for _ in range(20_000))
    assert largest(f"INSERT INTO t VALUES ({said}), ('x');").table.rows[0] == ("a" * 20_000,)
