"""BatchNorm against torch's own, the definition in float64, and what folding must not change."""

import pytest
import torch
from torch import nn

from moreish.models.batch_norm import BatchNorm1d, calibrate, fold, fold_all


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 3 + 0.7


def ready_norm(channels, **options):
    """A layer in float64 whose gain and bias are neither one nor zero."""
    norm = BatchNorm1d(channels, **options).double()
    with torch.no_grad():
        norm.weight.copy_(random(channels, seed=1))
        norm.bias.copy_(random(channels, seed=2))
    return norm


@pytest.mark.parametrize("shape", [(9, 5), (4, 7, 5)])
def test_without_correction_it_is_torchs_with_the_channels_last(shape):
    ours, theirs = ready_norm(5), nn.BatchNorm1d(5).double()
    theirs.load_state_dict(ours.state_dict())
    x = random(*shape)
    for seed in range(3):
        x = random(*shape, seed=seed)
        expected = theirs(x) if x.ndim == 2 else theirs(x.transpose(1, 2)).transpose(1, 2)
        torch.testing.assert_close(ours(x), expected)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    ours.eval(), theirs.eval()
    torch.testing.assert_close(ours(x), theirs(x.flatten(0, -2)).view_as(x))


@pytest.mark.parametrize("correction", [0, 1])
@pytest.mark.parametrize("shape", [(9, 5), (4, 7, 5)])
def test_training_normalises_with_the_variance_that_was_asked_for(shape, correction):
    norm, x = ready_norm(5, correction=correction, eps=0.3), random(*shape)
    flat = x.flatten(0, -2)
    xhat = (x - flat.mean(0)) / (flat.var(0, correction=correction) + 0.3).sqrt()
    torch.testing.assert_close(norm(x), norm.weight * xhat + norm.bias)


@pytest.mark.parametrize("correction", [0, 1])
def test_running_statistics_move_by_momentum_and_are_unbiased(correction):
    norm = ready_norm(3, correction=correction, momentum=0.25)
    mean, var = torch.zeros(3).double(), torch.ones(3).double()
    for seed in range(4):
        x = random(6, 3, seed=seed)
        norm(x)
        mean, var = 0.75 * mean + 0.25 * x.mean(0), 0.75 * var + 0.25 * x.var(0)
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, var)
    assert norm.num_batches_tracked == 4


@pytest.mark.parametrize("correction", [0, 1])
def test_without_momentum_they_are_the_plain_mean_of_all_batches(correction):
    norm = ready_norm(3, correction=correction, momentum=None)
    batches = [random(6, 3, seed=seed) for seed in range(4)]
    for x in batches:
        norm(x)
    torch.testing.assert_close(norm.running_mean, torch.stack([x.mean(0) for x in batches]).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack([x.var(0) for x in batches]).mean(0))


def small_net(bias=True, correction=1):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Embedding(7, 4),
        nn.Flatten(),
        nn.Linear(12, 6, bias=bias),
        BatchNorm1d(6, correction=correction),
        nn.Tanh(),
        nn.Dropout(0.5),
        nn.Linear(6, 5, bias=bias),
        BatchNorm1d(5, correction=correction),
    )
    return net.double()


def test_calibration_in_one_batch_gives_the_statistics_of_all_rows():
    net, idx = small_net(), torch.randint(0, 7, (50, 3), generator=torch.Generator().manual_seed(1))
    net(idx)
    before = {name: p.clone() for name, p in net.named_parameters()}
    calibrate(net, [idx])
    net.eval()
    first = net[:3](idx)
    torch.testing.assert_close(net[3].running_mean, first.mean(0))
    torch.testing.assert_close(net[3].running_var, first.var(0))
    net[3].train()
    second = net[:7](idx)  # the later layer sees what a normalised first one gives, and no dropout
    torch.testing.assert_close(net[7].running_mean, second.mean(0))
    torch.testing.assert_close(dict(net.named_parameters()), before)


def test_calibration_leaves_modes_and_momentum_as_they_were():
    net = small_net().train()
    net[5].eval()
    calibrate(net, [torch.zeros(4, 3, dtype=torch.long)])
    assert [m.training for m in net] == [True] * 5 + [False] + [True] * 2
    assert net[3].momentum == 0.1


@pytest.mark.parametrize("bias", [True, False])
def test_folding_leaves_the_output_unchanged(bias):
    net = small_net(bias)
    idx = torch.randint(0, 7, (20, 3), generator=torch.Generator().manual_seed(1))
    for _ in range(5):
        net(idx)
    net.eval()
    expected = net(idx)
    alone = fold(net[2], net[3])
    torch.testing.assert_close(alone(net[:2](idx)), net[:4](idx))
    folded = fold_all(net)
    assert not any(isinstance(m, BatchNorm1d) for m in folded.modules())
    torch.testing.assert_close(folded(idx), expected)


def test_one_row_cannot_be_normalised():
    with pytest.raises(ValueError, match="more than 1 value"):
        ready_norm(3, correction=1)(random(1, 3))
