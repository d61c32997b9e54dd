"""The range test: what it records, what it leaves alone, and that its suggestion lies where it should."""

import numpy as np
import pytest
import torch

from moreish.models import build_model, model_class
from moreish.training.find_lr import BROKEN, WIDTH, find_lr, suggest
from moreish.training.options import TrainOptions

SGD = TrainOptions(optimizer="sgd", batch_size=32, clip=0.0)


def mlp(corpus):
    options = model_class("mlp").Options(n_hidden=50, hidden_bias_std=0.01, head_std=0.01)
    return lambda seed: build_model("mlp", options, len(corpus.vocab), seed)


@pytest.fixture(scope="module")
def found(corpus):
    return find_lr(mlp(corpus), corpus.split("train"), SGD, seeds=3, steps=300)


def test_exponents_rise_evenly_over_the_range(found):
    assert found.exponents[0] == -3
    assert found.exponents[-1] == 0.5
    np.testing.assert_allclose(np.diff(found.exponents), 3.5 / 299)


def test_every_seed_has_its_own_row_inside_the_band(found):
    assert found.losses.shape == found.smoothed.shape == (3, 300)
    assert np.abs(found.losses[0] - found.losses[1]).max() > 0
    low, high = found.band
    assert (low <= found.smoothed.mean(0)).all()
    assert (found.smoothed.mean(0) <= high).all()


def test_the_first_loss_is_that_of_the_untrained_net(found, corpus):
    assert found.losses[:, 0] == pytest.approx(np.log(len(corpus.vocab)), abs=0.1)


def test_the_loss_falls_while_the_rate_is_low_and_breaks_when_it_is_high(found):
    middle = int(np.argmin(abs(found.exponents + 1)))
    assert found.smoothed.mean(0)[middle] < found.smoothed.mean(0)[0] - 0.3
    assert found.slope[: middle // 2].mean() < 0
    assert found.slope[-20:].mean() > 0
    assert found.losses.max() <= BROKEN * found.losses[:, 0].max()


def test_the_suggestion_is_on_the_floor_of_the_valley(found):
    mean = found.smoothed.mean(0)
    at = int(np.argmin(abs(10**found.exponents - found.lr)))
    assert mean[at] <= mean.min() + 0.05 * (mean[0] - mean.min())
    assert f"{found.lr:.2g}" in found.reason


def test_is_a_function_of_the_seed_and_leaves_torchs_stream_alone(corpus):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    rows = [find_lr(mlp(corpus), corpus.split("train"), SGD, seed=7, seeds=1, steps=30).losses for _ in range(2)]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_smoothing_keeps_a_straight_line_straight_away_from_the_ends():
    exponents = np.linspace(-3, 0, 400)
    from moreish.training.find_lr import _kernel

    inside = (exponents > -3 + 5 * WIDTH) & (exponents < -5 * WIDTH)
    smoothed = (2 * exponents + 1) @ _kernel(exponents)
    np.testing.assert_allclose(smoothed[inside], (2 * exponents + 1)[inside], atol=1e-5)
    np.testing.assert_allclose(np.ones(400) @ _kernel(exponents), 1)


def test_suggests_the_near_edge_of_a_wide_floor():
    exponents = np.linspace(-4, 0, 401)
    loss = np.where(exponents < -2, 3 - (exponents + 4), 1.0) + 10 * np.maximum(exponents + 0.5, 0)
    lr, reason = suggest(exponents, loss)
    assert lr == pytest.approx(10 ** (-2 - 0.06), rel=0.03)  # 3 % of a descent of 2 above the floor
    assert "half of that is lost again" in reason


def test_says_when_nothing_was_learned():
    with pytest.raises(ValueError, match="widen the range"):
        suggest(np.linspace(-4, 0, 50), np.full(50, 3.3))


@pytest.mark.parametrize(("changes", "sentence"), [({"lowest": 1.0}, "lowest is 1"), ({"steps": 5}, "at least 20")])
def test_an_impossible_range_is_refused(corpus, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        find_lr(mlp(corpus), corpus.split("train"), SGD, **changes)
