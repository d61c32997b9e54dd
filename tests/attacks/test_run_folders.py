"""A run folder from a stranger is data: every command answers with a result or a sentence, and shows nothing raw."""

import os
import shutil
from pathlib import Path

import pytest

import moreish
from moreish.cli.app import run as command
from moreish.runs import events
from tests.attacks.folders import ATTACKS, ESCAPES
from tests.support.lists import made_items

COMMANDS = (
    ["runs"], ["runs", "--json"], ["compare"], ["compare", "odd", "--json"], ["more", "odd", "-n", "2", "--csv"],
    ["evaluate", "odd"], ["doctor", "odd"], ["train", "--resume", "runs/odd", "-q"],
)  # fmt: skip


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory) -> Path:
    """A run in the middle of its training."""
    folder = tmp_path_factory.mktemp("runs") / "odd"
    evaluations = 0

    def stop(event: events.Event) -> None:
        nonlocal evaluations
        evaluations += isinstance(event, events.Eval)
        if evaluations == 2:
            raise KeyboardInterrupt

    train = {"steps": 12, "eval_every": 3, "batch_size": 16, "ema": 0.5}
    with pytest.raises(KeyboardInterrupt):
        moreish.train(
            made_items(60), model="mlp", options={"model": {"n_hidden": 4}, "train": train}, out=folder, watch=stop
        )
    return folder


def assert_harmless(code: int, said: str) -> None:
    assert code in (0, 1, 2)
    assert "a fault in moreish" not in said
    assert "Traceback" not in said
    raw = {c for c in said if not c.isprintable() and c not in "\n"}
    assert not raw, raw


def flattened(folder: Path) -> None:
    """Remove folders in folders, of which there are more than shutil can."""
    while (folder / "deeper").exists():
        (folder / "deeper").rename(folder.parent / "next")
        folder.rmdir()
        (folder.parent / "next").rename(folder)


@pytest.mark.parametrize("name", ATTACKS)
def test_every_command_survives_the_run_folder_and_shows_the_other_runs(
    interrupted, tmp_path, monkeypatch, capsys, name
):
    if "pipe" in name and not hasattr(os, "mkfifo"):
        pytest.skip("there are no named pipes here")
    for run in ("odd", "sound"):
        shutil.copytree(interrupted, tmp_path / "runs" / run)
    ATTACKS[name](tmp_path / "runs" / "odd")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    for words in COMMANDS:
        code = command(words)
        out, err = capsys.readouterr()
        assert_harmless(code, out + err)
        if words[0] == "runs":
            assert "sound" in out, err
    if name == "folders in folders":
        flattened(tmp_path / "runs" / "odd" / "deeper")


def test_a_name_that_moves_the_cursor_is_shown_and_does_not(interrupted, tmp_path, monkeypatch, capsys):
    name = ESCAPES.replace("/", "")
    shutil.copytree(interrupted, tmp_path / "runs" / name)
    monkeypatch.chdir(tmp_path)
    for words in (["runs"], ["compare"], ["more", name, "-n", "2"], ["doctor", name], ["train", "--resume", name]):
        code = command(words)
        out, err = capsys.readouterr()
        if words[0] != "train":
            assert_harmless(code, out + err)
        assert "\\x1b" in out + err or words[0] in ("more", "doctor", "train")
