"""Whatever happens while a run is written, the last good checkpoint loads, bit for bit.

In place of the real disk come one that fails once, one that is full, one whose process dies and one whose power is
cut, so that whatever was not synced may be lost or torn: each at the n-th operation, for every n. Then the real
things: SIGKILL, a full disk, a disk that cannot be written.
"""

import contextlib
import errno
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from moreish.runs.checkpoint import Checkpoint
from moreish.runs.files import Files
from moreish.runs.folder import RunError, Writer, claim_folder, create, open_run
from tests.support.disks import small_disk
from tests.support.power_cut import Machine

CONFIG = {"lr": 0.1}
VOCAB = ["a", "b"]
LOSSES = {1: 3.0, 2: 1.0, 3: 2.0}  # the best is neither first nor last


def weights(step: int) -> dict[str, np.ndarray]:
    return {"w": np.random.default_rng(step).standard_normal((8, 8)), "step": np.array(step)}


def assert_holds_its_step(checkpoint: Checkpoint) -> None:
    for got, want in (
        (checkpoint.model(), weights(checkpoint.step)),
        (checkpoint.optim(), weights(-checkpoint.step % 97)),
    ):
        assert got is not None
        assert {name: t.tobytes() for name, t in got.items()} == {name: t.tobytes() for name, t in want.items()}


def train(writer: Writer, step: int, written: list[int]) -> None:
    """One record and one checkpoint; `written` are the steps that have a record."""
    writer.append({"event": "step", "step": step})
    written.append(step)
    writer.save(step, weights(step), weights(-step % 97), {"written": list(written)}, LOSSES.get(step))


class Watched(Files):
    """The real disk with every operation announced first; not synced, since this process would see no difference."""

    count = 0

    def before(self, operation: str, path: Path, *rest) -> None:
        """Called first; what it raises, the operation raises."""


OPERATIONS = [
    name for name in vars(Files) if not name.startswith("_") and name not in ("remove_tree", "empty", "make_parents")
]


def watched(name: str):
    def operation(self: Watched, path: Path, *rest) -> None:
        self.count += 1
        self.before(name, path, *rest)
        if name != "sync":
            getattr(Files, name)(self, path, *rest)

    return operation


for name in OPERATIONS:
    setattr(Watched, name, watched(name))


class Story:
    """A run that is created, trained, resumed from its best step and trained on, whatever sentence it is told.

    `promised` is the step that must still be there, `best` the loss that must; `milestones` says since when.
    """

    def __init__(self, folder: Path, files: Watched) -> None:
        self.folder, self.files = folder, files
        self.created = False
        self.promised, self.best = 0, math.inf
        self.milestones = [(0, 0, math.inf)]

    def tell(self) -> None:
        with contextlib.suppress(RunError):
            create(self.folder, CONFIG, VOCAB, self.files)
            self.created = True
        with contextlib.suppress(RunError), open_run(self.folder, files=self.files).writing(keep=1) as writer:
            self.train(writer, range(1, 4), [])
        with contextlib.suppress(RunError), open_run(self.folder, files=self.files).writing(keep=1) as writer:
            restart = writer.run.checkpoint("best")
            self.promise(restart.step, self.best)  # what came later is given up from here on
            writer.rewind(restart)
            self.train(writer, range(restart.step + 1, 4), restart.state["written"])

    def train(self, writer: Writer, steps: range, written: list[int]) -> None:
        for step in steps:
            with contextlib.suppress(RunError):
                train(writer, step, written)
                self.promise(step, min(self.best, LOSSES[step]))

    def promise(self, step: int, best: float) -> None:
        self.promised, self.best = step, best
        self.milestones.append((self.files.count, step, best))


def assert_recovers(folder: Path, promised: int, best: float) -> None:
    """All that was promised is there, nothing half-written has a checkpoint's name, and training can go on."""
    run = open_run(folder, files=Watched())
    if promised:
        assert run.checkpoint("last").step >= promised
        assert (run.checkpoint("best").val_loss or math.inf) <= best
    with run.writing(keep=1) as writer:
        start = run.checkpoint("last") if run.steps() else None
        for checkpoint in (start, run.checkpoint("best")) if start else ():
            assert checkpoint is not None
            assert checkpoint.passed_over == ()
            assert_holds_its_step(checkpoint)
        writer.rewind(start)
        written = start.state["written"] if start else []
        assert [record["step"] for record in run.records()] == written
        train(writer, 4, written)
    assert_holds_its_step(run.checkpoint("last"))
    assert all(path.name.startswith("step-") for path in (folder / "checkpoints").iterdir())


@pytest.fixture
def memory(tmp_path) -> Iterator[Path]:
    """A folder in memory, where the system has one: thousands of small files need no disk to fail on."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


# Disks that fail


class Dead(BaseException):
    """The process is gone; nothing catches this."""


class Failing(Watched):
    """A disk whose n-th operation fails half done. Then all is well again, or it stays full, or nobody is left."""

    def __init__(self, n: float, then: str) -> None:
        self.n, self.then = n, then

    def before(self, operation: str, path: Path, *rest) -> None:
        if self.count < self.n or (self.count > self.n and self.then == "well"):
            return
        if self.then == "full" and operation in ("truncate", "rename", "remove", "rmdir"):
            return  # a full disk still does these
        if self.count == self.n and operation in ("write", "append"):
            getattr(Files, operation)(self, path, rest[0][: len(rest[0]) // 2])
        if self.then == "dead":
            raise Dead
        code = errno.EIO if self.then == "well" else errno.ENOSPC
        raise OSError(code, os.strerror(code), str(path))


def operations(folder: Path) -> int:
    files = Failing(math.inf, "well")
    Story(folder, files).tell()
    return files.count


@pytest.mark.slow
@pytest.mark.parametrize("then", ["well", "full", "dead"])
def test_after_a_failure_at_any_operation_the_last_good_checkpoint_loads(memory, then):
    total = operations(memory / "undisturbed")
    for n in range(1, total + 1):
        files = Failing(n, then)
        story = Story(memory / f"run-{n}", files)
        with contextlib.suppress(Dead):
            story.tell()
        assert files.count >= n
        if story.created:
            assert_recovers(story.folder, story.promised, story.best)
        else:
            assert story.promised == 0


class Interrupted(Watched):
    """Raises `error` at the first write of a state.json."""

    def __init__(self, error: BaseException) -> None:
        self.error: BaseException | None = error

    def before(self, operation: str, path: Path, *rest) -> None:
        if operation == "write" and path.name == "state.json" and self.error is not None:
            error, self.error = self.error, None
            raise error


def test_a_save_that_fails_gives_its_space_back_at_once(tmp_path):
    run = create(tmp_path / "run", CONFIG, VOCAB, Interrupted(OSError(errno.ENOSPC, "No space left on device")))
    with run.writing() as writer, pytest.raises(RunError, match="no space left"):
        train(writer, 1, [])
    assert list((run.folder / "checkpoints").iterdir()) == []


def test_after_an_interrupt_in_the_middle_of_a_save_the_same_writer_can_save(tmp_path):
    run = create(tmp_path / "run", CONFIG, VOCAB, Interrupted(KeyboardInterrupt()))
    with run.writing() as writer:
        with pytest.raises(KeyboardInterrupt):
            train(writer, 1, [])
        writer.save(1, weights(1), weights(-1 % 97))
    assert_holds_its_step(run.checkpoint(1))


# Windows


class Windows(Watched):
    """A system that opens no directories, and renames and removes none in which somebody has a file open."""

    def __init__(self, opened: str) -> None:
        self.opened: str | None = opened

    def before(self, operation: str, path: Path, *rest) -> None:
        inside = any(folder.name.startswith(self.opened or "?") for folder in (path, path.parent))
        if operation in ("rename", "remove", "rmdir") and inside:
            raise PermissionError(errno.EACCES, "Access is denied", str(path))


def test_a_checkpoint_that_somebody_reads_on_windows_is_pruned_when_he_is_done(tmp_path):
    files = Windows(opened="step-000000001")
    run = create(tmp_path / "run", CONFIG, VOCAB, files)
    with run.writing(keep=1) as writer:
        for step in (1, 2, 3):
            writer.save(step, weights(step), val_loss=-float(step))
        assert run.steps() == [1, 3]
        files.opened = None
        writer.save(4, weights(4), val_loss=-4.0)
        assert run.steps() == [4]


def test_what_windows_cannot_remove_yet_keeps_nobody_from_writing_and_is_swept_later(tmp_path):
    files = Windows(opened=".doomed-")
    run = create(tmp_path / "run", CONFIG, VOCAB, files)
    with run.writing(keep=1) as writer:
        for step in (1, 2):
            writer.save(step, weights(step), val_loss=-float(step))
    with run.writing(keep=1) as writer:
        writer.save(3, weights(3), val_loss=-3.0)
    assert run.steps() == [3]
    left = list((run.folder / "checkpoints").glob(".doomed-*"))
    assert len(left) == 2
    files.opened = None
    with run.writing():
        assert not any(path.exists() for path in left)


@pytest.mark.parametrize(("times", "comes"), [(3, True), (99, False)])
def test_a_rename_waits_for_a_scanner_on_windows_and_for_nobody_elsewhere(tmp_path, monkeypatch, times, comes):
    monkeypatch.setattr("moreish.runs.files.RENAME_PAUSES", (0, 0, 0))
    (tmp_path / "old").mkdir()
    calls = []

    def busy(old: Path, new: Path) -> None:
        calls.append(old)
        if len(calls) <= times:
            error = PermissionError(errno.EACCES, "Access is denied", str(old))
            error.winerror = 5  # pyright: ignore
            raise error
        rename(old, new)

    rename = os.rename
    monkeypatch.setattr(os, "rename", busy)
    with contextlib.nullcontext() if comes else pytest.raises(PermissionError):
        Files().rename(tmp_path / "old", tmp_path / "new")
    assert (tmp_path / "new").exists() is comes
    assert len(calls) == 4


def test_without_a_windows_error_a_rename_that_is_refused_is_not_tried_again(tmp_path, monkeypatch):
    calls = []

    def refused(old: Path, new: Path) -> None:
        calls.append(old)
        raise PermissionError(errno.EACCES, "Permission denied", str(old))

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(PermissionError):
        Files().rename(tmp_path / "old", tmp_path / "new")
    assert len(calls) == 1


def test_where_directories_cannot_be_opened_or_synced_the_rename_is_all_there_is(tmp_path, monkeypatch):
    synced = []

    def no_directories(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def no_sync(descriptor: int) -> None:
        synced.append(descriptor)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", no_sync)
    Files().sync(tmp_path)
    assert len(synced) == 1
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="Invalid argument"):
        Files().sync(tmp_path / "file")
    monkeypatch.setattr(os, "open", no_directories)
    Files().sync(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError):
        Files().sync(tmp_path)


# A power cut


class Recording(Watched):
    """Every operation written down, to be played to a `Machine`."""

    def __init__(self) -> None:
        self.log: list[tuple] = []

    def before(self, operation: str, path: Path, *rest) -> None:
        self.log.append((operation, path, *rest))


@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_after_any_operation_loses_nothing_that_was_promised(memory, seed):
    (memory / "disk").mkdir()
    files = Recording()
    story = Story(memory / "disk" / "run", files)
    story.tell()
    assert story.promised == 3
    assert {operation for operation, *_ in files.log} == set(OPERATIONS)
    created = files.log.index(("sync", memory / "disk")) + 1
    machine, rng = Machine(memory / "disk"), random.Random(seed)
    for n, operation in enumerate(files.log, 1):
        machine.play(*operation)
        machine.cut_power(memory / f"left-{n}", rng)
        if n >= created:
            _, promised, best = [milestone for milestone in story.milestones if milestone[0] <= n][-1]
            assert_recovers(memory / f"left-{n}" / "run", promised, best)


# The real things

ROOT = Path(__file__).parents[2]
TRAIN = """
import sys
from tests.runs.test_crash import open_run, train
with open_run(sys.argv[1]).writing(keep=2) as writer:
    start = writer.run.checkpoint("last") if writer.run.steps() else None
    writer.rewind(start)
    step, written = (start.step, start.state["written"]) if start else (0, [])
    while True:
        print(step, flush=True)  # a promise: this step was saved
        step += 1
        train(writer, step, written)
"""


@pytest.mark.slow
def test_killed_at_random_moments_it_always_resumes_from_a_whole_checkpoint(tmp_path):
    run = create(tmp_path / "run", CONFIG, VOCAB)
    rng = random.Random(42)
    promised = 0
    for _ in range(12):
        command = [sys.executable, "-c", TRAIN, str(run.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as trainer:
            assert trainer.stdout is not None
            for _ in range(rng.randrange(1, 5)):
                promised = int(trainer.stdout.readline())
            time.sleep(rng.uniform(0, 0.02))
            trainer.kill()
        assert trainer.returncode != 0
        if promised:
            last = run.checkpoint("last")
            assert last.step >= promised
            assert last.passed_over == ()
            assert_holds_its_step(last)
            assert (
                [r["step"] for r in run.records()][: last.step]
                == last.state["written"]
                == list(range(1, last.step + 1))
            )
    assert promised > 6


def test_a_really_full_disk_is_told_in_a_sentence_and_costs_nothing(tmp_path):
    with small_disk(tmp_path / "disk", "size=1m") as disk:
        run = create(disk / "run", CONFIG, VOCAB)
        (disk / "ballast").write_bytes(bytes(800 * 1024))
        with run.writing(keep=100) as writer:
            written, step = [], 0
            with pytest.raises(RunError, match="cannot be written: no space left on device; free some space"):  # noqa: PT012
                for step in range(1, 1000):
                    train(writer, step, written)
            assert step > 5
            last = run.checkpoint("last")
            assert last.step == step - 1
            assert_holds_its_step(last)
        with pytest.raises(RunError, match="no space left on device"), run.writing(keep=100) as writer:  # noqa: PT012
            writer.rewind(last)
            for more in range(step, 1000):
                train(writer, more, list(range(1, more)))
        with run.writing(keep=1) as writer:  # an emptier disk
            writer.rewind(run.checkpoint(2))
            train(writer, 3, [1, 2])
        assert_recovers(run.folder, 3, math.inf)


@contextlib.contextmanager
def unwritable(folder: Path) -> Iterator[Path]:
    """A folder with a run in it that nobody may write; root may write anywhere but on a read-only disk."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions are of another kind here")
    if os.geteuid() == 0:
        with small_disk(folder, "size=1m") as disk:
            with create(disk / "run", CONFIG, VOCAB).writing() as writer:
                train(writer, 1, [])
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            yield disk
        return
    folder.mkdir()
    with create(folder / "run", CONFIG, VOCAB).writing() as writer:
        train(writer, 1, [])
    inside = [folder, *folder.rglob("*")]
    for path in inside:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        yield folder
    finally:
        for path in inside:
            path.chmod(path.stat().st_mode | 0o200)


def test_where_nothing_can_be_written_reading_works_and_writing_is_refused_in_a_sentence(tmp_path):
    with unwritable(tmp_path / "disk") as disk:
        run = open_run("run", disk)
        assert_holds_its_step(run.checkpoint())
        assert len(list(run.records())) == 1
        assert run.summary()["running"] is False
        sentence = (
            "cannot be written: (read-only file system; choose a folder|permission denied; change its permissions)"
        )
        with pytest.raises(RunError, match=sentence), open_run("run", disk).writing():
            pytest.fail("it was written")
        with pytest.raises(RunError, match=sentence):
            create(disk / "new", CONFIG, VOCAB)
        with pytest.raises(RunError, match=sentence):
            claim_folder(disk, "new")
