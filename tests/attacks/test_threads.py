"""Trainings in threads of one process: each learns, to the last bit, what it learns alone."""

import threading
from pathlib import Path

import pytest
import torch

from moreish import api
from tests.support.lists import made_items

STEPS = {"steps": 30, "batch_size": 16, "eval_every": 10, "log_every": 5}
JOBS = [
    {"model": {"name": "gru", "n_hidden": 8, "dropout": 0.3}, "train": STEPS},
    {"model": {"name": "mlp", "n_hidden": 8}, "train": {**STEPS, "precision": "float64"}},
    {"model": {"name": "transformer", "n_embd": 8, "n_layer": 1, "dropout": 0.2}, "train": {**STEPS, "threads": 2}},
    {"model": {"name": "gru", "n_hidden": 8}, "train": {**STEPS, "weight_drop": 0.3, "ema": 0.9}},
]


def trained(n: int, root: Path, found: dict[int, tuple]) -> None:
    run = api.train(made_items(100), options=JOBS[n], seed=n, out=root / str(n))
    records = [{k: v for k, v in r.items() if k != "seconds"} for r in run.run.records()]
    found[n] = run.digest, records


@pytest.mark.slow
def test_four_at_once_are_bit_for_bit_as_one_after_the_other(tmp_path):
    alone: dict[int, tuple] = {}
    for n in range(len(JOBS)):
        trained(n, tmp_path / "alone", alone)
    together: dict[int, tuple] = {}
    threads = [threading.Thread(target=trained, args=(n, tmp_path / "together", together)) for n in range(len(JOBS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_what_the_caller_has_set_in_torch_changes_nothing_and_stays(tmp_path):
    found: dict[int, tuple] = {}
    trained(0, tmp_path / "plain", found)
    state = torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            trained(0, tmp_path / "set", again := {})
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert again == found
    assert torch.equal(torch.get_rng_state(), state)
