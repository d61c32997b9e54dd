"""The lock: one holder, whoever asks disturbs nobody, and a death frees it."""

import errno
import os
import subprocess
import sys
import threading
import time

import filelock
import pytest

from moreish.runs.files import Files
from moreish.runs.folder import RunError, create, open_run
from moreish.runs.lock import Lock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


def test_it_is_held_from_take_to_free(path):
    lock, other = Lock(path), Lock(path)
    assert not other.held(), "there is no file yet"
    for _ in range(2):
        lock.take(Files())
        assert lock.taken
        assert other.held()
        with pytest.raises(RunError, match="is being written by another process"):
            other.take(Files())
        assert not other.taken
        lock.free()
        assert not other.held()
        assert not lock.taken
    other.take(Files())
    other.free()


def test_asking_makes_no_file_and_changes_none(path):
    assert not Lock(path).held()
    assert not path.exists()
    path.write_bytes(b"")
    os.utime(path, (1, 1))
    assert not Lock(path).held()
    assert (path.read_bytes(), path.stat().st_mtime) == (b"", 1)


def test_many_who_ask_at_once_neither_mislead_each_other_nor_keep_a_writer_out(path):
    path.write_bytes(b"")
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            answers.append(Lock(path).held())
            time.sleep(0.001)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        while len(answers) < 200:
            time.sleep(0.01)
        assert not any(answers)
        for _ in range(20):
            lock = Lock(path)
            lock.take(Files())
            assert Lock(path).held()
            lock.free()
    finally:
        over.set()
        for asker in askers:
            asker.join()


def test_who_asks_at_the_same_moment_is_not_taken_for_a_writer(path, monkeypatch):
    path.write_bytes(b"")
    tries, really = [], filelock.lock_descriptor

    def just_now_asked_by_another(descriptor, blocking):
        tries.append(descriptor)
        return len(tries) > 2 and really(descriptor, blocking=blocking)

    monkeypatch.setattr(filelock, "lock_descriptor", just_now_asked_by_another)
    assert not Lock(path).held()
    tries.clear()
    lock = Lock(path)
    lock.take(Files())
    lock.free()


def test_a_lock_that_may_only_be_read_can_still_be_asked_about(path, monkeypatch):
    lock = Lock(path)
    lock.take(Files())
    refused = []

    def only_for_reading(file, mode):
        if mode != "rb":
            refused.append(file)
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return open(file, mode)

    monkeypatch.setattr("moreish.runs.lock.open", only_for_reading, raising=False)
    assert Lock(path).held()
    lock.free()
    assert not Lock(path).held()
    assert refused == [path, path]


def test_a_disk_without_locks_is_named_before_anything_is_written(tmp_path, monkeypatch):
    def no_locks(descriptor, blocking):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    run = create(tmp_path / "run", {}, [])
    monkeypatch.setattr(filelock, "lock_descriptor", no_locks)
    with (
        pytest.raises(RunError, match="this disk has no locks: choose a folder on a disk of this computer"),
        run.writing(),
    ):
        pytest.fail("written without a lock")
    assert not run.running
    assert run.summary()["running"] is False


HOLD_AND_LEAVE_A_CHILD = """
import os, subprocess, sys
from moreish.runs.folder import open_run
with open_run(sys.argv[1]).writing():
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def test_the_death_of_the_holder_frees_it_whatever_children_it_leaves(tmp_path):
    run = create(tmp_path / "run", {}, [])
    command = [sys.executable, "-c", HOLD_AND_LEAVE_A_CHILD, str(run.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip().isdigit()
        assert open_run(run.folder).running
        holder.kill()
        holder.wait()
        assert not run.running
    with run.writing() as writer:
        writer.append({"event": "step"})
