"""The lecture's network: 26 gradients step by step, the clubbed expressions, and training without autograd."""

import math

import pytest
import torch
import torch.nn.functional as F

from moreish.backprop import as_text
from moreish.backprop.lecture import (
    AutogradStep,
    HandStep,
    Weights,
    compare_lecture,
    lecture_backward,
    lecture_forward,
    lecture_loss,
    lecture_weights,
    train_lecture,
)
from moreish.backprop.paths import paths_to
from moreish.backprop.rules import losses, norms
from moreish.backprop.stepwise import (
    batch_norm_backward,
    batch_norm_forward,
    cross_entropy_backward,
    cross_entropy_forward,
    time_stepwise,
)


def seeded(seed=2147483647):
    return torch.Generator().manual_seed(seed)


def windows(n, seed=1):
    """Windows of a language with something to learn: one character always follows another."""
    x = torch.randint(27, (n, 3), generator=seeded(seed))
    return x, (x[:, 2] + 1) % 27


@pytest.fixture
def lecture():
    weights = lecture_weights(seeded())
    return weights, *windows(32)


def test_the_weights_are_the_lectures():
    """The first numbers that its generator gives; 4,137 and 12,297 of them in all."""
    small, large = lecture_weights(seeded()), lecture_weights(seeded(), n_hidden=200)
    assert sum(w.numel() for w in small) == 4137
    assert sum(w.numel() for w in large) == 12297
    first = torch.randn((27, 10), generator=seeded())
    assert torch.equal(small.C, first)
    assert small.W1.std().item() == pytest.approx(5 / 3 / math.sqrt(30), rel=0.05)
    assert not any((w == 0).any() for w in small), "zeros would hide mistakes"


def test_all_26_gradients_are_exact_or_within_1e_8(lecture):
    rows = compare_lecture(*lecture)
    assert [row.name for row in rows] == [
        "logprobs", "probs", "counts_sum_inv", "counts_sum", "counts", "norm_logits", "logit_maxes", "logits", "h",
        "W2", "b2", "hpreact", "bngain", "bnbias", "bnraw", "bnvar_inv", "bnvar", "bndiff2", "bndiff", "bnmeani",
        "hprebn", "embcat", "W1", "b1", "emb", "C",
    ]  # fmt: skip
    assert all(row.exact or row.maxdiff < 1e-8 for row in rows), as_text(rows)


def test_all_26_gradients_agree_in_float64(lecture):
    weights, x, y = lecture
    rows = compare_lecture(Weights(*(w.double() for w in weights)), x, y)
    assert all(row.maxdiff < 1e-14 for row in rows), as_text(rows)


def test_the_loss_is_cross_entropy(lecture):
    weights, x, y = lecture
    values = lecture_forward(weights, x, y)
    torch.testing.assert_close(values["loss"], F.cross_entropy(values["logits"], y))


def test_cross_entropy_as_one_expression_is_within_1e_8_of_autograd_and_of_its_single_steps():
    logits, (_, y) = torch.randn(32, 27, generator=seeded()), windows(32)
    leaf = logits.clone().requires_grad_()
    (want,) = torch.autograd.grad(F.cross_entropy(leaf, y), leaf)
    loss, saved = losses.cross_entropy_forward(logits, y)
    whole, _ = losses.cross_entropy_backward(torch.ones(()), *saved)
    values = cross_entropy_forward(logits, y)
    stepwise = cross_entropy_backward(logits, y, values)["logits"]
    torch.testing.assert_close(values["loss"], loss)
    assert (whole - want).abs().max() <= 1e-8
    assert (whole - stepwise).abs().max() <= 1e-8


def test_batch_norm_as_one_expression_is_within_1e_8_of_autograd_through_its_single_steps():
    """With n - 1 in the variance, as the lecture has it; dy of the size that it has in training."""
    generator = seeded()
    x, gain, bias = (torch.randn(s, generator=generator) for s in ((32, 64), (1, 64), (1, 64)))
    dy = torch.randn(32, 64, generator=generator) * 4e-3
    leaves = [t.clone().requires_grad_() for t in (x, gain, bias)]
    want = torch.autograd.grad(batch_norm_forward(*leaves)["hpreact"], leaves, dy)
    y, saved = norms.batch_norm_forward(x, None, None, gain[0], bias[0], training=True, correction=1)
    dx, _, _, dgain, dbias = norms.batch_norm_backward(dy, *saved)
    values = batch_norm_forward(x, gain, bias)
    stepwise = batch_norm_backward(dy, gain, values)
    torch.testing.assert_close(y, values["hpreact"])
    assert (dx - want[0]).abs().max() <= 1e-8
    assert (dx - stepwise["hprebn"]).abs().max() <= 1e-8
    assert (dgain - want[1][0]).abs().max() <= 1e-7
    assert (dbias - want[2][0]).abs().max() <= 1e-7


def test_single_steps_and_whole_expressions_are_timed():
    times = time_stepwise(n_rows=8, n_hidden=16, repeats=3)
    assert len(times) == 6
    assert all(t > 0 for t in times.values())


MISTAKES = {
    "counts": (lambda g, v: v["counts_sum_inv"] * g["probs"], "the path through counts_sum is missing"),
    "bndiff": (lambda g, v: 2 * v["bndiff"] * g["bndiff2"], "the path through bnraw is missing"),
    "hprebn": (lambda g, v: g["bndiff"], "the path through bnmeani is missing"),
    "bnvar": (lambda g, v: g["bnvar"] * 31 / 32, "is divided by n = 32, and n - 1 = 31 belongs there"),
    "b2": (lambda g, v: g["logits"], "the sum over the broadcast dimension 0 is missing"),
    "W2": (lambda g, v: g["W2"].T, "the product is transposed"),
    "h": (lambda g, v: -g["h"], "has the wrong sign"),
    "C": (lambda g, v: torch.zeros(27, 10).index_put((windows(32)[0],), g["emb"]), "overwritten instead of added"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_learners_mistake_in_the_exercise_is_named(lecture, name):
    weights, x, y = lecture
    values = lecture_forward(weights, x, y)
    grads = lecture_backward(weights, x, y, values)
    wrong, cause = MISTAKES[name]
    mine = grads | {name: wrong(grads, values)}
    rows = {row.name: row for row in compare_lecture(weights, x, y, mine)}
    assert cause in rows[name].cause
    assert [row.name for row in rows.values() if not row.approximate] == [name]


def test_a_learner_may_hand_in_a_part(lecture):
    weights, x, y = lecture
    grads = lecture_backward(weights, x, y, lecture_forward(weights, x, y))
    rows = compare_lecture(weights, x, y, {"probs": grads["probs"]})
    assert [(row.name, row.approximate) for row in rows] == [("probs", True)]
    with pytest.raises(ValueError, match='no "dprobs" in the lecture; there is'):
        compare_lecture(weights, x, y, {"dprobs": grads["probs"]})


def test_the_paths_of_a_value_sum_to_its_gradient_even_where_one_use_takes_it_twice():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    square = x * x
    total = (square + x.exp()).sum()
    paths = paths_to({"x": x, "square": square}, total)
    assert set(paths["x"]) == {"the path through square", "the path through loss"}
    torch.testing.assert_close(paths["x"]["the path through square"], 2 * x.detach())
    torch.testing.assert_close(paths["x"]["the path through loss"], x.detach().exp())


def test_one_step_by_hand_subtracts_the_gradients_of_autograd():
    """In float32, from the lecture's weights: every weight moves by -lr times its gradient."""
    x, y = windows(32)
    weights = lecture_weights(seeded())
    leaves = Weights(*(w.clone().requires_grad_() for w in weights))
    loss = lecture_forward(leaves, x, y)["loss"]
    grads = torch.autograd.grad(loss, list(leaves))
    step, picked = HandStep(weights, 32), torch.empty(32, 1)
    step(x.flatten(), y[:, None], 0.1, picked)
    for after, before, grad in zip(weights, leaves, grads, strict=True):
        torch.testing.assert_close(after, before.detach() - 0.1 * grad, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(-picked.log().mean(), loss.detach())


def test_training_by_hand_gives_the_losses_of_autograd_and_learns():
    x, y = windows(2000)
    by_hand = train_lecture(x, y, steps=600, n_hidden=64)
    by_autograd = train_lecture(x, y, steps=600, n_hidden=64, step_by=AutogradStep)
    assert by_hand.losses.shape == (600,)
    torch.testing.assert_close(by_hand.losses[:100], by_autograd.losses[:100], rtol=0, atol=1e-5)
    assert by_hand.losses[-50:].mean() < by_hand.losses[:50].mean() - 0.5
    loss = lecture_loss(by_hand.weights, x, y, x)
    assert loss == pytest.approx(lecture_loss(by_autograd.weights, x, y, x), abs=1e-2)
    assert loss < math.log(27)


def test_batches_are_those_of_drawing_one_by_one():
    """So that the figures can be laid beside the lecture's, which draws a batch at every step."""
    x, y = windows(500)
    generator = seeded()
    weights = lecture_weights(generator, n_hidden=8)
    step, picked, expected = HandStep(weights, 4), torch.empty(4, 1), []
    for _ in range(1003):
        rows = torch.randint(500, (4,), generator=generator)
        step(x[rows].flatten(), y[rows, None], 0.1, picked)
        expected.append(-picked.log().mean())
    got = train_lecture(x, y, steps=1003, batch_size=4, n_hidden=8, lr=lambda i: 0.1)
    torch.testing.assert_close(got.losses, torch.stack(expected), rtol=1e-5, atol=1e-5)


def test_evaluation_uses_the_statistics_of_all_training_windows():
    x, y = windows(300)
    weights = lecture_weights(seeded())
    whole = lecture_forward(weights, x, y)["loss"].item()
    assert lecture_loss(weights, x, y, x) == pytest.approx(whole, abs=1e-5)
    alone = lecture_loss(weights, x[:1], y[:1], x)
    assert math.isfinite(alone)
