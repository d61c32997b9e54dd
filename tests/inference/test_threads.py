"""Small nets are asked on one thread, large ones on as many as there are, and nobody else notices."""

import numpy as np
import pytest
import torch

from moreish.inference import network
from moreish.inference.network import Network
from moreish.models import build_model, model_class


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def watched(name: str, work_worth: int, monkeypatch) -> tuple[Network, list[int]]:
    """A small net, and a list that gets the number of threads at every forward."""
    monkeypatch.setattr(network, "MULTIPLICATIONS_WORTH_THREADS", work_worth)
    module, counts = build_model(name, model_class(name).Options(), 5, 0), []
    embedding = next(m for m in module.modules() if isinstance(m, torch.nn.Embedding))
    embedding.register_forward_pre_hook(lambda *_: counts.append(torch.get_num_threads()))
    return Network(module), counts


@pytest.mark.parametrize("name", ["gru", "transformer", "mlp"])
@pytest.mark.parametrize(("worth", "threads"), [(10**12, 1), (1, 3)])
def test_as_many_threads_as_the_work_is_worth_and_as_many_as_before_afterwards(
    name, worth, threads, monkeypatch, three_threads
):
    model, counts = watched(name, worth, monkeypatch)
    state, _ = model.start(2)
    model.advance(state, np.array([1, 2]))
    model.score(np.array([0, 1, 2, 0], np.uint8), np.array([0, 3]))
    assert set(counts) == {threads}
    assert torch.get_num_threads() == 3


def test_a_failure_inside_leaves_the_threads_as_they_were(monkeypatch, three_threads):
    model, _ = watched("gru", 10**12, monkeypatch)
    with pytest.raises(IndexError):
        model.advance(None, np.array([7]))
    assert torch.get_num_threads() == 3
