"""The bundled lists: every file is in the table, every entry is a file, and every file is clean."""

import unicodedata

import pytest

from moreish.data import read
from moreish.data.bundled import BUNDLED, LISTS

LEAST = {"names": 2000, "words": 3000, "towns": 1000, "dinosaurs": 400, "minerals": 400, "hindi": 500}


def test_table_and_folder_agree():
    assert {path.name for path in BUNDLED.iterdir()} == {f"{name}.txt" for name in LISTS}
    assert set(LISTS) == set(LEAST)


@pytest.mark.parametrize("name", LISTS)
def test_file_is_clean_utf8_lines_without_duplicates(name):
    text = (BUNDLED / f"{name}.txt").read_bytes().decode("utf-8")
    assert text.endswith("\n")
    assert "\r" not in text
    assert unicodedata.is_normalized("NFC", text)
    lines = text[:-1].split("\n")
    assert all(line and line == line.strip() for line in lines)
    assert len(set(lines)) == len(lines) >= LEAST[name]


@pytest.mark.parametrize("name", LISTS)
def test_list_reads_without_a_suspicion(name):
    report = read(name).report
    assert not report.suspicious
    assert not report.dropped


@pytest.mark.parametrize("name", LISTS)
def test_list_is_in_the_script_that_the_table_says(name):
    letters = [symbol for symbol in read(name).vocab.symbols if symbol.isalpha()]
    assert letters
    for letter in letters:
        assert unicodedata.name(letter).startswith(LISTS[name].script.upper())


@pytest.mark.parametrize("name", LISTS)
def test_table_says_whence_and_under_what_licence(name):
    entry = LISTS[name]
    assert entry.title
    assert entry.licence
    assert "\n" not in entry.provenance
    assert len(entry.provenance) > 20
