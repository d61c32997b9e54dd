"""Commands for a run: written for whoever trains it, and refused where nobody would read them."""

import contextlib
import shutil

import pytest

from moreish.runs import commands
from moreish.runs.files import Files
from moreish.runs.folder import LOCK, create
from moreish.runs.lock import Lock


@contextlib.contextmanager
def trained_by_somebody(folder):
    """A run that another process writes, as far as its lock says."""
    run = create(folder, {}, {"symbols": ["a"]})
    lock = Lock(folder / LOCK)
    lock.take(Files())
    try:
        yield run
    finally:
        lock.free()
        shutil.rmtree(folder)


def test_a_command_is_written_where_the_training_reads_it(page, root):
    with trained_by_somebody(root / "now"):
        inbox = commands.Inbox(root / "now", commands.written(root / "now"))
        heal = {"command": "heal", "remedy": "clip", "arguments": {"norm": 1}}
        assert page.post("/api/runs/now/commands", heal).json() == {"written": True}
        assert page.post("/api/runs/now/commands", {"command": "lr"}).status_code == 422
        assert inbox.read() == [commands.Heal("clip", {"norm": 1})]


@pytest.mark.parametrize("command", [{"command": "pause"}, {"command": "break", "fault": "F04"}, {"command": "stop"}])
def test_a_command_for_a_run_that_has_ended_is_not_called_written(page, root, command):
    before = commands.written(root / "one")
    answer = page.post("/api/runs/one/commands", command)
    assert answer.status_code == 422
    assert "one has ended" in answer.json()["error"]
    assert commands.written(root / "one") == before
    create(root / "left", {}, {"symbols": ["a"]})
    error = page.post("/api/runs/left/commands", command).json()["error"]
    shutil.rmtree(root / "left")
    assert "nobody trains left now" in error
