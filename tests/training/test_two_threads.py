"""Two trainings in threads of one process: each learns what it would have learned alone."""

import threading
from collections.abc import Callable

import pytest
import torch

import moreish
from moreish.data import Corpus

TRAININGS: tuple[dict[str, dict[str, object]], ...] = (
    {"model": {"name": "gru", "n_hidden": 8, "dropout": 0.4}, "train": {"weight_drop": 0.3, "ema": 0.9}},
    {"model": {"name": "mlp", "n_hidden": 8, "dropout": 0.4}, "train": {"precision": "float64", "optimizer": "sgd"}},
    {"model": {"name": "transformer", "n_embd": 8, "dropout": 0.2, "n_layer": 1}, "train": {"doctor": True}},
    {"model": {"name": "wavenet", "n_hidden": 8, "n_embd": 4}, "train": {"threads": 2}},
)


def together(trainings: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=training) for training in trainings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_after_the_other(trainings: list[Callable[[], None]]) -> None:
    for training in trainings:
        training()


@pytest.mark.filterwarnings("default::pytest.PytestUnhandledThreadExceptionWarning")
def test_trainings_in_threads_give_the_bytes_of_trainings_one_after_the_other(corpus: Corpus, tmp_path):
    found: dict[tuple[str, int], dict[str, bytes]] = {}
    before = torch.get_num_threads(), torch.get_default_dtype(), torch.random.get_rng_state().tolist()

    def training(how: str, k: int) -> Callable[[], None]:
        def run() -> None:
            train = {**TRAININGS[k]["train"], "steps": 30, "eval_every": 7, "batch_size": 32}
            options = {**TRAININGS[k], "train": train}
            trained = moreish.train(corpus, options=options, out=tmp_path / how / f"{k}")
            tensors = trained.run.checkpoint("last").model()
            found[how, k] = {name: array.tobytes() for name, array in tensors.items()}

        return run

    for how, start in (("alone", one_after_the_other), ("together", together)):
        start([training(how, k) for k in range(len(TRAININGS))])
    for k in range(len(TRAININGS)):
        assert found["together", k] == found["alone", k], k
    assert (torch.get_num_threads(), torch.get_default_dtype(), torch.random.get_rng_state().tolist()) == before
