"""Headers as spreadsheets leave them: below titles or the separator, with a name twice, between other signs."""

import pytest

import moreish
from moreish.data import DataOptions, read

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

STEMS, ENDS = ("Abel", "Berta", "Cor", "Dora", "Emil"), ("", "a", "o", "us", "in", "el")
NAMES = [f"{stem}{end}" for end in ENDS for stem in STEMS]
TABLE = "id,name,year\n" + "".join(f"{i},{name},{1900 + i}\n" for i, name in enumerate(NAMES))
TWICE = "id,name,name,count\n" + "".join(f"{i},{name},{name[::-1]},{i + 1}\n" for i, name in enumerate(NAMES))
BACKWARDS = [name[::-1] for name in NAMES]
SUFFIXES = pytest.mark.parametrize("suffix", [".csv", ".txt"])


def read_as(folder, text, suffix, **options):
    (folder / f"x{suffix}").write_bytes(text.encode())
    return read(folder / f"x{suffix}", DataOptions(**options))


@SUFFIXES
def test_a_header_may_have_a_name_twice(suffix, tmp_path):
    with pytest.raises(ValueError, match=r"is CSV, and it is not clear which column .* such as --column 2 \("):
        read_as(tmp_path, TWICE, suffix)
    for column in ("name", "Name"):
        such = rf'2 of its columns are called "{column}": say --column 2 .* --column 3 \('
        with pytest.raises(ValueError, match=such):
            read_as(tmp_path, TWICE, suffix, column=column)
    assert list(read_as(tmp_path, TWICE, suffix, column="2")) == NAMES
    assert list(read_as(tmp_path, TWICE, suffix, column="3")) == BACKWARDS
    weights = read_as(tmp_path, TWICE, suffix, column="2", weight="4").report.weights
    assert weights is not None
    assert weights.largest == len(NAMES)


@pytest.mark.parametrize("header", ["name,name,kind", "Name;name;kind", "city,title,title"])
def test_a_known_name_that_comes_twice_beside_an_unknown_one_is_a_header(header, tmp_path):
    sign = ";" if ";" in header else ","
    rows = [sign.join([name, other, "old"]) for name, other in zip(NAMES, BACKWARDS, strict=True)]
    text = "\n".join([header, *rows]) + "\n"
    assert list(read_as(tmp_path, text, ".csv", column="2")) == BACKWARDS


def test_a_row_that_has_a_word_twice_is_no_header_of_words(tmp_path):
    text = "red,red,green\nblue,grey,blue\nred,blue,green\n"
    assert list(read_as(tmp_path, text, ".csv", column="1", duplicates="keep")) == ["red", "blue", "red"]


def test_the_number_that_is_advised_for_a_name_that_comes_twice_works_in_python(tmp_path):
    (tmp_path / "x.csv").write_text(TWICE, encoding="utf-8")
    assert list(moreish.read(tmp_path / "x.csv", column=3)) == BACKWARDS


@SUFFIXES
@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_first_line_may_say_the_separator_as_for_excel(suffix, said, end, tmp_path):
    text = f"{said}\n{TABLE}".replace(",", ";").replace("\n", end)
    corpus = read_as(tmp_path, text, suffix)
    assert list(corpus) == NAMES
    assert corpus.report.read_as == [
        "CSV between semicolons below 1 other line, column name of 3 columns, 30 rows",
    ]
    assert read_as(tmp_path, text, suffix, column="3")[0] == "1900"


@pytest.mark.parametrize("separator", ["|", ":", "\t", ","])
def test_any_sign_may_be_said_to_be_the_separator(separator, tmp_path):
    assert list(read_as(tmp_path, f"sep={separator}\n{TABLE}".replace(",", separator), ".csv")) == NAMES


def test_a_separator_may_be_said_above_a_single_column(tmp_path):
    assert list(read_as(tmp_path, "sep=;\nname\n" + "\n".join(NAMES), ".csv")) == NAMES


def test_a_ragged_row_below_a_said_separator_is_named_by_its_line(tmp_path):
    with pytest.raises(ValueError, match="line 33: has 2 cells where the header has 3"):
        read_as(tmp_path, f"sep=,\n{TABLE}a,b\n", ".csv")


TITLES = {
    "padded": "Report of names,,\ngenerated 2024-01-01,,\n\n",
    "bare": "Report of names\ngenerated 2024-01-01\n\n",
    "one": "Names of 2024,,\n",
    "quoted": '"Names, all of them",,\n,,\n',
}


@SUFFIXES
@pytest.mark.parametrize("titles", TITLES)
def test_a_header_is_found_below_titles(titles, suffix, tmp_path):
    corpus = read_as(tmp_path, TITLES[titles] + TABLE, suffix)
    assert list(corpus) == NAMES
    n = TITLES[titles].count("\n")
    lines = "line" if n == 1 else "lines"
    assert corpus.report.read_as == [f"CSV below {n} other {lines}, column name of 3 columns, 30 rows"]
    assert list(read_as(tmp_path, TITLES[titles] + TABLE, suffix, column="year"))[:2] == ["1900", "1901"]


def test_a_fault_below_titles_is_named_by_its_line_in_the_file(tmp_path):
    with pytest.raises(ValueError, match="line 35: has 2 cells"):
        read_as(tmp_path, f"{TITLES['bare']}{TABLE}a,b\n", ".csv")


def test_lines_above_something_that_is_no_header_stay_items(tmp_path):
    lines = ["Emma", "Ida", "Smith, John", "Doe, Jane", "Roe, Jack", "Poe, Edgar", "Low, Ann", "Fox, Guy"]
    assert list(read_as(tmp_path, "\n".join(lines), ".txt")) == lines


@SUFFIXES
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_a_table_may_stand_between_upright_strokes_and_in_single_quotes(quote, suffix, tmp_path):
    text = "\n".join("|".join(f"{quote}{cell}{quote}" for cell in row.split(",")) for row in TABLE.splitlines())
    corpus = read_as(tmp_path, text, suffix)
    assert list(corpus) == NAMES
    assert corpus.report.read_as == ["CSV between upright strokes, column name of 3 columns, 30 rows"]
    assert list(read_as(tmp_path, text, suffix, column="1"))[:2] == ["0", "1"]


@pytest.mark.parametrize("items", [["Lon", "Aa", "Ab", "Hj"], ["Ann", "Bob", "Bob", "Cy", "Cy"]])
def test_the_first_item_of_a_table_of_one_column_is_no_header(items, tmp_path):
    page = "<table>" + "".join(f"<tr><td>{item}</td></tr>\n" for item in items) + "</table>"
    assert list(read_as(tmp_path, page, ".html", duplicates="keep")) == items
    named = page.replace("<table>", "<table><tr><td>Name</td></tr>\n")
    assert list(read_as(tmp_path, named, ".html", duplicates="keep")) == items


def test_names_with_an_apostrophe_need_no_quotes(tmp_path):
    text = "name,n\nO'Brien,1\n'Abd,2\nD'Arcy,3\n"
    assert list(read_as(tmp_path, text, ".csv")) == ["O'Brien", "'Abd", "D'Arcy"]
