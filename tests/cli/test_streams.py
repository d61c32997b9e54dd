"""What is printed arrives whole and alike, whatever the system thinks of itself."""

import io
import os
import subprocess
import sys

import pytest

from moreish.cli.streams import settle_streams

BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # the encoding of the streams is ASCII then
HINDI = "हिन्दी ▉\n"


class Stream(io.TextIOWrapper):
    """A stream as Windows makes it."""

    def __init__(self, terminal: bool, errors: str = "strict") -> None:
        super().__init__(io.BytesIO(), encoding="cp1252", errors=errors, newline="\r\n")
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def written(self) -> bytes:
        self.flush()
        return self.buffer.getvalue()  # pyright: ignore


@pytest.fixture
def streams(monkeypatch):
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)

    def settled(terminal: bool) -> tuple[Stream, Stream]:
        streams = Stream(terminal), Stream(terminal, "backslashreplace")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            settle_streams()
        for stream in streams:
            stream.write(HINDI)
        return streams

    return settled


def test_a_file_gets_utf8_and_plain_line_ends(streams):
    assert [stream.written() for stream in streams(False)] == [HINDI.encode()] * 2


def test_a_name_that_is_no_text_passes_through_as_it_is(streams):
    stream, _ = streams(False)
    stream.write("\udce9")
    assert stream.written() == HINDI.encode() + b"\xe9"


def test_a_terminal_that_cannot_show_a_symbol_shows_a_question_mark(streams):
    out, err = streams(True)
    assert out.written() == b"?????? ?\r\n"
    assert err.written() == HINDI.encode("cp1252", "backslashreplace").replace(b"\n", b"\r\n")


def test_an_encoding_that_was_asked_for_is_kept(streams, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    assert streams(False)[0].written() == b"?????? ?\r\n"


def test_a_stream_that_is_none_of_pythons_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)  # a program without a console on Windows
    settle_streams()
    assert sys.stderr is not None
    sys.stderr.close()  # what was opened instead


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["more", "hindi", "-n", "5", "--seed", "1"], ["inspect", "hindi"]])
def test_a_command_writes_the_same_where_nothing_but_ascii_is_known(arguments):
    found = [
        subprocess.run([sys.executable, "-m", "moreish", *arguments], env=env, capture_output=True, check=True).stdout
        for env in (os.environ | {"PYTHONUTF8": "1"}, os.environ | BARE)
    ]
    assert found[0] == found[1]
    assert not found[0].isascii()
