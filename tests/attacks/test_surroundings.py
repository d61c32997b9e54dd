"""What surrounds a command is short or strange: no home, no stdout, no memory, no files, another locale, a full disk."""

import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.cli.app import run as command
from moreish.data.sources import data_folder
from moreish.data.symbols import normal
from moreish.errors import BAD_INPUT, Unmet, describe
from moreish.fitting import machine
from moreish.runs.files import Files
from moreish.runs.folder import RunError, create, open_run
from tests.support.disks import small_disk
from tests.support.lists import made_items

ENV = os.environ | {"OMP_NUM_THREADS": "1"}
needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits are set in another way here")


def shell(words: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    program = words.replace("moreish ", f"{sys.executable} -m moreish ")
    env = {key: value for key, value in (ENV | environment).items() if value}
    return subprocess.run(["bash", "-c", program], cwd=folder, env=env, capture_output=True, check=False, timeout=120)


def test_without_a_home_bundled_lists_are_found_and_there_is_a_sentence_for_fetched_ones(monkeypatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    for name in ("MOREISH_DATA", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert len(moreish.read("names")) > 10_000
    with pytest.raises(ValueError, match="there is no home folder here .* MOREISH_DATA"):
        data_folder()


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "~\ud800/x", "a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have_is_a_sentence(name):
    with pytest.raises(ValueError, match=r"there is no file|no NUL|cannot be read|name too long"):
        moreish.read(name)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("train.threads=1000000", "train.threads is 1e+06, but must be at least 0 and at most 1024"),
        ("train.time_budget=1e308", "train.time_budget is 1e+308, but must be at least 0 and at most 1e+09"),
        ("train.steps=1000000000000", "train.steps is 1e+12"),
        ("train.processes=100000", "train.processes is 100000"),
        ("model.train=[1]", "model.train is a section with options of its own, not a value"),
        ("model.name=[1]", "model.name is a name"),
        ("train.lr=" + "[" * 5000, "train.lr is a number"),
        ("x" * 9000 + "=1", "there is no"),
    ],
)
def test_an_option_beyond_all_bounds_is_a_sentence_of_bounded_length(setting, sentence, capsys, tmp_path):
    code = command(["train", "names", "--model", "mlp", "--out", str(tmp_path / "run"), "--set", setting])
    said = capsys.readouterr().err
    assert (code, sentence in said, len(said) < 1100) == (BAD_INPUT, True, True), said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "not enough memory"),
        (RuntimeError("can't start new thread"), "starts no more threads or processes"),
        (OSError(24, "Too many open files", "x"), "x: too many open files"),
        (BlockingIOError(11, "Resource temporarily unavailable"), "resource temporarily unavailable"),
    ],
)
def test_what_the_system_refuses_is_a_sentence(error, words):
    code, sentence = describe(error)
    assert words in sentence
    assert code == BAD_INPUT


@needs_limits
def test_little_memory_few_files_a_closed_stdout_and_another_locale_are_a_sentence_each(tmp_path):
    closed = shell("moreish more names -n 3 --seed 1 >&-", tmp_path)
    assert closed.returncode == 0
    assert closed.stderr == b"moreish: standard output is closed, so what comes is shown nowhere\n"
    for limit in ("ulimit -v 400000", "ulimit -n 8"):
        said = shell(f"{limit}; moreish train names --model mlp --set train.steps=3 -q --out r", tmp_path)
        assert b"Traceback" not in said.stderr or b"moreish/cli" not in said.stderr  # Python itself may not start
        assert said.returncode in (0, 1, 2, 127), said.stderr
    hindi = shell("moreish more hindi -n 2 --seed 1", tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert hindi.returncode == 0
    assert re.search("[\u0900-\u097f]", hindi.stdout.decode())


@given(st.text(st.sampled_from("aé\u1ea5\u0301\u0323\u0f73\u0344\u3099\uac00\u11a8\u0345\u05b0"), max_size=300))
def test_a_long_run_of_marks_has_the_form_that_unicode_gives_it(text):
    for form in ("NFC", "NFKC"):
        assert normal(text, form, lower=False) == unicodedata.normalize(form, text)


def test_a_megabyte_of_marks_out_of_order_takes_no_longer_than_one_in_order():
    took = []
    for marks in ("\u0323" * 250_000 + "\u0301" * 250_000, "\u0301\u0323" * 250_000):
        began = time.process_time()
        normal("a" + marks, "NFC", lower=True)
        took.append(time.process_time() - began)
    assert took[1] < 20 * took[0] + 5  # the square would be an hour


class Full(Files):
    """No space is left for this name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, path: Path, data: bytes) -> None:
        if path.name == self.name:
            raise OSError(28, "No space left on device", str(path))
        super().write(path, data)


@pytest.mark.parametrize("name", ["metrics.jsonl", "vocab.json", "manifest.json"])
@pytest.mark.parametrize("claimed", [True, False])
def test_a_folder_that_the_user_made_stays_when_a_run_cannot_be_made_in_it(tmp_path, name, claimed):
    (tmp_path / "mine").mkdir()
    with pytest.raises(RunError, match="no space left"):
        create(tmp_path / "mine", {}, [], Full(name), claimed=claimed)
    assert (tmp_path / "mine").exists() is not claimed
    if not claimed:
        assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_that_the_user_made_stays_empty_when_training_fails_in_it(tmp_path, made):
    folder = tmp_path / "mine"
    if made:
        folder.mkdir()
    options = {
        "model": {"n_hidden": 4},
        "train": {"optimizer": "sgd", "lr": 1e38, "clip": 0, "warmup": 0, "steps": 20},
    }
    options["train"]["eval_every"] = 20
    with pytest.raises(FloatingPointError):
        moreish.train(made_items(60), model="gru", options=options, out=folder)
    assert folder.exists() is made
    if made:
        assert list(folder.iterdir()) == []


def test_on_a_disk_that_is_really_full_the_users_folder_stays(tmp_path):
    with small_disk(tmp_path / "disk", "size=200k") as disk:
        (disk / "mine").mkdir()
        with pytest.raises(RunError, match="no space left"):
            moreish.train("names", model="mlp", options={"train": {"steps": 5}}, out=disk / "mine")
        assert (disk / "mine").is_dir()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Unmet("a worker died")])
def test_what_is_interrupted_before_its_first_checkpoint_stays_and_is_gone_on_with(tmp_path, error):
    def stop(event: object) -> None:
        raise error

    options = {"model": {"n_hidden": 4}, "train": {"steps": 6, "eval_every": 3}}
    with pytest.raises((moreish.api.Interrupted, Unmet)):
        moreish.train(made_items(60), model="mlp", options=options, out=tmp_path / "run", watch=stop)
    assert open_run(tmp_path / "run").steps() == []
    assert moreish.api.resume(tmp_path / "run").run.finished


@pytest.mark.parametrize("trait", [*machine.TRAITS, "threads"])
def test_on_another_machine_a_run_goes_on_only_inexactly(tmp_path, monkeypatch, trait):
    def stop(event: object) -> None:
        if isinstance(event, moreish.runs.events.Eval):
            signal.raise_signal(signal.SIGTERM)

    options = {"model": {"n_hidden": 4}, "train": {"steps": 6, "eval_every": 3, "backward": "fused"}}
    with pytest.raises(moreish.api.Interrupted), monkeypatch.context() as there:
        if trait == "threads":
            there.setattr("moreish.training.steps.MULTIPLICATIONS_WORTH_THREADS", 1)
            there.setattr("torch.get_num_threads", lambda: 3)
        else:
            there.setitem(machine.TRAITS, trait, (machine.TRAITS[trait][0], lambda: "another"))
        moreish.train(made_items(60), model="mlp", options=options, out=tmp_path / "run", watch=stop)
    with pytest.raises(RunError, match=r"cannot go on bit for bit; say --inexact"):
        moreish.api.resume(tmp_path / "run")
    assert moreish.api.resume(tmp_path / "run", inexact=True).run.finished


def test_another_level_of_the_processors_instructions_is_another_machine(tmp_path):
    program = "import torch; from moreish.fitting.machine import this_machine; print(dict(this_machine()))"
    said = [
        subprocess.run(
            [sys.executable, "-c", program], env=ENV | more, capture_output=True, text=True, check=True
        ).stdout
        for more in ({}, {}, {"ATEN_CPU_CAPABILITY": "default"})
    ]
    assert said[0] == said[1]
    if "'DEFAULT'" in said[0]:
        pytest.skip("this processor has one level only")
    here, there = (dict(eval(each)) for each in said[1:])
    assert here["capability"] != there["capability"]
    assert here["arithmetic"] != there["arithmetic"]
