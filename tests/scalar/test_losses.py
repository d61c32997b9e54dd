import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.scalar import Value, losses

logit = st.floats(-1000, 1000)
rows = st.integers(1, 5).flatmap(
    lambda classes: st.lists(
        st.tuples(st.lists(logit, min_size=classes, max_size=classes), st.integers(0, classes - 1)),
        min_size=1,
        max_size=5,
    )
)


def check(ours, theirs, values, tensor):
    """Value and gradients of `ours` against `theirs`."""
    ours.backward()
    theirs.backward()
    assert ours.data == pytest.approx(theirs.item(), rel=1e-9, abs=1e-9)
    assert [v.grad for v in values] == pytest.approx(tensor.grad.flatten().tolist(), rel=1e-9, abs=1e-12)


def double(numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


@given(st.lists(st.tuples(logit, st.floats(-10, 10)), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_mse_loss_agrees_with_torch(pairs):
    predictions, targets = zip(*pairs, strict=True)
    values, tensor = [Value(p) for p in predictions], double(predictions)
    check(
        losses.mse_loss(values, targets),
        F.mse_loss(tensor, torch.tensor(targets, dtype=torch.float64)),
        values,
        tensor,
    )


@given(st.lists(st.tuples(logit, st.floats(0, 1)), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_binary_cross_entropy_agrees_with_torch_however_sure_the_logits(pairs):
    logits, targets = zip(*pairs, strict=True)
    values, tensor = [Value(z) for z in logits], double(logits)
    check(
        losses.binary_cross_entropy_with_logits(values, targets),
        F.binary_cross_entropy_with_logits(tensor, torch.tensor(targets, dtype=torch.float64)),
        values,
        tensor,
    )


def test_binary_cross_entropy_pulls_at_a_logit_of_exactly_zero():
    z = Value(0.0)
    losses.binary_cross_entropy_with_logits([z], [1]).backward()
    assert z.grad == -0.5


@given(rows)
@settings(max_examples=50, deadline=None)
def test_cross_entropy_agrees_with_torch_however_sure_the_logits(examples):
    logits, targets = [row for row, _ in examples], [target for _, target in examples]
    values, tensor = [[Value(z) for z in row] for row in logits], double(logits)
    check(
        losses.cross_entropy(values, targets),
        F.cross_entropy(tensor, torch.tensor(targets)),
        [v for row in values for v in row],
        tensor,
    )


@given(st.lists(st.tuples(st.floats(-5, 5), st.sampled_from([-1, 1])), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_max_margin_loss_agrees_with_torch(pairs):
    scores, targets = zip(*pairs, strict=True)
    values, tensor = [Value(s) for s in scores], double(scores)
    theirs = torch.relu(1 - torch.tensor(targets, dtype=torch.float64) * tensor).mean()
    check(losses.max_margin_loss(values, targets), theirs, values, tensor)


def test_the_penalty_is_the_sum_of_squares():
    values, tensor = [Value(p) for p in (0.5, -2.0, 3.0)], double([0.5, -2.0, 3.0])
    check(losses.l2_penalty(values, 1e-4), 1e-4 * (tensor**2).sum(), values, tensor)


def test_labels_0_and_1_are_no_sides_of_a_margin():
    with pytest.raises(ValueError, match="targets of a max-margin loss are -1 and 1, not 0"):
        losses.max_margin_loss([Value(1.0), Value(2.0)], [0, 1])


@pytest.mark.parametrize("target", [-1, 3])
def test_a_target_that_is_no_class_is_refused(target):
    with pytest.raises(ValueError, match=f"target {target} is no class: a row of logits has classes 0 to 2"):
        losses.cross_entropy([[Value(0.0)] * 3], [target])


@pytest.mark.parametrize(("predictions", "targets"), [([], []), ([Value(1.0)], [1.0, 2.0])])
def test_every_prediction_needs_a_target(predictions, targets):
    with pytest.raises(ValueError, match="give one target for each prediction"):
        losses.mse_loss(predictions, targets)
