"""Optuna's journal in a file, under a lock of the system and without half lines.

Optuna's own locks are files that somebody removes: whoever dies with one makes all others wait for half a minute.
What a process that died left of a line is cut off before the next is written, or nothing after it could be read.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from moreish.errors import Unmet, how_to_install
from moreish.sweeps.locks import FileLock

if TYPE_CHECKING:
    from optuna import Study as Journalled
    from optuna.samplers import BaseSampler

TAIL = 2**16


def open_journal(path: Path) -> "Journalled":
    """The study in this file, which is made where it is missing. Raises Unmet without Optuna."""
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
    except ImportError:
        raise Unmet(f"a sweep needs optuna: {how_to_install('sweep')}") from None

    class Lock(JournalFileOpenLock):
        def __init__(self) -> None:
            self._lock = FileLock(path.with_suffix(".lock"))

        def acquire(self) -> bool:
            self._lock.take()
            cut_half_line(path)
            return True

        def release(self) -> None:
            self._lock.free()

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(path), lock_obj=Lock()))
    return optuna.create_study(
        storage=storage, study_name="sweep", load_if_exists=True, pruner=optuna.pruners.NopPruner()
    )


def cut_half_line(path: Path) -> None:
    """What an interrupted write left after the last whole line goes."""
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(max(0, size - TAIL))
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            whole = tail.rfind(b"\n") + 1
            assert whole or size <= TAIL, "a line of the journal is longer than any"
            file.truncate(size - len(tail) + whole)


def sampler_for(kind: str, seed: int) -> "BaseSampler":
    """A sampler that knows of trials that others work on; the same seed and results suggest the same again."""
    from optuna.samplers import RandomSampler, TPESampler

    if kind == "random":
        return RandomSampler(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constant_liar calls itself experimental, since 2020
        return TPESampler(seed=seed, constant_liar=True)
