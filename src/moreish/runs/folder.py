"""The run folder: everything that training leaves behind, and all that anything else needs of it.

    runs/names-quick-1/
      config.json       {"format": 1, "options": every option, resolved}; written once
      vocab.json        {"format": 1, "vocab": plain JSON}; written once
      corpus.safetensors  the list itself, as numbers; written once, or left out
      manifest.json     sizes and hashes of these; a folder without it is no run
      metrics.jsonl     append-only records, see records.py; what was cut off them is in dropped.jsonl
      checkpoints/      see checkpoint.py
      lock              held by the one process that writes

`Run` reads and never changes a byte, also while another process trains; `Writer` appends and saves. Nothing here
knows what a record, an option or a tensor means.
"""

import contextlib
import difflib
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from moreish.errors import Damaged, Interrupted, RunError
from moreish.runs import manifest
from moreish.runs.aside import goes_aside
from moreish.runs.checkpoint import Checkpoint, Checkpoints, Tensors, Which, dump_tensors, load_tensors
from moreish.runs.events import Event, from_record
from moreish.runs.files import Files, decode, encode, is_link, os_errors, regular_size
from moreish.runs.lock import Lock
from moreish.runs.manifest import FORMAT
from moreish.runs.pickles import refuse_pickle, refuse_pickle_by_name
from moreish.runs.records import Appender, Records
from moreish.runs.schema import Described, checked

__all__ = ["Damaged", "Run", "RunError", "Writer", "claim_folder", "create", "find_run", "list_runs", "open_run"]

CONFIG, VOCAB, METRICS, CHECKPOINTS, LOCK = "config.json", "vocab.json", "metrics.jsonl", "checkpoints", "lock"
CORPUS = "corpus.safetensors"
LONGEST_STEM = 200  # characters that are looked at to name a run


class Run:
    """One run folder, for reading. Raises RunError where it is not one, Damaged or TooNew as in `manifest`."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.folder = folder
        self.name = folder.resolve().name
        self._files = files or Files()
        refuse_pickle(folder)
        refuse_strangers(folder)
        if not (folder / manifest.MANIFEST).exists():
            raise RunError(f"{folder} is not a run folder, or not a whole one: it has no {manifest.MANIFEST}")
        entries = manifest.read_manifest(folder, required=(CONFIG, VOCAB), allowed=(CORPUS,))
        self.config: dict[str, Any] = self._part(CONFIG, "options", entries)
        self.vocab: Any = self._part(VOCAB, "vocab", entries)
        belongs_to = {"config_sha256": entries[CONFIG].sha256, "vocab_sha256": entries[VOCAB].sha256}
        self._checkpoints = Checkpoints(folder / CHECKPOINTS, belongs_to, self._files)
        self._records = Records(folder / METRICS)
        self._corpus = entries.get(CORPUS)

    @property
    def described(self) -> Described:
        """What `config.json` says, checked. Raises Damaged for a config that no training of moreish wrote."""
        return checked(self.config, Described, f"{self.folder / CONFIG}")

    def corpus(self) -> dict[str, np.ndarray]:
        """The arrays of the list that the run was made from, verified. Raises RunError where none was kept."""
        if self._corpus is None:
            raise RunError(f"{self.folder} was saved without its list, so there is nothing to compare with")
        manifest.verify(self.folder, CORPUS, self._corpus)
        return load_tensors(self.folder / CORPUS)

    def checkpoint(self, which: Which = "best") -> Checkpoint:
        """The checkpoint with the lowest val loss, the newest one ("last"), or that of one step, verified.

        What was broken and passed over is in its `passed_over`, a sentence each: show them.
        """
        return self._checkpoints.choose(which)

    def steps(self) -> list[int]:
        """The steps there are checkpoints of, ascending."""
        return self._checkpoints.steps()

    def records(self, event: str | None = None) -> Iterator[dict[str, Any]]:
        """The records in order, or those of one `event`. An interrupted half line at the end is left out."""
        return (record for _, record in self.follow() if event is None or record.get("event") == event)

    def follow(self, start: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each record from byte `start` on, with the byte after it: where whoever follows a live run goes on."""
        return self._records.follow(start)

    def events(self) -> Iterator[Event]:
        """What the records say, in order. Raises Damaged where one says it in a way that no event has."""
        for end, record in self.follow():
            try:
                event = from_record(record)
            except Damaged as error:
                raise Damaged(f"{self._records.path}, the line that ends at byte {end}: {error}") from None
            if event is not None:
                yield event

    def metrics_offset(self) -> int:
        """Bytes up to the end of the last whole record."""
        return self._records.end()

    def goes_aside(self) -> str:
        """What is taken out of the records when the run goes on from its newest checkpoint, in a sentence."""
        outlines = self._checkpoints.outlines()
        return goes_aside(self._records.path, outlines[-1] if outlines else None)

    def lost_records(self) -> str:
        """What is wrong with the records up to the newest checkpoint, in a sentence; nothing where they are whole."""
        outlines = self._checkpoints.outlines()
        if not outlines or self._records.starts_with(outlines[-1].metrics):
            return ""
        had, has = outlines[-1].metrics.offset, regular_size(self._records.path)
        what = "is empty" if not has else f"was cut off at byte {has:,} of {had:,}" if has < had else "was changed"
        return f"{METRICS} {what}: what the run told until step {outlines[-1].step:,} is lost, or not to be trusted"

    @property
    def finished(self) -> bool:
        """Whether the last record says that training came to its end."""
        return self._records.last().get("event") == "done"

    @property
    def running(self) -> bool:
        """Whether a process is writing this run now."""
        return Lock(self.folder / LOCK).held()

    def summary(self) -> dict[str, Any]:
        """One row of a table of runs: name, last step, best val loss and its step, finished, running."""
        outlines = self._checkpoints.outlines()
        losses = [(o.val_loss, o.step) for o in outlines if o.val_loss is not None]
        val_loss, best_step = min(losses, default=(None, None))
        last = self._records.last().get("step")
        return {
            "run": self.name,
            "step": last if isinstance(last, int) else outlines[-1].step if outlines else None,
            "val_loss": val_loss,
            "best_step": best_step,
            "finished": self.finished,
            "running": self.running,
        }

    def writing(self, keep: int = 2) -> "Writer":
        """The one writer of this run, to be used with `with`; every save keeps the last `keep` and the best."""
        return Writer(self, keep)

    def _part(self, name: str, key: str, entries: Mapping[str, manifest.Entry]) -> Any:
        path = self.folder / name
        value = decode(manifest.read_verified(self.folder, name, entries[name]), str(path))
        if not isinstance(value, dict):
            raise Damaged(f"{path} is damaged: it is not an object")
        manifest.check_format(value.get("format"), path)
        if key not in value:
            raise Damaged(f'{path} is damaged: it has no "{key}"')
        return value[key]


class Writer:
    """The one process that writes a run. The kernel holds its lock from `with` to the end, and frees it upon a death.

    Entering also removes what an interrupted save left; half a line at the end of `metrics.jsonl` goes aside when the
    first record or mark comes.
    """

    def __init__(self, run: Run, keep: int = 2) -> None:
        self.run = run
        self._keep = keep
        self._lock = Lock(run.folder / LOCK)

    def __enter__(self) -> "Writer":
        self._lock.take(self.run._files)
        try:
            with os_errors(self.run.folder, "written"):
                self.run._checkpoints.sweep()
            self._appender = Appender(self.run._records, self.run._files)
        except BaseException:
            self._lock.free()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.free()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record, whole or not at all. Values are plain JSON; a NaN or infinity becomes null."""
        assert self._lock.taken, "use the writer inside `with`"
        self._appender.append(record)

    def save(
        self,
        step: int,
        model: Tensors,
        optim: Tensors | None = None,
        state: Mapping[str, Any] | None = None,
        val_loss: float | None = None,
    ) -> None:
        """Save a checkpoint durably, then prune. `state` is plain JSON, finite, and comes back exactly.

        Raises RunError where the disk refuses; every earlier checkpoint then still loads. A step that is already
        saved and whole is left as it is: what a step holds is a function of the step.
        """
        assert self._lock.taken, "use the writer inside `with`"
        mark = self._appender.mark()  # the records first, so that no checkpoint points beyond them
        self.run._checkpoints.save(step, model, optim, dict(state or {}), val_loss, mark, self._keep)

    def rewind(self, checkpoint: Checkpoint | None) -> str:
        """Go back to a checkpoint, or to nothing: later checkpoints are removed, so curves never fork.

        Later records are taken out and kept in `dropped.jsonl`; gives a sentence where they told anything. Raises
        Damaged, with nothing changed, where those up to the checkpoint are not what it was saved with.
        """
        assert self._lock.taken, "use the writer inside `with`"
        if checkpoint and not self.run._records.starts_with(checkpoint.metrics):
            raise Damaged(
                f"{self.run._records.path} is damaged before byte {checkpoint.metrics.offset}, so step "
                f"{checkpoint.step} cannot be resumed: bring the file back from a copy, or train a new run"
            )
        said = goes_aside(self.run._records.path, checkpoint)
        self.run._checkpoints.drop_after(checkpoint.step if checkpoint else -1)
        self._appender.cut(checkpoint.metrics.offset if checkpoint else 0)
        return said


def create(
    folder: Path, config: Mapping[str, Any], vocab: Any, files: Files | None = None, corpus: Tensors | None = None
) -> Run:
    """A new run in `folder`, which is new or empty. `config` and `vocab` are plain JSON, `corpus` arrays by name.

    What it cannot write whole it removes again, but a folder that was there before stays, empty as it was.
    """
    files = files or Files()
    contents = {
        CONFIG: encode({"format": FORMAT, "options": config}),
        VOCAB: encode({"format": FORMAT, "vocab": vocab}),
    }
    if corpus is not None:
        contents[CORPUS] = dump_tensors(corpus)
    with os_errors(folder, "written"):
        files.make_parents(folder)
        refuse_taken(folder)
        found = folder.is_dir()
        if not found:
            files.mkdir(folder)
        files.mkdir(folder / CHECKPOINTS)  # fails for the slower of two; from here on all in it is ours
        try:
            files.write(folder / METRICS, b"")
            manifest.write_sealed(files, folder, contents)
            files.sync(folder.parent)
        except OSError:
            with contextlib.suppress(OSError):
                files.empty(folder)
                if not found:
                    files.rmdir(folder)
            raise
    return Run(folder, files)


def refuse_taken(folder: Path) -> None:
    """Raises RunError where `folder` is no place for a new run: worth asking before anything long is done."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RunError(f"{folder} is a file: choose another folder")
    if _looks_like_a_run(folder):
        raise RunError(f"{folder} is a run already: choose another folder, or resume it")
    if any(folder.iterdir()):
        raise RunError(f"{folder} is not empty: choose another folder")


def claim_folder(root: Path | str, stem: str, files: Files | None = None) -> Path:
    """A new empty folder `root/stem-N` with the lowest free N; two processes never get the same."""
    files = files or Files()
    stem = readable(stem)
    with os_errors(Path(root), "written"):
        files.make_parents(Path(root) / stem)
        number = 1
        while True:
            folder = Path(root) / f"{stem}-{number}"
            try:
                files.mkdir(folder)
            except FileExistsError:
                number += 1
            else:
                return folder


def open_run(run: Path | str, root: Path | str = "runs", files: Files | None = None) -> Run:
    """The run in this folder, or of this short name in `root`. Raises RunError with the nearest name there is."""
    refuse_pickle(Path(run))
    found = find_run(run, root)
    if found is not None:
        return Run(found, files)
    if Path(run).exists():
        raise RunError(f"{run} is not a run folder: it has no {CONFIG} and no {manifest.MANIFEST}")
    names = list_runs(root)
    if not names:
        raise RunError(f'there is no run "{run}", and none at all in {root}: `moreish train FILE` makes one')
    near = difflib.get_close_matches(str(run), names, n=1)
    guess = f'did you mean "{near[0]}"? ' if near else ""
    raise RunError(f'there is no run "{run}" in {root}; {guess}`moreish runs` lists them')


def find_run(run: Path | str, root: Path | str = "runs") -> Path | None:
    """The folder that `run` names: first as a short name in `root`, then as a path; None where neither is a run."""
    short = Path(root) / run
    if len(Path(run).parts) == 1 and str(run) not in (".", "..") and _looks_like_a_run(short):
        return short
    return Path(run) if _looks_like_a_run(Path(run)) else None


@contextlib.contextmanager
def kept_only_with_a_checkpoint(run: Run, found: bool, resumable: bool = True) -> Iterator[None]:
    """What fails before its first checkpoint leaves nothing behind; the folder only where `found`.

    What was asked to stop stays, whenever that was, where it is `resumable` from nothing. Raises Interrupted for it.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and resumable:
            raise error if isinstance(error, Interrupted) else Interrupted(run.folder) from None
        with contextlib.suppress(OSError, RunError):
            if not run.steps():
                files = Files()
                files.empty(run.folder)
                if not found:
                    files.rmdir(run.folder)
        raise


def list_runs(root: Path | str = "runs") -> list[str]:
    """The short names of the runs in `root`, numbers in their order: names-2 before names-10. Links are left out."""
    if not Path(root).is_dir():
        return []
    with os_errors(Path(root), "read"):
        found = [p.name for p in Path(root).iterdir() if not is_link(p) and _may_be_a_run(p)]
    return sorted(found, key=lambda name: [(len(s), s) if s.isdigit() else (0, s) for s in re.split(r"(\d+)", name)])


def _may_be_a_run(folder: Path) -> bool:
    """Whether it has a manifest; where that may not be looked up it is opened, which says so."""
    try:
        return (folder / manifest.MANIFEST).exists()
    except OSError:
        return True


def _looks_like_a_run(folder: Path) -> bool:
    """Whether somebody meant this as a run; whether it is whole is found out by opening it."""
    return (folder / CONFIG).exists() or (folder / manifest.MANIFEST).exists()


def refuse_strangers(folder: Path) -> None:
    """Nothing in a run folder may be a pickle, lead outside, or be a pipe, which keeps whoever opens it waiting.

    Raises Damaged.
    """
    with os_errors(folder, "read"):
        for inside, folders, names in os.walk(folder):
            for name in sorted(folders + names):
                path = Path(inside, name)
                refuse_pickle_by_name(path)
                if is_link(path):
                    raise Damaged(f"{path} is a link, and nothing in a run folder may be: put the file itself there")
                if not _is_plain(path):
                    raise Damaged(f"{path} is no plain file, and nothing else may be in a run folder")


def _is_plain(path: Path) -> bool:
    """A file or a folder; also what is gone meanwhile, as a training prunes while others look."""
    return path.is_file() or path.is_dir() or not path.exists()


def readable(stem: str) -> str:
    """A folder's name: lower-case letters and digits of any script, the rest as single dashes; at most 60 bytes."""
    text = unicodedata.normalize("NFC", stem[:LONGEST_STEM]).lower()
    dashed = re.sub(r"[\W_]+", "-", text).encode("utf-8", "ignore")[:60].decode("utf-8", "ignore").strip("-")
    return dashed or "run"
