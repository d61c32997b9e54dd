"""The checkpoint: one directory that is whole or is not there.

    checkpoints/step-000000123/
      model.safetensors, optim.safetensors (where there is one), state.json, manifest.json

Saving: write into a temporary sibling, sync every file, the manifest last, sync the directory, rename, sync the
parent, and only then prune to the last few and the best. Reading: the newest whose manifest verifies; a broken newer
one is reported and passed over. The best has the lowest loss on val; a test loss has no place here. No pickle is ever
read or written: tensors cross as numpy arrays, allocated only after names, shapes and dtypes are found right.
"""

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as safetensors_bytes

from moreish.errors import Damaged, RunError
from moreish.runs import manifest
from moreish.runs.files import Files, decode, encode, os_errors, regular_size
from moreish.runs.pickles import refuse_pickle
from moreish.runs.records import MetricsMark
from moreish.runs.schema import State, checked

MODEL, OPTIM, STATE = "model.safetensors", "optim.safetensors", "state.json"
DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "F32": "float32", "F64": "float64",
}  # fmt: skip
Tensors = Mapping[str, np.ndarray]
Expected = Mapping[str, tuple[tuple[int, ...], DTypeLike]]  # name -> (shape, dtype)
Which = int | Literal["best", "last"]

LISTINGS = 4  # before a folder is taken for empty: one made while names change may miss the old and the new
_STEP = re.compile(r"step-([0-9]{9})")
_SAVING, _REMOVING, _BROKEN = ".saving-", ".doomed-", "broken-"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that verified. Its tensors stay readable even when the directory is pruned meanwhile.

    `state` is the JSON that the trainer gave, exactly; `passed_over` holds one sentence for every broken
    checkpoint that was found on the way to this one.
    """

    folder: Path
    step: int
    val_loss: float | None
    metrics: MetricsMark
    state: dict[str, Any]
    passed_over: tuple[str, ...] = ()
    opened: Mapping[str, safe_open] = field(default_factory=dict, repr=False, compare=False)

    def model(self, expected: Expected | None = None) -> dict[str, np.ndarray]:
        """The model's tensors, by name; see `load_tensors`."""
        return _load(self.opened[MODEL], self.folder / MODEL, expected)

    def optim(self, expected: Expected | None = None) -> dict[str, np.ndarray] | None:
        """The optimizer's tensors, by name; None where none were saved."""
        if OPTIM not in self.opened:
            return None
        return _load(self.opened[OPTIM], self.folder / OPTIM, expected)


def load_tensors(path: Path, expected: Expected | None = None) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file, by name.

    Where `expected` is given, names, shapes and dtypes must equal it; the header is compared before anything is
    allocated. Raises RunError for a difference or a pickle, Damaged for a file that is not safetensors.
    """
    refuse_pickle(path)
    return _load(_open_tensors(path), path, expected)


def dump_tensors(tensors: Tensors) -> bytes:
    """The safetensors file of these arrays: the same bytes for the same names and values, in whatever order given."""
    for name, tensor in tensors.items():
        assert name != "__metadata__", "safetensors keeps this name for itself"
        assert tensor.dtype.name in DTYPES.values(), f"{name}: {tensor.dtype}"
    # safetensors writes the memory behind an array as it lies: a transposed view must become contiguous first.
    return safetensors_bytes({name: np.asarray(tensor, order="C") for name, tensor in tensors.items()})


class Checkpoints:
    """The directory of a run's checkpoints. `belongs_to`, the hashes of the run's own files, is stored in each."""

    def __init__(self, folder: Path, belongs_to: Mapping[str, str], files: Files) -> None:
        self.folder = folder
        self.belongs_to = dict(belongs_to)
        self.files = files

    def steps(self) -> list[int]:
        """The steps there is a directory for, ascending; whether they verify is another question."""
        for _ in range(LISTINGS):
            with os_errors(self.folder, "read"):
                matches = (_STEP.fullmatch(path.name) for path in self.folder.iterdir() if path.is_dir())
                if found := sorted(int(match[1]) for match in matches if match):
                    return found
        return []

    def choose(self, which: Which) -> Checkpoint:
        """The newest whole checkpoint ("last"), the one with the lowest val loss ("best"), or that of one step.

        Without any val loss the best is the last. Raises RunError where there is none, Damaged where none is whole.
        """
        for _ in range(10):  # again when a trainer prunes what we were about to read
            with contextlib.suppress(FileNotFoundError):
                return self._choose(which)
        raise RunError(f"{self.folder} keeps changing: try again in a moment")

    def outlines(self) -> list[Checkpoint]:
        """Every checkpoint whose manifest, sizes and state are right, oldest first; no tensor is looked at."""
        found = []
        for step in self.steps():
            with contextlib.suppress(Damaged, FileNotFoundError):
                found.append(self._read(step, whole=False))
        return found

    def save(
        self,
        step: int,
        model: Tensors,
        optim: Tensors | None,
        state: Mapping[str, object],
        val_loss: float | None,
        metrics: MetricsMark,
        keep: int,
    ) -> None:
        """Save durably, then prune to the last `keep` and the best. A step that is there and whole stays as it is."""
        assert 0 <= step < 10**9, step
        assert keep >= 1, keep
        assert decode(encode(state), "state") == state, "the state must come back from JSON as it went in"
        finite = val_loss if val_loss is not None and math.isfinite(val_loss) else None
        marks = {"metrics_offset": metrics.offset, "metrics_sha256": metrics.sha256}
        contents = {
            MODEL: dump_tensors(model),
            STATE: encode({"step": step, "val_loss": finite, **marks, **self.belongs_to, "trainer": state}),
        }
        if optim is not None:
            contents[OPTIM] = dump_tensors(optim)
        with os_errors(self.folder, "written"):
            self.sweep()
            if self._must_be_written(step):
                self._write(step, contents)
                self._prune(keep)

    def drop_after(self, step: int) -> None:
        """Remove every checkpoint after `step`; a broken one is kept, under a name that is never chosen."""
        with os_errors(self.folder, "written"):
            whole = {outline.step for outline in self.outlines()}
            later = [s for s in self.steps() if s > step]
            for s in later:
                if s not in whole:
                    self._set_aside(s)
            self._remove([s for s in later if s in whole])

    def sweep(self) -> None:
        """Remove what an interrupted save or prune left behind. Raises OSError where the folder cannot be read."""
        for path in list(self.folder.iterdir()):
            if path.name.startswith((_SAVING, _REMOVING)):
                self._discard(path)

    def _choose(self, which: Which) -> Checkpoint:
        steps = self.steps()
        if isinstance(which, int):
            if which not in steps:
                kept = ", ".join(map(str, steps)) or "none"
                raise RunError(f"{self.folder} has no checkpoint of step {which}; kept: {kept}")
            return self._read(which, whole=True)
        if not steps:
            raise RunError(f"{self.folder} has no checkpoint yet: train the run further, or choose another")
        problems: list[str] = []
        for step in reversed(steps) if which == "last" else self._best_first(steps, problems):
            try:
                return dataclasses.replace(self._read(step, whole=True), passed_over=tuple(problems))
            except Damaged as error:
                problems.append(str(error))
        raise Damaged(f"{self.folder} has no checkpoint that is whole: {problems[0]}")

    def _best_first(self, steps: Iterable[int], problems: list[str]) -> list[int]:
        outlines = []
        for step in steps:
            try:
                outlines.append(self._read(step, whole=False))
            except Damaged as error:
                problems.append(str(error))
        return [outline.step for outline in sorted(outlines, key=_best_key)]

    def _read(self, step: int, whole: bool) -> Checkpoint:
        """One checkpoint; every byte is verified where `whole`. FileNotFoundError when it was pruned meanwhile."""
        folder = self.folder / _name(step)
        try:
            return _read_checkpoint(folder, step, self.belongs_to, whole)
        except RunError:
            if not folder.exists():
                raise FileNotFoundError(folder) from None
            raise

    def _must_be_written(self, step: int) -> bool:
        """Whether this step is still to be written; a broken directory in its place is set aside."""
        if not (self.folder / _name(step)).exists():
            return True
        try:
            self._read(step, whole=True)
        except Damaged:
            self._set_aside(step)
            return True
        return False

    def _write(self, step: int, contents: Mapping[str, bytes]) -> None:
        temporary = self.folder / f"{_SAVING}{_name(step)}"
        try:
            self.files.mkdir(temporary)
            manifest.write_sealed(self.files, temporary, contents)
            self.files.rename(temporary, self.folder / _name(step))
            self.files.sync(self.folder)
        except OSError:
            with contextlib.suppress(OSError):
                self.sweep()  # give back the space of what did not become a checkpoint
            raise

    def _prune(self, keep: int) -> None:
        outlines = self.outlines()
        kept = {o.step for o in outlines[-keep:]} | {min(outlines, key=_best_key).step}
        for step in [o.step for o in outlines if o.step not in kept]:
            with contextlib.suppress(PermissionError):  # Windows, while somebody reads it: a later save removes it
                self._remove([step])

    def _remove(self, steps: Iterable[int]) -> None:
        """Take the names away first, durably, so that no half-removed directory is ever found under one."""
        renames = [(self.folder / _name(s), self.folder / f"{_REMOVING}{_name(s)}") for s in steps]
        for old, new in renames:
            self.files.rename(old, new)
        self.files.sync(self.folder)
        for _, path in renames:
            self._discard(path)

    def _discard(self, path: Path) -> None:
        """Remove what has no checkpoint's name; what cannot be removed now is in nobody's way and swept later."""
        with contextlib.suppress(OSError):
            self.files.remove_tree(path)

    def _set_aside(self, step: int) -> None:
        number = 1
        while (aside := self.folder / f"{_BROKEN}{_name(step)}-{number}").exists():
            number += 1
        self.files.rename(self.folder / _name(step), aside)


def _name(step: int) -> str:
    return f"step-{step:09d}"


def _best_key(checkpoint: Checkpoint) -> tuple[float, int]:
    """The lowest val loss, the earliest of equals; without any, the newest."""
    if checkpoint.val_loss is None:
        return math.inf, -checkpoint.step
    return checkpoint.val_loss, checkpoint.step


def _read_checkpoint(folder: Path, step: int, belongs_to: Mapping[str, str], whole: bool) -> Checkpoint:
    entries = manifest.read_manifest(folder, required=(MODEL, STATE), allowed=(OPTIM,))
    with os_errors(folder, "read"):
        present = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    for extra in sorted(present - set(entries) - {manifest.MANIFEST}):
        raise Damaged(f"{folder / extra} does not belong in a checkpoint: move it elsewhere")
    for name, entry in entries.items():
        manifest.verify_size(folder, name, entry)
    data = manifest.read_verified(folder, STATE, entries[STATE])
    checkpoint = _parsed_state(decode(data, str(folder / STATE)), folder, step, belongs_to)
    if not whole:
        return checkpoint
    opened = {}
    for name in entries.keys() - {STATE}:
        manifest.verify(folder, name, entries[name])
        opened[name] = _open_tensors(folder / name)
    return dataclasses.replace(checkpoint, opened=opened)


def _parsed_state(value: object, folder: Path, step: int, belongs_to: Mapping[str, str]) -> Checkpoint:
    path = folder / STATE
    state = checked(value, State, str(path))
    if state.step != step:
        raise Damaged(f"{path} is damaged: its step is not {step}, as the folder's name says")
    for key, known in belongs_to.items():
        if getattr(state, key) != known:
            raise Damaged(f"{path} is damaged: its {key} is that of another run")
    mark = MetricsMark(state.metrics_offset, state.metrics_sha256)
    return Checkpoint(folder, step, state.val_loss, mark, state.trainer)


def _open_tensors(path: Path) -> safe_open:
    regular_size(path)
    try:
        return safe_open(path, framework="np")
    except SafetensorError as error:
        raise Damaged(f"{path} is damaged: it is not a safetensors file ({error})") from None


def _load(opened: safe_open, path: Path, expected: Expected | None) -> dict[str, np.ndarray]:
    slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 (it is not a mapping)
    found = {name: (tuple(s.get_shape()), DTYPES.get(s.get_dtype(), s.get_dtype())) for name, s in slices.items()}
    for name, (_, dtype) in found.items():
        if dtype not in DTYPES.values():
            raise RunError(f'{path}: tensor "{name}" is of type {dtype}, which no model of moreish has')
    if expected is not None:
        _compare(found, {n: (tuple(shape), np.dtype(d).name) for n, (shape, d) in expected.items()}, path)
    return {name: opened.get_tensor(name) for name in found}


def _compare(found: Mapping[str, tuple], expected: Mapping[str, tuple], path: Path) -> None:
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            raise RunError(f'{path} has no tensor "{name}", which the options in config.json imply')
        if name not in expected:
            raise RunError(f'{path} has a tensor "{name}", which the options in config.json do not imply')
        if found[name] != expected[name]:
            is_, should = (f"{dtype} {list(shape)}" for shape, dtype in (found[name], expected[name]))
            raise RunError(f'{path}: tensor "{name}" is {is_}, but the options in config.json imply {should}')
