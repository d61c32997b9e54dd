"""Closed streams, no home, another locale, names that no file can have, a stop before there is anything to keep."""

import os
import re
import subprocess
import sys

import pytest

import moreish
from moreish.cli.app import run as command
from moreish.data import sources
from moreish.errors import BAD_INPUT, describe
from moreish.runs.folder import open_run
from tests.support.lists import made_items
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


@pytest.mark.slow
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


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "~\ud800/x", "a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have_is_a_sentence(name):
    with pytest.raises((ValueError, OSError)) as raised:
        moreish.read(name)
    assert re.search("there is no file|cannot be read|name too long|no NUL|null byte", describe(raised.value)[1])


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "# " + "x" * 2**20, "x = 1\n[" * 100_000])
def test_a_file_of_options_without_an_end_is_refused_by_its_name(tmp_path, capsys, text):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    assert command(["train", "names", "--config", str(path), "--out", str(tmp_path / "run")]) == BAD_INPUT
    assert f"{path} is not TOML" in capsys.readouterr().err


def test_what_is_stopped_twice_before_its_first_checkpoint_stays_and_is_gone_on_with(tmp_path):
    def stop(event: object) -> None:
        raise KeyboardInterrupt

    options = {"model": {"n_hidden": 4}, "train": {"steps": 6, "eval_every": 3}}
    with pytest.raises(moreish.api.Interrupted, match=r"go on with: moreish\.resume"):
        moreish.train(made_items(60), model="mlp", options=options, out=tmp_path / "run", watch=stop)
    assert open_run(tmp_path / "run").steps() == []
    assert moreish.api.resume(tmp_path / "run").run.finished
