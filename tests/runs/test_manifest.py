"""What is broken is refused by name and passed over; what is hostile is not believed, even with every hash right."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.errors import TooNew
from moreish.runs.checkpoint import dump_tensors
from moreish.runs.files import Files
from moreish.runs.folder import Damaged, Run, RunError, create, open_run
from moreish.runs.manifest import _manifest_bytes, write_sealed
from tests.support.runs import assert_same, folder_of, saved, weights
from tests.support.systems import link, needs_pipes

FILES = ["model.safetensors", "optim.safetensors", "state.json", "manifest.json"]


@pytest.fixture
def run(tmp_path) -> Run:
    return create(tmp_path / "run", {"lr": 0.1}, ["a", "b"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Run:
    return saved(tmp_path_factory.mktemp("runs") / "run", 1, 2)


def corrupt(path: Path, change) -> None:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


# What is broken is refused by name, and passed over


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_refused_by_name_and_passed_over(trained, data):
    path = folder_of(trained, 2) / data.draw(st.sampled_from(FILES))
    whole = path.read_bytes()
    content = bytearray(whole)
    content[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        with pytest.raises(Damaged, match=f"step-000000002/{path.name}"):
            trained.checkpoint(2)
        for which in ("last", "best"):
            older = trained.checkpoint(which)
            assert older.step == 1
            assert [sentence.split()[0] for sentence in older.passed_over] == [str(path)]
            assert_same(older.model(), weights(1))
    finally:
        path.write_bytes(whole)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_cut_short_or_grown_is_refused_by_name(trained, data):
    path = folder_of(trained, 2) / data.draw(st.sampled_from(FILES))
    whole = path.read_bytes()
    path.write_bytes(data.draw(st.integers(0, len(whole) - 1).map(lambda n: whole[:n]) | st.just(whole + b"\n")))
    try:
        with pytest.raises(Damaged, match=f"step-000000002/{path.name}"):
            trained.checkpoint(2)
        assert trained.checkpoint("last").step == 1
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_and_passed_over(tmp_path, name):
    run = saved(tmp_path / "run", 1, 2)
    (folder_of(run, 2) / name).unlink()
    checkpoint = run.checkpoint("last")
    assert checkpoint.step == 1
    assert checkpoint.passed_over == (f"{folder_of(run, 2) / name} is missing",)


def test_a_file_that_the_manifest_does_not_list_is_named_unless_it_is_hidden(tmp_path):
    run = saved(tmp_path / "run", 1)
    (folder_of(run, 1) / ".DS_Store").write_bytes(b"the desktop's own")
    assert run.checkpoint().step == 1
    (folder_of(run, 1) / "extra.json").write_text("{}")
    with pytest.raises(Damaged, match=r"extra\.json does not belong in a checkpoint"):
        run.checkpoint()


@needs_pipes
@pytest.mark.parametrize("name", FILES)
def test_a_link_or_pipe_in_place_of_a_file_is_refused(tmp_path, name):
    run = saved(tmp_path / "run", 1)
    path = folder_of(run, 1) / name
    path.rename(tmp_path / "outside")
    link(path, tmp_path / "outside")
    with pytest.raises(Damaged, match=f"{name} is a link"):
        run.checkpoint()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Damaged, match=f"{name} is no plain file"):
        run.checkpoint()


def test_when_all_are_broken_the_newest_is_named(tmp_path):
    run = saved(tmp_path / "run", 1, 2)
    for step in (1, 2):
        os.truncate(folder_of(run, step) / "model.safetensors", 5)
    with pytest.raises(Damaged, match=r"no checkpoint that is whole: .*step-000000002/model\.safetensors is damaged"):
        run.checkpoint("last")


def test_a_broken_best_gives_way_to_the_next_best(tmp_path):
    run = create(tmp_path / "run", {}, [])
    with run.writing(keep=9) as writer:
        for step, loss in enumerate([3.0, 1.0, 2.0, 4.0]):
            writer.save(step, weights(step), val_loss=loss)
    corrupt(folder_of(run, 1) / "model.safetensors", lambda data: data.reverse())
    best = run.checkpoint("best")
    assert (best.step, len(best.passed_over)) == (2, 1)


def test_a_broken_checkpoint_is_replaced_when_its_step_is_saved_again(tmp_path):
    run = saved(tmp_path / "run", 1, 2)
    corrupt(folder_of(run, 2) / "state.json", lambda data: data.append(0))
    with run.writing() as writer:
        writer.save(2, weights(2))
    assert run.checkpoint("last").passed_over == ()
    assert_same(run.checkpoint(2).model(), weights(2))


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    run, other = saved(tmp_path / "run", 1), create(tmp_path / "other", {"lr": 0.2}, ["a", "b"])
    shutil.copytree(folder_of(run, 1), folder_of(other, 1))
    with pytest.raises(Damaged, match=r"state\.json is damaged: its config_sha256 is that of another run"):
        other.checkpoint()


# Nothing hostile is believed, even where every hash is right


def forged(run: Run, **files: bytes) -> Path:
    """The first checkpoint with these files (underscores for dots) in place of its own, every hash made right."""
    folder = folder_of(run, 1)
    contents = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}
    contents |= {name.replace("_", "."): data for name, data in files.items()}
    shutil.rmtree(folder)
    folder.mkdir()
    write_sealed(Files(), folder, contents)
    return folder


def changed_state(run: Run, **changes) -> bytes:
    state = json.loads((folder_of(run, 1) / "state.json").read_text("utf-8"))
    return json.dumps({**state, **changes}).encode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"step": 2}, "its step is not 1"),
        ({"step": True}, "Expected `int`, got `bool` in step"),
        ({"step": "1"}, "Expected `int`, got `str` in step"),
        ({"step": None}, "Expected `int`, got `null` in step"),
        ({"val_loss": "low"}, r"Expected `float .*in val_loss"),
        ({"val_loss": [1.0]}, r"Expected `float .*in val_loss"),
        ({"metrics_offset": -1}, "Expected `int` >= 0 in metrics_offset"),
        ({"metrics_offset": 10**400}, "Expected `int`.* in metrics_offset"),
        ({"metrics_offset": 1.5}, "Expected `int`, got `float` in metrics_offset"),
        ({"metrics_sha256": "../../etc/passwd"}, "Expected `str` matching.* in metrics_sha256"),
        ({"metrics_sha256": 7}, "Expected `str`, got `int` in metrics_sha256"),
        ({"config_sha256": None}, "Expected `str`, got `null` in config_sha256"),
        ({"vocab_sha256": "0" * 64}, "its vocab_sha256 is that of another run"),
        ({"trainer": [1]}, "Expected `object`, got `array` in trainer"),
    ],
)
def test_a_state_of_wrong_types_is_refused_by_name(tmp_path, changes, sentence):
    run = saved(tmp_path / "run", 1)
    forged(run, state_json=changed_state(run, **changes))
    with pytest.raises(Damaged, match=rf"state\.json is damaged: {sentence}"):
        run.checkpoint()


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"step": ' + b"9" * 5000 + b"}", b'{"val_loss": NaN}'],
    ids=["empty", "null", "list", "half", "not UTF-8", "deep", "huge number", "NaN"],
)
def test_a_state_that_is_no_object_is_refused_by_name(tmp_path, data):
    run = saved(tmp_path / "run", 1)
    forged(run, state_json=data)
    with pytest.raises(Damaged, match=r"state\.json is damaged"):
        run.checkpoint()


@pytest.mark.parametrize("data", [b"", b"\x80\x04K\x01.", b"\xff" * 64, dump_tensors({"a": np.ones(3)})[:-1]])
def test_tensors_that_are_not_safetensors_are_refused_by_name(tmp_path, data):
    run = saved(tmp_path / "run", 1)
    forged(run, model_safetensors=data)
    with pytest.raises(Damaged, match=r"model\.safetensors is damaged: it is not a safetensors file"):
        run.checkpoint()


@pytest.mark.parametrize("name", ["../../config.json", "/etc/passwd", "extra.json", "manifest.json", ""])
def test_a_manifest_that_lists_anything_else_is_refused(tmp_path, name):
    run = saved(tmp_path / "run", 1)
    folder = folder_of(run, 1)
    manifest_of(folder, lambda body: body["files"].update({name: {"size": 1, "sha256": "0" * 64}}))
    with pytest.raises(Damaged, match=r"manifest\.json is damaged: it does not list the files that belong here"):
        run.checkpoint()


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"size": True, "sha256": "0" * 64},
        {"size": 10**400, "sha256": "0" * 64},
        {"size": 1, "sha256": "x"},
    ],
)
def test_a_manifest_with_a_hostile_entry_is_refused(tmp_path, entry):
    run = saved(tmp_path / "run", 1)
    manifest_of(folder_of(run, 1), lambda body: body["files"].update({"state.json": entry}))
    with pytest.raises(Damaged, match=r"manifest\.json is damaged: .*in files\[\.\.\.\]"):
        run.checkpoint()


def manifest_of(folder: Path, change) -> None:
    """Rewrite the manifest with `change` made to it and its own hash right again."""
    body = json.loads((folder / "manifest.json").read_text())
    del body["sha256"]
    change(body)
    (folder / "manifest.json").write_bytes(_manifest_bytes(body))


def test_a_checkpoint_of_a_later_format_is_refused_and_never_passed_over(tmp_path):
    run = saved(tmp_path / "run", 1, 2)
    manifest_of(folder_of(run, 2), lambda body: body.update(format=2))
    for which in ("last", "best", 2):
        with pytest.raises(TooNew, match=r"step-000000002/manifest\.json has format 2, written by a later moreish"):
            run.checkpoint(which)


# The run's own files


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "manifest.json"])
def test_a_missing_file_is_named(run, name):
    (run.folder / name).unlink()
    with pytest.raises(RunError, match=name):
        open_run(run.folder)


@needs_pipes
def test_a_pipe_in_place_of_a_file_is_refused_at_once(run):
    (run.folder / "config.json").unlink()
    os.mkfifo(run.folder / "config.json")
    with pytest.raises(Damaged, match=r"config\.json is no plain file"):
        open_run(run.folder)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_flipped_bit_in_the_runs_own_files_is_refused_by_name(tmp_path_factory, data):
    run = create(tmp_path_factory.mktemp("run"), {"lr": 0.1}, ["ä", "語"])
    path = run.folder / data.draw(st.sampled_from(["config.json", "vocab.json", "manifest.json"]))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(Damaged, match=path.name):
        open_run(run.folder)


def resealed(folder: Path, config: bytes) -> Path:
    folder.mkdir()
    (folder / "metrics.jsonl").touch()
    write_sealed(Files(), folder, {"config.json": config, "vocab.json": b'{"format": 1, "vocab": []}'})
    return folder


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (b"[]", "not an object"),
        (b"{}", "does not say which format"),
        (b'{"format": true, "options": {}}', "does not say which format"),
        (b'{"format": 0, "options": {}}', "does not say which format"),
        (b'{"format": 1}', 'has no "options"'),
        (b'{"format": 1, "options": NaN}', "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_hostile_config_whose_hashes_are_right_is_refused_by_name(tmp_path, config, sentence):
    with pytest.raises(Damaged, match=rf"config\.json.*{sentence}"):
        open_run(resealed(tmp_path / "run", config))


def test_a_huge_file_is_not_even_read(tmp_path):
    folder = resealed(tmp_path / "run", b'{"format": 1, "options": {}}')
    os.truncate(folder / "manifest.json", 2**40)
    with pytest.raises(Damaged, match=r"manifest\.json is damaged: it has 1099511627776 bytes"):
        open_run(folder)


def test_a_later_format_is_refused_as_later_not_as_damaged(tmp_path):
    folder = resealed(tmp_path / "run", b'{"format": 2, "options": {}}')
    with pytest.raises(TooNew, match=r"config\.json has format 2, written by a later moreish.*upgrade"):
        open_run(folder)
