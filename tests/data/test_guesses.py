"""What is advised for bytes that are no UTF-8 is what they were written in, or among it."""

import re

import pytest

from moreish.data import DataOptions, read
from tests.data.oracles import read_bytes

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

RUSSIAN = ["Иван", "Мария Петровна", "Ольга", "Сергей", "Наталья Иванова", "Дмитрий"]
JAPANESE = ["さくら", "ひろし", "田中", "東京都", "カメラ", "みどり"]
WESTERN = ["André", "Zoë", "François", "José", "Björn", "Anna"]
POLISH = ["Łukasz", "Świętosława", "Katarzyna", "Bożena", "Jędrzej"]
GREEK, HEBREW = ["Γιώργος", "Μαρία", "Ελένη", "Νίκος"], ["אברהם", "שרה", "יעקב", "מרים"]
ARABIC, THAI = ["محمد", "فاطمة", "علي", "أحمد"], ["สมชาย", "สมหญิง", "กรุงเทพ"]
KOREAN, CHINESE = ["김철수", "이영희", "박지성", "서울"], ["张伟", "王芳", "李娜", "北京"]
TAIWANESE = ["張偉", "王芳", "臺北"]
WRITTEN = {
    "cp1251": RUSSIAN, "koi8-r": RUSSIAN, "cp866": RUSSIAN, "shift_jis": JAPANESE, "euc_jp": JAPANESE,
    "latin-1": WESTERN, "mac_roman": WESTERN, "cp850": WESTERN, "cp1250": POLISH, "iso-8859-2": POLISH,
    "cp1253": GREEK, "cp1255": HEBREW,
    "cp1256": ARABIC, "cp874": THAI, "euc_kr": KOREAN, "gb18030": CHINESE, "big5": TAIWANESE,
    "cp1252": ["“Ida”", "O’Hara", "Zoë – Ann"], "cp1254": ["İstanbul", "Şükrü", "Çağla", "Gülşen", "Oğuz"],
}  # fmt: skip


def advised(folder, data, **options):
    with pytest.raises(ValueError, match=r"list\.txt") as caught:
        read_bytes(folder, data, **options)
    return re.findall(r"--encoding ([\w-]+)", str(caught.value))


@pytest.mark.parametrize("encoding", WRITTEN)
@pytest.mark.parametrize("times", [1, 40])
def test_the_encoding_is_guessed_by_the_letters_and_works(encoding, times, tmp_path):
    data = "\n".join(WRITTEN[encoding] * times).encode(encoding)
    names = advised(tmp_path, data)
    assert encoding in names
    assert list(read_bytes(tmp_path, data, encoding=encoding)) == WRITTEN[encoding]
    assert names[0] == encoding or encoding == "cp1254"  # which only the eye tells from an Icelandic list


def test_a_guess_shows_what_the_line_reads_as(tmp_path):
    shown = r'line 2, byte 1: .*A guess by its letters: --encoding cp1251 \(which reads "Мария"\)'
    with pytest.raises(ValueError, match=shown):
        read_bytes(tmp_path, b"Ann\n" + "Мария\n".encode("cp1251"))


@pytest.mark.parametrize("letters", [["é"], ["é", "è", "à", "ç", "ù"], ["él", "Éa"]])
def test_letters_that_stand_alone_are_taken_for_western(letters, tmp_path):
    assert advised(tmp_path, "\n".join(["anna", "bella", *letters]).encode("latin-1")) == ["latin-1"]


def test_a_letter_of_utf8_elsewhere_says_nothing_of_the_line_that_is_none(tmp_path):
    data = "日本\n東京\n".encode() * 20 + "André\n".encode("latin-1")
    assert advised(tmp_path, data) == ["latin-1"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("items", [["Emma", "Ava"], RUSSIAN, JAPANESE, ["上海", "丁", "Ćirić"]])
@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_utf16_and_utf32_without_a_mark_are_told_with_their_order(encoding, items, suffix, tmp_path):
    path = tmp_path / f"list{suffix}"
    rows = [f"{i},{item},x" for i, item in enumerate(items)]
    text = "\n".join(["id,name,what", *rows, ""] if suffix == ".csv" else [*items, ""])
    path.write_bytes(text.encode(encoding))
    column = "name" if suffix == ".csv" else None
    told = f"looks like {encoding.upper()[:6]} without its mark; say --encoding {encoding}$"
    with pytest.raises(ValueError, match=told):
        read(path, DataOptions(column=column))
    assert list(read(path, DataOptions(encoding=encoding, column=column))) == items


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"emma\nav\0a\n", b"\0", bytes(range(256)) * 50])
def test_for_what_is_no_text_no_encoding_is_advised(data, tmp_path):
    assert advised(tmp_path, data) == []
    with pytest.raises(ValueError, match="looks binary"):
        read_bytes(tmp_path, data, text=True)
