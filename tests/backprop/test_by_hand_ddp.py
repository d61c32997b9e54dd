"""DistributedDataParallel: two processes, each by hand on half of the batch, end with the weights of autograd."""

import copy

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from moreish.backprop import by_hand

STEPS = 4


def model_and_batch():
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(11, 6), nn.Flatten(), nn.Linear(18, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 11)
    )
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return (
        model.double(),
        torch.randint(11, (8, 3), generator=generator),
        torch.randint(11, (8,), generator=generator),
    )


def train(model, x, y, context):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        with context:
            loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def worker(rank, meeting_place, results):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting_place}", rank=rank, world_size=2)
    model, x, y = model_and_batch()
    hands = by_hand(strict=True)
    train(DistributedDataParallel(model), x[rank::2], y[rank::2], hands)
    if rank == 0:
        torch.save({"weights": model.state_dict(), "by_hand": hands.report().by_hand}, results)
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_by_hand_train_as_one_by_autograd(tmp_path):
    """Halves of equal size: the mean of their mean losses is the loss of the whole batch."""
    results = tmp_path / "weights.pt"
    torch.multiprocessing.spawn(worker, (str(tmp_path / "meet"), str(results)), nprocs=2)
    found = torch.load(results)
    assert found["by_hand"]["F.cross_entropy"] == STEPS
    model, x, y = model_and_batch()
    start = copy.deepcopy(model.state_dict())
    train(model, x, y, torch.enable_grad())
    for name, want in model.state_dict().items():
        torch.testing.assert_close(found["weights"][name], want, rtol=0, atol=1e-10)
        assert not torch.equal(want, start[name])
