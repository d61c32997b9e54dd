"""Runs to test with: what a step holds is a function of the step."""

from pathlib import Path

import numpy as np

from moreish.runs.folder import Run, create

STATE = {"torch": "2.13.0", "threads": 2, "world_size": 1, "lr": 0.1 + 0.2, "names": ["ä", None, True], "n": 10**25}


def weights(step: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(step)
    return {"w": rng.standard_normal((3, 4), np.float32), "b": rng.standard_normal(4), "n": np.array(step)}


def moments(step: int) -> dict[str, np.ndarray]:
    return {"w.exp_avg": np.full((3, 4), 1 / step, np.float32)}


def saved(folder: Path, *steps: int, keep: int = 9, run: Run | None = None) -> Run:
    run = run or create(folder, {"lr": 0.1}, ["a", "b"])
    with run.writing(keep) as writer:
        for step in steps:
            writer.append({"event": "step", "step": step})
            writer.save(step, weights(step), moments(step), STATE, val_loss=10.0 - step)
    return run


def folder_of(run: Run, step: int) -> Path:
    return run.folder / "checkpoints" / f"step-{step:09d}"


def assert_same(got: dict[str, np.ndarray] | None, want: dict[str, np.ndarray]) -> None:
    assert got is not None
    assert got.keys() == want.keys()
    for name, tensor in want.items():
        assert (got[name].dtype, got[name].shape) == (tensor.dtype, tensor.shape)
        assert got[name].tobytes() == tensor.tobytes()
