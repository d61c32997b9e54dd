"""HTML as a browser copies or saves it: tables with spans, notes and tables within, lists on one line."""

import pytest

from moreish.data import DataOptions, read
from moreish.data.pages import Page

NAMES = ["Anna", "Bella O'Neil", "Cleo & Co.", "Dora", "Emma"]
ROWS = [("Anna", "old"), ("Bella O&#39;Neil", "new"), ("Cleo &amp; Co.", "old"), ("Dora", "new"), ("Emma", "old")]


def table(head="", row="<tr><td><b>{}</b><sup class=reference>[1]</sup></td>\n<td>{}</td></tr>"):
    return f"<table class='x'>\n{head}{''.join(row.format(*cells) for cells in ROWS)}</table>"


HEAD = "<thead><tr><th>Name</th><th>Kind</th></tr></thead>"
TABLES = {
    "with a head": table(HEAD),
    "a page": f"<!doctype html><html><head><style>td {{}}</style></head><body><ul><li>Home</ul>{table(HEAD)}</body>",
    "ends left out": table("<tr><th>Name<th>Kind", "<tr><td>{}<td>{}"),
    "the larger of two": f"<div><table><tr><td>a<td>b</table></div>{table(HEAD)}",
    "a title above, and a head again": table(
        f"<tr><th colspan=2>All</th></tr>{HEAD}", "<tr><td>{}</td><td>{}</td></tr><tr><th colspan=2>more</th></tr>"
    ).replace("<tr><th colspan=2>All</th></tr>", "<caption>All</caption>"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_a_page_is_a_table(tmp_path, kind):
    (tmp_path / "x.html").write_text(TABLES[kind], encoding="utf-8")
    corpus = read(tmp_path / "x.html", DataOptions(by="kind"))
    assert (list(corpus.items), corpus.kinds) == (NAMES, ("new", "old"))
    assert corpus.report.read_as[0].startswith("HTML table, column Name of 2 columns, kinds in Kind")


def test_cells_that_span_rows_and_columns_stand_in_each_row():
    text = """<table><tr><td rowspan=2>a</td><td>b</td><td>c</td></tr><tr><td>d</td><td>e</td></tr>
      <tr><td colspan=2>f<br>g</td><td>h<table><tr><td>in</td></tr></table></td></tr></table>"""
    page = Page(text)
    assert page.tables[0].rows == [["a", "b", "c"], ["a", "d", "e"], ["f g", "", "h"]]
    assert page.tables[1].rows == [["in"]]


LISTS = {
    "one line": "<ul>" + "".join(f"<li>{x.replace('&', '&amp;')}</li>" for x in NAMES) + "</ul>",
    "ends left out": "<div><ol>"
    + "\n".join(f"<li>\n  <a href=x>{x.replace('&', '&amp;')}</a>" for x in NAMES)
    + "</ol></div>",
    "choices": "<select>" + "".join(f"<option value=1>{x.replace('&', '&amp;')}" for x in NAMES) + "</select>",
}


@pytest.mark.parametrize("kind", LISTS)
def test_the_list_of_a_page_is_a_list(tmp_path, kind):
    (tmp_path / "x.html").write_text(LISTS[kind], encoding="utf-8")
    assert list(read(tmp_path / "x.html").items) == NAMES
    (kept,) = read(tmp_path / "x.html", DataOptions(marks="keep")).items if kind == "one line" else [LISTS[kind]]
    assert kept == LISTS[kind]


def test_rows_of_another_width_are_left_out_and_told(tmp_path):
    (tmp_path / "x.html").write_text(table(HEAD).replace("</table>", "<tr><td>alone</td></tr></table>"))
    corpus = read(tmp_path / "x.html")
    assert "alone" not in corpus.items
    assert "1 of another width left out" in corpus.report.read_as[0]


def test_a_page_without_rows_or_items_is_told(tmp_path):
    (tmp_path / "x.html").write_text("<div>Anna</div>\n" * 6)
    assert "This is HTML" in read(tmp_path / "x.html").report.told[0]


def test_what_begins_with_a_sign_is_no_page(tmp_path):
    items = ["<3", "<table>", "<b>", "< 5", "<a>"]
    (tmp_path / "x.txt").write_text("\n".join(items))
    assert list(read(tmp_path / "x.txt").items) == items


def test_cells_that_span_a_thousand_columns_each_make_no_row_of_a_million():
    page = Page("<table>" + ("<tr>" + "<td colspan=1000 rowspan=1000>a" * 1000) * 3 + "</table>")
    assert [len(row) for row in page.tables[0].rows] == [1000] * 3
