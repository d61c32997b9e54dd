"""The reader, row by row of what arrives."""

import io
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, Report, from_items, read
from moreish.data.reader import PIECE, Reader
from tests.data.oracles import read_bytes, slow_items, small_pieces

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

ODD = st.sampled_from(
    [
        *"abAB. 0'",
        "\t",
        "é",
        "e\u0301",
        "\u2028",
        "\x85",
        "\xa0",
        "\u3000",
        "क",
        "\u094d",
        "क्षि",
        "がか",
        "👩‍👩‍👧",
        "🇫🇷",
        "\u202e",
        "ﬁ",
    ]
)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", " \n", "\r\r\n"])


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.lists(ODD, max_size=6).map("".join), LINE_ENDS), min_size=1),
    st.sampled_from([1, 3, 7, 1000]),
)
@settings(max_examples=80, deadline=None)
def test_reads_what_the_slow_way_reads(tmp_path_factory, lines, size):
    text = "".join(line + end for line, end in lines)
    want = list(dict.fromkeys(slow_items("o\n" + text)))
    with small_pieces(size):
        corpus = read_bytes(tmp_path_factory.mktemp("r"), b"o\n" + text.encode())
        assert list(corpus.items) == want
    assert corpus.report.items == len(slow_items("o\n" + text))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
def test_every_line_end_at_every_border_of_a_piece(tmp_path, end, size):
    items = ["emma", "o", "ava", "été", "isabella"]
    with small_pieces(size):
        assert list(read_bytes(tmp_path, end.join(items).encode()).items) == items
        assert list(read_bytes(tmp_path, (end.join(items) + end).encode()).items) == items


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_other_separators_end_no_line(tmp_path, inside):
    text = "\n".join(["name"] * 40 + [f"em{inside}ma"])
    assert list(read_bytes(tmp_path, text.encode()).items) == ["name", f"em{inside}ma"]


def test_outer_blanks_and_empty_lines_go_and_are_counted(tmp_path):
    corpus = read_bytes(tmp_path, b"  emma \n\n\t\nava\t\n \n")
    assert list(corpus.items) == ["emma", "ava"]
    assert corpus.report.dropped == {"empty": 3}
    assert corpus.report.lines == 5


def test_every_blank_of_unicode_is_stripped_from_the_ends_and_kept_inside(tmp_path):
    blanks = [chr(c) for c in range(0x3001) if chr(c).isspace() and chr(c) not in "\n\r"]
    assert len(blanks) > 20
    for blank in blanks:
        data = f"{'x' * 1000}\n{blank}é\né{blank}\na{blank}é\n{blank}\n".encode()
        corpus = read_bytes(tmp_path, data, duplicates="keep", normalise="none")
        assert corpus.items[1:] == ["é", "é", f"a{blank}é"]


@pytest.mark.parametrize("bad", [b"\xe9t\xe9", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"])
@pytest.mark.parametrize("size", [3, 1000])
def test_undecodable_byte_is_named_by_line_and_byte(tmp_path, bad, size):
    data = "é\r\n".encode() * 6 + b"ab" + bad + b"\nrest"
    with (
        small_pieces(size),
        pytest.raises(
            ValueError, match=r"list\.txt, line 7, byte 3: not UTF-8 \(0x..\).*--encoding (latin-1|cp1252)\.$"
        ),
    ):
        read_bytes(tmp_path, data)


def test_byte_counts_from_the_files_beginning_though_a_mark_was_dropped(tmp_path):
    with pytest.raises(ValueError, match="line 1, byte 6"):
        read_bytes(tmp_path, b"\xef\xbb\xbfab\xff\n")


def test_the_message_is_the_one_that_was_promised(tmp_path):
    lines = [b"emma"] * 811 + [b"abcdefghijklm\xe9e"]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_bytes(tmp_path, b"\n".join(lines))
    promised = "line 812, byte 14: not UTF-8 (0xE9). If the file is Latin-1, say --encoding latin-1."
    assert str(caught.value) == f"{tmp_path / 'list.txt'}, {promised}"


@pytest.mark.parametrize(
    "encoding",
    [
        "latin-1",
        "cp1252",
        "utf-8-sig",
        "shift_jis",
        "gb18030",
        "euc_kr",
        "big5",
        "iso2022_jp",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-7",
        "cp037",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_named_encodings_are_read(tmp_path, encoding, size):
    items = ["emma", "x y", "zoë", "日本", "がき", "東京都", "한국"]
    items = [i for i in items if i.encode(encoding, "ignore").decode(encoding) == i]
    with small_pieces(size):
        corpus = read_bytes(tmp_path, "\r\n".join(items).encode(encoding), encoding=encoding)
    assert list(corpus.items) == items


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_mark_is_no_symbol_in_any_encoding(tmp_path, encoding):
    assert list(read_bytes(tmp_path, "\ufeffemma".encode(encoding), encoding=encoding).items) == ["emma"]


def test_utf8_mark_is_dropped_at_the_start_only(tmp_path):
    corpus = read_bytes(tmp_path, "\ufeffemma\n\ufeffava".encode())
    assert list(corpus.items) == ["emma", "\ufeffava"]
    assert corpus.report.suspicious["zero-width character"].lines == [2]


@pytest.mark.parametrize(("encoding", "named"), [("utf-16", "utf-16"), ("utf-32", "utf-32")])
def test_foreign_mark_is_refused_with_the_right_hint(tmp_path, encoding, named):
    with pytest.raises(ValueError, match=f"mark; say --encoding {named}"):
        read_bytes(tmp_path, "emma\nava".encode(encoding))


def test_utf8_mark_under_another_encoding_is_refused(tmp_path):
    with pytest.raises(ValueError, match="UTF-8 mark; say --encoding utf-8"):
        read_bytes(tmp_path, "\ufeffemma".encode(), encoding="latin-1")


def test_utf16_without_a_mark_is_guessed_only_in_the_hint(tmp_path):
    with pytest.raises(ValueError, match=r"line 1: looks like UTF-16 without its mark; say --encoding utf-16-le$"):
        read_bytes(tmp_path, "emma\nava".encode("utf-16-le"))


def test_broken_utf16_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"byte 11: not UTF-16 \(truncated data\)"):
        read_bytes(tmp_path, "emma".encode("utf-16") + b"\x00", encoding="utf-16")
    with pytest.raises(ValueError, match="byte 7: not UTF-16"):
        read_bytes(tmp_path, "emma".encode("utf-16")[:6] + b"\x00\xdc\x00\x00", encoding="utf-16")
    with pytest.raises(ValueError, match=r"is not UTF-16: .* Is --encoding right\?"):
        read_bytes(tmp_path, b"emma\nava\n", encoding="utf-16")


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "base64", ""])
def test_unknown_encoding_is_one_sentence(tmp_path, encoding):
    with pytest.raises(ValueError, match="no text encoding"):
        read_bytes(tmp_path, b"emma", encoding=encoding)


def test_names_in_two_forms_are_one_item(tmp_path):
    corpus = read_bytes(tmp_path, "Zoe\u0308\nZo\u00eb\nemma".encode())
    assert list(corpus.items) == ["Zo\u00eb", "emma"]
    assert corpus.report.suspicious["was not NFC, now is"].lines == [1]
    assert corpus.report.duplicates == 1


def test_other_forms_by_choice(tmp_path):
    data = "ﬁne\nＥＭＭＡ\nZoe\u0308".encode()
    assert list(read_bytes(tmp_path, data, normalise="NFKC").items) == ["fine", "EMMA", "Zo\u00eb"]
    assert list(read_bytes(tmp_path, data, normalise="none").items) == ["ﬁne", "ＥＭＭＡ", "Zoe\u0308"]
    assert read_bytes(tmp_path, data, normalise="NFKC").vocab.normalise == "NFKC"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1), min_size=1))
@settings(max_examples=20, deadline=None)
def test_reading_its_own_items_changes_nothing(items):
    once = from_items(["o", *items], DataOptions(normalise="NFKC", lower=True))
    again = from_items(once.items, DataOptions(normalise="NFKC", lower=True))
    assert list(again.items) == list(once.items)
    assert all(unicodedata.is_normalized("NFKC", item) for item in once.items)


def test_lower_case_by_choice(tmp_path):
    assert list(read_bytes(tmp_path, "Emma\nÉTÉ\nemma".encode(), lower=True).items) == ["emma", "été"]


def test_a_dot_is_a_symbol_like_any_other(tmp_path):
    corpus = read_bytes(tmp_path, b".\na.b\n...")
    assert list(corpus.items) == [".", "a.b", "..."]
    assert corpus.vocab.symbols == (".", "a", "b")


def test_right_to_left_stays_in_logical_order_and_controls_are_flagged(tmp_path):
    corpus = read_bytes(tmp_path, "سلام\n\u202eabc\u202c\nשלום".encode())
    assert list(corpus.items) == ["سلام", "\u202eabc\u202c", "שלום"]
    assert corpus.report.suspicious["bidirectional control"].count == 2
    assert corpus.report.suspicious["bidirectional control"].lines == [2]


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"emma\nav\0a\n", b"\0", bytes(range(256)) * 50])
def test_nul_looks_binary(tmp_path, data):
    with pytest.raises(ValueError, match="looks binary"):
        read_bytes(tmp_path, data)


@pytest.mark.parametrize(("controls", "refused"), [(1, False), (2, True)])
def test_more_than_one_control_byte_in_a_hundred_looks_binary(tmp_path, controls, refused):
    data = b"abcdefghi\n" * 9 + b"abcdefghi" + b"\x01" * controls  # of 100 and 101 bytes
    if refused:
        with pytest.raises(ValueError, match="looks binary: 2 of its first 101 bytes"):
            read_bytes(tmp_path, data)
    else:
        assert read_bytes(tmp_path, data).report.suspicious["control character"].count == 1


def test_binary_without_a_line_end_looks_binary_rather_than_long(tmp_path):
    with pytest.raises(ValueError, match="looks binary"):
        read_bytes(tmp_path, b"\x01\x02\x03" * 100_000)


@pytest.mark.parametrize(
    ("data", "what"), [(b"", "is empty"), (b"\xef\xbb\xbf", "is empty"), (b"\n \n\r\n", "all its 3 lines are blank")]
)
def test_nothing_to_read_is_one_sentence(tmp_path, data, what):
    with pytest.raises(ValueError, match=what):
        read_bytes(tmp_path, data)


@pytest.mark.parametrize(
    ("option", "limit", "at", "past"),
    [
        ("max_items", 3, b"a\nb\nc", b"a\nb\nc\nd"),
        ("max_length", 3, "été\nab".encode(), "ab\nétée\n".encode()),
        ("max_symbols", 3, b"abc\ncba", b"abc\nd"),
        ("max_bytes", 6, b"abc\nde", b"abc\ndef"),
    ],
)
@pytest.mark.parametrize("size", [2, 1000])
def test_limits_hold_at_the_limit_and_not_one_past_it(tmp_path, option, limit, at, past, size):
    with small_pieces(size):
        assert len(read_bytes(tmp_path, at, **{option: limit})) >= 2
        with pytest.raises(ValueError, match=rf"--set data\.{option}="):
            read_bytes(tmp_path, past, **{option: limit})


@pytest.mark.parametrize("size", [4, 1000])
def test_the_item_that_is_too_long_is_named_by_its_line(tmp_path, size):
    with small_pieces(size), pytest.raises(ValueError, match="line 4: longer than 5 characters"):
        read_bytes(tmp_path, b"ab\n\n  \nabcdef\nab\n", max_length=5)


def test_ten_megabytes_on_one_line_are_refused_after_one_piece(tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"emma\n" + b"x" * 10_000_000)
    with path.open("rb") as stream:
        reader = Reader("long.txt", DataOptions(), Report("long.txt"))
        with pytest.raises(ValueError, match=r"line 2: longer than 10,000 .* --text"):
            list(reader.blocks(stream))
        assert stream.tell() <= 2 * PIECE


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"emma\nava\n")))
    corpus = read("-")
    assert list(corpus.items) == ["emma", "ava"]
    assert corpus.report.source == "standard input"


def test_items_at_hand_follow_the_same_rules():
    assert list(from_items([" emma", "", "Zoe\u0308", "emma"]).items) == ["emma", "Zo\u00eb"]
    with pytest.raises(ValueError, match="item 2 has a line end"):
        from_items(["a", "b\nc"])
    with pytest.raises(ValueError, match="item 1 has U\\+D800"):
        from_items(["\ud800"])


def test_suspicious_characters_are_counted_by_kind_with_their_lines(tmp_path):
    lines = [
        "plain text " * 20,
        "a\u200bb",
        "",
        "c\ufffdd\ufffd",
        "e\tf",
        "a\u200db",
        "👩\u200d👧",
        "क\u094d\u200dष",
        "x\u00a0y",
    ]
    corpus = read_bytes(tmp_path, "\n".join(lines).encode())
    found = {kind: (s.count, s.lines) for kind, s in corpus.report.suspicious.items()}
    assert found == {
        "zero-width character": (1, [2]),
        "replacement character": (2, [4]),
        "tab": (1, [5]),
        "joiner where nothing is joined": (1, [6]),
        "unusual space": (1, [9]),
    }


def test_line_numbers_of_suspicions_hold_across_pieces(tmp_path):
    text = "\n".join("ab" if i % 7 else "a\u200bb" for i in range(1, 60))
    with small_pieces(8):
        suspicion = read_bytes(tmp_path, text.encode(), duplicates="keep").report.suspicious["zero-width character"]
    assert suspicion.lines == [7, 14, 21, 28, 35]
    assert suspicion.count == 8
