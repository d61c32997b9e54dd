"""Closed streams, no home, no user of that name, another locale: a command does its work or says why not."""

import os
import subprocess
import sys

import pytest

from moreish.data import sources
from moreish.errors import describe
from tests.support.systems import needs_signals

ENV = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_DATA_HOME", "MOREISH_DATA")}
PYTHON = f'"{sys.executable}" -m moreish'


def sh(command: str, cwd, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command.replace("moreish", PYTHON, 1), shell=True, cwd=cwd, env=ENV | env, capture_output=True, text=True,
        encoding="utf-8", check=False,
    )  # fmt: skip


@needs_signals
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_fault(tmp_path, closed):
    done = sh(f"moreish lists {closed}", tmp_path)
    assert (done.returncode, done.stderr.count("fault")) == (0, 0)


@needs_signals
def test_a_reader_that_has_seen_enough_and_a_full_disk_are_no_fault(tmp_path):
    assert sh("moreish more names -n 3000 --repeats --unseen 2>/dev/null | head -1", tmp_path).stderr == ""
    done = sh("moreish lists > /dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (2, "moreish: no space left on device\n")


@needs_signals
def test_a_locale_that_knows_ascii_only_keeps_every_symbol(tmp_path):
    words = "moreish more hindi -n 3 --seed 1"
    there = sh(words, tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (there.returncode, there.stdout) == (0, sh(words, tmp_path, LC_ALL="C.UTF-8").stdout)


def test_where_there_is_no_home_lists_are_found_all_the_same(monkeypatch):
    def none(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.expanduser", none)
    for name in ("HOME", "XDG_DATA_HOME", "MOREISH_DATA"):
        monkeypatch.delenv(name, raising=False)
    assert sources.find("names").is_file()


def test_a_home_of_nobody_is_a_name_like_any_other():
    with pytest.raises(ValueError, match="there is no file ~nobody-of-this-name/x"):
        sources.find("~nobody-of-this-name/x")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "not enough memory"),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), "not enough memory"),
        (RuntimeError("can't start new thread"), "no more threads"),
        (OSError(24, "Too many open files"), "too many open files"),
        (ValueError("x" * 10**6), "xxx..."),
    ],
)
def test_what_this_machine_lacks_is_told_in_a_sentence(error, said):
    code, sentence = describe(error)
    assert code == 2
    assert said in sentence
    assert len(sentence) < 2100
