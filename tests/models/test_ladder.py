"""The published sizes, the losses before training, and that two forms of one net agree."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from moreish.models import build_model, model_class
from moreish.models.activations import ACTIVATIONS
from moreish.models.batch_norm import calibrate
from moreish.models.wavenet import MANY_SYMBOLS, FlattenConsecutive, SlidingWaveNet, WaveNetOptions
from moreish.recipes import RECIPES, resolve

V = 27  # 26 letters and the boundary
PUBLISHED = {
    "lecture-mlp-randn": 11_897,
    "lecture-mlp-small-head": 11_897,
    "lecture-mlp-scaled": 11_897,
    "lecture-mlp": 11_897,
    "lecture-batchnorm": 12_097,
    "lecture-by-hand": 12_297,
    "lecture-deep": 47_024,
    "wavenet-flat-3": 12_097,
    "wavenet-flat-8": 22_097,
    "wavenet-by-position": 22_397,
    "wavenet-small": 22_397,
    "wavenet": 76_579,
    "makemore-bigram": 729,
    "makemore-bow": 12_827,
    "makemore-mlp": 69_147,
    "makemore-rnn": 11_803,
    "makemore-gru": 28_315,
    "makemore-transformer": 204_544,
}
NEAR_LN_V = sorted(set(PUBLISHED) - {"lecture-mlp-randn", "lecture-by-hand"})


def net_of(recipe, seed=0):
    choice = resolve(recipe).model
    return build_model(choice.name, choice.options, V, seed)


def random_batch(net, rows=400, seed=0):
    rng = torch.Generator().manual_seed(seed)
    idx = torch.randint(1, V, (rows, net.block_size or 8), generator=rng)
    targets = torch.randint(0, V, (rows,) if net.windowed else idx.shape, generator=rng)
    return idx, targets


@pytest.mark.parametrize("recipe", PUBLISHED)
def test_has_the_published_number_of_parameters(recipe):
    assert sum(p.numel() for p in net_of(recipe).parameters() if p.requires_grad) == PUBLISHED[recipe]


def test_every_recipe_with_a_published_net_is_listed_here():
    lectures = {name for name in RECIPES if name.startswith(("lecture-", "makemore-", "wavenet"))}
    assert lectures == set(PUBLISHED)


@pytest.mark.parametrize("recipe", NEAR_LN_V)
def test_the_loss_begins_near_the_uniform_guess(recipe):
    net = net_of(recipe)
    idx, targets = random_batch(net)
    loss = F.cross_entropy(net(idx).flatten(0, -2), targets.flatten()).item()
    assert loss == pytest.approx(math.log(V), abs=0.03)


def test_all_randn_begins_confidently_wrong():
    losses = []
    for seed in range(5):
        net = net_of("lecture-mlp-randn", seed)
        idx, targets = random_batch(net, seed=seed)
        losses.append(F.cross_entropy(net(idx), targets).item())
    assert 20 < np.mean(losses) < 36  # published: 27.88, one batch of one draw


def test_the_small_net_of_the_backprop_lecture():
    options = model_class("mlp").Options(n_hidden=64, batch_norm=True, bias=True)
    assert sum(p.numel() for p in build_model("mlp", options, V, 0).parameters()) == 4_137


@pytest.mark.parametrize(("vocab_size", "n", "h", "m"), [(16_383, 5, 100, 30), (17_964, 6, 60, 30)])
def test_bengios_net_has_the_papers_number_of_parameters(vocab_size, n, h, m):
    with torch.device("meta"):
        mlp = model_class("mlp")
        net = mlp(mlp.Options(block_size=n - 1, n_embd=m, n_hidden=h, direct=True), vocab_size)
    expected = vocab_size * (1 + n * m + h) + h * (1 + (n - 1) * m)
    assert sum(p.numel() for p in net.parameters()) == expected


@pytest.mark.parametrize("name", ["relu", "leaky-relu", "elu", "gelu"])
def test_the_gain_keeps_the_size_of_a_signal(name):
    z = torch.linspace(-12, 12, 400_001, dtype=torch.float64)
    density = (-z.square() / 2).exp()
    mean_square = (ACTIVATIONS[name].module()(z).square() * density).sum() / density.sum()
    assert ACTIVATIONS[name].gain * mean_square.sqrt().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("gain", "published"), [(5 / 3, 0.0612), (1.0, 0.0)])
def test_the_gain_decides_how_many_units_of_the_fifth_layer_are_saturated(gain, published):
    options = model_class("mlp").Options(n_hidden=100, n_layer=5, hidden_gain=gain)
    net = build_model("mlp", options, V, 0)
    h = net.hidden(net.wte(random_batch(net)[0]).flatten(1))
    assert (h.abs() > 0.97).float().mean().item() == pytest.approx(published, abs=0.02)


def test_the_blank_stands_for_what_is_before_the_item_and_nothing_else():
    options = model_class("mlp").Options(block_size=4, blank=True)
    net = build_model("mlp", options, V, 0)
    seen = []
    net.wte.register_forward_hook(lambda _, args, __: seen.append(args[0].tolist()))
    net(torch.tensor([[0, 0, 0, 0], [0, 0, 5, 6], [0, 5, 6, 7], [5, 6, 7, 8]]))
    assert seen == [[[V, V, V, 0], [V, 0, 5, 6], [0, 5, 6, 7], [5, 6, 7, 8]]]


def test_flatten_consecutive_puts_neighbours_side_by_side():
    x = torch.arange(24.0).view(2, 4, 3)
    joined = FlattenConsecutive(2)(x)
    assert joined.shape == (2, 2, 6)
    torch.testing.assert_close(joined, torch.cat([x[:, ::2], x[:, 1::2]], 2))
    assert FlattenConsecutive(4)(x).shape == (2, 12)


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize(("group", "n_layer"), [(2, 3), (3, 2), (2, 1)])
@pytest.mark.parametrize("rows", [1, MANY_SYMBOLS // 13 + 1])
def test_the_sliding_form_gives_the_window_forms_logits_at_every_position(norm, group, n_layer, rows):
    options = WaveNetOptions(n_embd=6, n_hidden=10, group=group, n_layer=n_layer, norm=norm)
    net = build_model("wavenet", options, V, 0)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in net.parameters():
            p += 0.2 * torch.randn(p.shape, generator=rng)
    idx = torch.randint(1, V, (rows, 13), generator=rng)
    idx[:, 0] = 0
    windows = F.pad(idx, (net.block_size - 1, 0)).unfold(1, net.block_size, 1)  # (B, T, block_size)
    calibrate(net, [windows.flatten(0, 1)])
    net.eval()
    slid = SlidingWaveNet.of(net, options)
    with torch.no_grad():
        expected = net(windows.flatten(0, 1)).view(rows, 13, V)
        torch.testing.assert_close(slid(idx), expected, rtol=0, atol=1e-5)
        first, state = slid.read(idx[:, :5], None)
        rest, _ = slid.read(idx[:, 5:], state)
        torch.testing.assert_close(torch.cat([first, rest], 1), expected, rtol=0, atol=1e-5)


def test_a_sliding_window_has_no_places_of_its_own():
    with pytest.raises(ValueError, match="norm batch or none"):
        SlidingWaveNet(WaveNetOptions(norm="position"), V)


def test_statistics_by_position_are_means_over_the_batch_alone():
    net = build_model("wavenet", WaveNetOptions(n_embd=6, n_hidden=10, norm="position"), V, 0).train()
    idx, _ = random_batch(net, rows=20)
    x = FlattenConsecutive(2)(net.wte(idx))
    linear, norm = net.layers[0][:2]
    a = linear(x)  # (B, 4, 10)
    torch.testing.assert_close(norm(a), (a - a.mean(0)) / (a.var(0) + 1e-5).sqrt(), rtol=1e-4, atol=1e-5)


def test_a_tied_transformer_learns_one_matrix_by_both_of_its_uses():
    options = model_class("transformer").Options(n_embd=16, n_layer=1, n_head=2, tie=True)
    net = build_model("transformer", options, V, 0)
    assert [name for name, p in net.named_parameters() if p.shape == (V, 16)] == ["wte.weight"]
    F.cross_entropy(net(torch.zeros(1, 2, dtype=torch.long)).flatten(0, 1), torch.tensor([3, 4])).backward()
    assert (net.wte.weight.grad[[1, 2, 3, 4]].abs().sum(1) > 0).all()  # symbols that were never read learn too


def test_heads_must_share_the_width_evenly():
    with pytest.raises(ValueError, match="n_head=3 does not divide n_embd=64"):
        model_class("transformer").Options(n_head=3)
