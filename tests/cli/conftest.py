"""A folder with a list and two runs, and a way to run commands in it."""

import os
from pathlib import Path

import pytest

from moreish.cli import run
from tests.support.lists import made_items


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder with a list, an n-gram run and a small GRU run."""
    made = tmp_path_factory.mktemp("work")
    (made / "list.txt").write_text("\n".join(made_items(200)) + "\n")
    here = Path.cwd()
    os.chdir(made)
    try:
        assert run(["train", "list.txt", "--model", "ngram", "-q"]) == 0
        small = ["--set", "model.n_hidden=8", "--steps", "30", "--set", "train.eval_every=10"]
        assert run(["train", "list.txt", "--model", "gru", *small, "-q"]) == 0
    finally:
        os.chdir(here)
    return made


@pytest.fixture
def moreish(folder, monkeypatch, capfd):
    """Run a command in the folder; give its exit code, its output and what it said beside it."""
    monkeypatch.chdir(folder)

    def call(*arguments):
        code = run([str(a) for a in arguments])
        said = capfd.readouterr()
        return code, said.out, said.err

    return call
