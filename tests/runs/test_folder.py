"""The run folder: named, found, written by one, resumed; and what may not be in it."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.api import train
from moreish.runs.files import Files
from moreish.runs.folder import Damaged, Run, RunError, claim_folder, create, find_run, list_runs, open_run
from moreish.runs.manifest import FORMAT
from tests.support.systems import link

CONFIG = {"model": {"kind": "mlp", "n_hidden": 200}, "lr": 0.1, "source": "naïve \ud800.txt"}
VOCAB = {"unit": "char", "symbols": ["a", "ß", "\u2028", "語"]}


@pytest.fixture
def run(tmp_path) -> Run:
    return create(tmp_path / "runs" / "names-quick-1", CONFIG, VOCAB)


def weights(step: int) -> dict[str, np.ndarray]:
    return {"w": np.full((2, 3), step, np.float32)}


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def in_another_process(code: str, *args: object) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, text=True)


# Making and naming


def test_what_was_created_is_what_is_opened(run):
    again = open_run(run.folder)
    assert (again.name, again.config, again.vocab) == ("names-quick-1", CONFIG, VOCAB)
    assert list(again.records()) == []
    assert not again.finished


def test_config_json_is_plain_json_with_its_format(run):
    assert json.loads((run.folder / "config.json").read_text("utf-8")) == {"format": FORMAT, "options": CONFIG}


def test_the_list_is_kept_as_arrays_where_it_is_given(run, tmp_path):
    corpus = {"train.ids": np.arange(9, dtype=np.uint8), "train.offsets": np.array([0, 4, 8])}
    kept = open_run(create(tmp_path / "with", {}, [], corpus=corpus).folder)
    assert {name: (t.dtype, t.tolist()) for name, t in kept.corpus().items()} == {
        name: (t.dtype, t.tolist()) for name, t in corpus.items()
    }
    with pytest.raises(RunError, match="saved without its list"):
        run.corpus()
    path = kept.folder / "corpus.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(Damaged, match=r"corpus\.safetensors is damaged"):
        kept.corpus()


def test_create_makes_missing_parents_and_takes_an_empty_folder(tmp_path):
    assert create(tmp_path / "a" / "b" / "c", {}, []).folder.is_dir()
    (tmp_path / "empty").mkdir()
    assert create(tmp_path / "empty", {}, []).config == {}


def test_create_overwrites_nothing(run, tmp_path):
    before = snapshot(run.folder)
    with pytest.raises(RunError, match="is a run already"):
        create(run.folder, {}, [])
    assert snapshot(run.folder) == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years")
    with pytest.raises(RunError, match="not empty"):
        create(tmp_path / "full", {}, [])
    assert (tmp_path / "full" / "thesis.txt").read_text() == "years"


def test_a_create_that_fails_leaves_nothing_behind(tmp_path):
    class Full(Files):
        def write(self, path, data):
            if path.name == "vocab.json":
                raise OSError(28, "No space left on device", str(path))
            super().write(path, data)

    with pytest.raises(RunError, match=r"vocab\.json cannot be written: no space left on device; free some space"):
        create(tmp_path / "run", CONFIG, VOCAB, Full())
    assert list(tmp_path.iterdir()) == []


def test_claimed_names_are_numbered_and_never_shared(tmp_path):
    claimed = []
    threads = [
        threading.Thread(
            target=lambda: claimed.extend(claim_folder(tmp_path / "runs", "names-quick") for _ in range(5))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {folder.name for folder in claimed} == {f"names-quick-{n}" for n in range(1, 21)}


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_stem_becomes_one_readable_component(tmp_path_factory, stem):
    root = tmp_path_factory.mktemp("runs")
    folder = claim_folder(root, stem)
    assert folder.parent == root
    assert folder.is_dir()
    assert all(c.isalnum() or c == "-" for c in folder.name)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("../../etc", "etc-1"),
        ("Ångström Bay.txt", "ångström-bay-txt-1"),
        ("…", "run-1"),
        ("C:\\lists\\aux", "c-lists-aux-1"),  # neither colon nor a name that Windows keeps for itself
        ("CON", "con-1"),
        ("nul.", "nul-1"),
    ],
)
def test_claimed_names_read_well(tmp_path, stem, name):
    assert claim_folder(tmp_path, stem).name == name


# Finding


def test_a_short_name_is_looked_up_in_the_root(run):
    assert open_run("names-quick-1", run.folder.parent).folder == run.folder
    assert find_run("names-quick-1", run.folder.parent) == run.folder
    assert find_run(run.folder) == run.folder
    assert find_run("names-quick-9", run.folder.parent) is None


def test_an_unknown_name_is_answered_with_the_nearest(run):
    with pytest.raises(RunError, match=r'no run "nmes-quick-1" in .*; did you mean "names-quick-1"\? `moreish runs`'):
        open_run("nmes-quick-1", run.folder.parent)
    with pytest.raises(RunError, match=r'no run "zzz" in .*; `moreish runs` lists them'):
        open_run("zzz", run.folder.parent)


def test_without_any_run_the_answer_says_how_to_make_one(tmp_path):
    with pytest.raises(RunError, match=r"none at all in .*`moreish train FILE` makes one"):
        open_run("names", tmp_path / "runs")


def test_a_folder_or_file_that_is_no_run_is_named(tmp_path):
    (tmp_path / "names.txt").write_text("emma\n")
    for path in (tmp_path, tmp_path / "names.txt"):
        with pytest.raises(RunError, match="is not a run folder"):
            open_run(path)


def test_runs_are_listed_in_the_order_of_their_numbers_without_links(tmp_path):
    for name in ("b-2", "b-10", "a-1", "b-1"):
        create(tmp_path / name, {}, [])
    (tmp_path / "b-3").mkdir()
    link(tmp_path / "b-4", tmp_path / "b-1")
    assert list_runs(tmp_path) == ["a-1", "b-1", "b-2", "b-10"]
    assert list_runs(tmp_path / "nowhere") == []


def test_run_and_its_reading_load_no_torch():
    code = "import sys, moreish.runs.folder; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_reading_changes_no_byte(run):
    with run.writing() as writer:
        writer.append({"event": "step", "step": 1})
        writer.save(1, weights(1), val_loss=2.0)
    before = snapshot(run.folder)
    again = open_run(run.folder)
    assert again.checkpoint().model().keys() == {"w"}
    assert list(again.records())
    assert again.summary()["finished"] is again.running is False
    assert snapshot(run.folder) == before


# What it says of itself


def test_a_run_is_finished_when_its_last_record_says_so(run):
    with run.writing() as writer:
        for record, finished in (
            ({"event": "step"}, False),
            ({"event": "done"}, True),
            ({"event": "resumed"}, False),
        ):
            writer.append(record)
            assert run.finished is finished
        writer.append({"event": "done", "items": ["long" * 50_000]})
        assert run.finished


def test_summary_is_a_row_of_the_table(run):
    empty = {
        "run": "names-quick-1",
        "step": None,
        "val_loss": None,
        "best_step": None,
        "finished": False,
        "running": False,
    }
    assert run.summary() == empty
    with run.writing() as writer:
        for step, loss in ((10, 2.5), (20, 2.25), (30, 2.75)):
            writer.save(step, weights(step), val_loss=loss)
        assert run.summary() == {**empty, "step": 30, "val_loss": 2.25, "best_step": 20, "running": True}
        writer.append({"event": "done", "step": 35})
    assert run.summary() == {**empty, "step": 35, "val_loss": 2.25, "best_step": 20, "finished": True}


# One writer

HOLD = """
import sys, time
from moreish.runs.folder import open_run
with open_run(sys.argv[1]).writing() as writer:
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_never_write_one_run_and_a_killed_one_frees_it(run):
    holder = in_another_process(HOLD, run.folder)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert run.running
        with pytest.raises(RunError, match="is being written by another process"), run.writing():
            pytest.fail("two writers")
    finally:
        holder.kill()
        holder.communicate()
    assert not run.running
    with run.writing() as writer:
        writer.append({"step": 1})


def test_two_writers_in_one_process_exclude_each_other(run):
    with run.writing(), pytest.raises(RunError, match="is being written"), run.writing():
        pytest.fail("two writers")
    with run.writing():
        pass


def test_a_writer_removes_what_a_killed_one_left_half_done(run):
    left = [run.folder / "checkpoints" / name for name in (".saving-step-000000001", ".doomed-step-000000000")]
    for path in left:
        path.mkdir()
        (path / "model.safetensors").write_bytes(b"half")
    assert run.steps() == []
    with run.writing():
        assert not any(path.exists() for path in left)


# Resuming


def trained(run: Run, steps=(1, 2, 3), keep: int = 9) -> None:
    with run.writing(keep) as writer:
        for step in steps:
            writer.append({"step": step})
            writer.save(step, weights(step), val_loss=float(step))


def test_rewinding_removes_what_came_after(run):
    trained(run)
    with run.writing() as writer:
        writer.append({"step": 4})
        writer.rewind(run.checkpoint(2))
        assert list(run.records()) == [{"step": 1}, {"step": 2}]
        assert run.steps() == [1, 2]
        writer.append({"step": 3, "again": True})
        writer.save(3, weights(33))
    assert list(run.records()) == [{"step": 1}, {"step": 2}, {"step": 3, "again": True}]
    assert np.array_equal(run.checkpoint("last").model()["w"], weights(33)["w"])
    with run.writing() as writer:  # the hash of the records went on correctly from the cut
        writer.rewind(run.checkpoint("last"))


def test_rewinding_to_nothing_starts_anew(run):
    trained(run)
    with run.writing() as writer:
        writer.rewind(None)
    assert (run.steps(), list(run.records())) == ([], [])


@pytest.mark.parametrize("place", [0, 5, 23])
def test_resuming_after_changed_records_is_refused_and_removes_nothing(run, place):
    trained(run)
    path = run.folder / "metrics.jsonl"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with run.writing() as writer, pytest.raises(Damaged, match=r"metrics\.jsonl is damaged before byte 24"):
        writer.rewind(run.checkpoint(2))
    assert run.steps() == [1, 2, 3]
    assert path.read_bytes() == data


def test_resuming_with_records_missing_is_refused(run):
    trained(run)
    os.truncate(run.folder / "metrics.jsonl", 12)
    with run.writing() as writer, pytest.raises(Damaged, match="so step 2 cannot be resumed"):
        writer.rewind(run.checkpoint(2))


def test_what_is_taken_out_of_the_records_is_kept_aside_and_a_refusal_takes_nothing_out(run):
    trained(run)
    path, aside = run.folder / "metrics.jsonl", run.folder / "dropped.jsonl"
    with run.writing() as writer:
        writer.append({"step": 4})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"ste')
    with run.writing() as writer:
        said = writer.rewind(run.checkpoint(2))
    assert said.startswith("2 records and 1 damaged line after step 2 are kept in dropped.jsonl")
    assert path.read_bytes() + aside.read_bytes().partition(b"\n")[2] == whole + b'{"ste\n'
    with open(path, "ab") as file:
        file.write(b"half")
    kept = path.read_bytes(), aside.read_bytes()
    with run.writing():
        pass
    assert (path.read_bytes(), aside.read_bytes()) == kept
    with run.writing() as writer:
        writer.append({"step": 3})
    assert list(run.records()) == [{"step": 1}, {"step": 2}, {"step": 3}]
    assert aside.read_bytes().endswith(b'{"dropped": {"from": 24, "bytes": 4}}\nhalf\n')
    os.truncate(path, 15)
    with run.writing() as writer, pytest.raises(Damaged, match="so step 2 cannot be resumed"):
        writer.rewind(run.checkpoint(2))
    assert path.stat().st_size == 15


@pytest.mark.parametrize("damage", [b"[1]\n", b"\0\0\0\n", b"{]\n", b"1\n"])
def test_a_run_whose_last_record_is_damaged_goes_on(run, damage):
    trained(run)
    path, aside = run.folder / "metrics.jsonl", run.folder / "dropped.jsonl"
    with open(path, "ab") as file:
        file.write(damage)
    assert not run.finished
    assert run.summary()["step"] == 3
    with pytest.raises(Damaged, match="the line at byte"):
        list(run.records())
    with run.writing() as writer:
        assert "1 damaged line" in writer.rewind(run.checkpoint("last"))
    assert aside.read_bytes().endswith(b"\n" + damage)
    assert list(run.records()) == [{"step": 1}, {"step": 2}, {"step": 3}]


@pytest.mark.parametrize("half", [b"", b'{"ste'])
def test_what_was_kept_aside_by_a_process_that_died_is_kept_once(run, half):
    trained(run)
    path, aside = run.folder / "metrics.jsonl", run.folder / "dropped.jsonl"
    with open(path, "ab") as file:
        file.write(b'{"step": 4}\n' + half)
    before = path.read_bytes()
    for _ in range(3):
        path.write_bytes(before)
        with run.writing() as writer:
            writer.rewind(run.checkpoint("last"))
    assert aside.read_bytes().count(b"dropped") == aside.read_bytes().count(b'{"step": 4}\n') == 1


def test_what_is_kept_aside_begins_on_a_line_of_its_own(run):
    trained(run)
    aside = run.folder / "dropped.jsonl"
    aside.write_bytes(b'{"event": "st')
    with run.writing() as writer:
        writer.append({"step": 4})
    with run.writing() as writer:
        writer.rewind(run.checkpoint("last"))
    first, head, record = aside.read_bytes().splitlines()
    assert first == b'{"event": "st'
    assert b"dropped" in head
    assert record == b'{"step": 4}'


def test_rewinding_past_a_broken_checkpoint_keeps_it_aside(run):
    trained(run)
    broken = run.folder / "checkpoints" / "step-000000003"
    (broken / "state.json").write_text("{}")
    with run.writing() as writer:
        writer.rewind(run.checkpoint("last"))
        writer.append({"step": 3})
        writer.save(3, weights(3), val_loss=3.0)
    assert run.checkpoint("last").passed_over == ()
    assert run.checkpoint("last").step == 3
    aside = [path for path in broken.parent.iterdir() if path.name.startswith("broken-")]
    assert [(path / "state.json").read_text() for path in aside] == ["{}"]


# What is refused


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".bin", ".ckpt", ".PT"])
@pytest.mark.parametrize("place", ["", "checkpoints", "checkpoints/step-000000003"])
def test_a_pickle_is_refused_with_the_way_to_convert_it(run, tmp_path, suffix, place):
    trained(run)
    given_as_a_run = tmp_path / f"model{suffix}"
    given_as_a_run.write_bytes(b"\x80\x04.")
    shutil.copy(given_as_a_run, run.folder / place)
    for path in (given_as_a_run, run.folder):
        with pytest.raises(RunError, match=rf"model\{suffix} is a pickle.*safetensors\.torch\.save_file"):
            open_run(path)


@pytest.mark.parametrize(
    "name", ["config.json", "metrics.jsonl", "checkpoints", "checkpoints/step-000000003", "notes"]
)
def test_a_link_in_a_run_folder_is_refused(run, tmp_path, name):
    trained(run)
    path = run.folder / name
    if path.exists():
        path.rename(tmp_path / "outside")
    else:
        (tmp_path / "outside").write_text("secret")
    link(path, tmp_path / "outside")
    with pytest.raises(Damaged, match=f"{name} is a link"):
        open_run(run.folder)


# What somebody made is not ours to remove


class FullDisk(Files):
    """No file of this name can be written."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, path: Path, data: bytes) -> None:
        if path.name == self.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        super().write(path, data)


@pytest.mark.parametrize("name", ["metrics.jsonl", "config.json", "manifest.json"])
@pytest.mark.parametrize("found", [True, False])
def test_a_folder_that_somebody_made_stays_when_a_run_cannot_be_created_in_it(tmp_path, name, found):
    if found:
        (tmp_path / "mine").mkdir()
    with pytest.raises(RunError, match="no space left"):
        create(tmp_path / "mine", {}, [], FullDisk(name))
    assert (tmp_path / "mine").exists() is found
    assert not found or not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize("found", [True, False])
def test_a_folder_that_somebody_made_stays_when_a_training_fails_before_its_first_checkpoint(tmp_path, found):
    if found:
        (tmp_path / "mine").mkdir()

    def fail(event: object) -> None:
        raise RunError("no space left on device")

    with pytest.raises(RunError, match="no space left"):
        train(["ab", "ba", "abba"] * 9, model="ngram", out=tmp_path / "mine", watch=fail)
    assert (tmp_path / "mine").exists() is found
    assert not found or not list((tmp_path / "mine").iterdir())
