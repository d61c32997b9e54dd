"""What an exception of torch means."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor.tell.failures import MEANINGS, explained


def said_of(function):
    with pytest.raises((RuntimeError, ValueError, IndexError)) as caught:
        function()
    return explained(caught.value)


def test_an_id_too_large_is_told_with_the_rows_of_the_table():
    said = said_of(lambda: nn.Embedding(26, 4)(torch.tensor([3, 26])))
    assert "ids go from 3 to 26" in said
    assert "rows 0 to 25" in said


def test_a_label_out_of_range_is_told_with_the_classes():
    said = said_of(lambda: F.cross_entropy(torch.zeros(2, 10), torch.tensor([1, 10])))
    assert "labels go from 1 to 10" in said
    assert "classes from 0 to 9" in said


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lambda: nn.Linear(8, 2)(torch.zeros(3, 5)), "5 features"),
        (lambda: nn.Conv2d(3, 2, 3)(torch.zeros(1, 1, 8, 8)), "3 channels and gets 1"),
        (lambda: F.cross_entropy(torch.zeros(4, 3), torch.zeros(5, dtype=torch.int64)), "4 rows of logits and 5"),
        (lambda: F.cross_entropy(torch.zeros(4, 3), torch.zeros(4, 1, dtype=torch.int64)), "squeeze"),
        (lambda: F.cross_entropy(torch.zeros(4, 3), torch.zeros(4)), "int64"),
        (lambda: nn.Linear(2, 2)(torch.zeros(2, 2, dtype=torch.float64)), "float()"),
        (lambda: torch.zeros(2) + torch.zeros(3), "shapes"),
        (lambda: torch.zeros(()).backward(), "graph was cut"),
        (lambda: torch.zeros(2, requires_grad=True).exp().backward(), "one number"),
        (lambda: nn.BatchNorm1d(2)(torch.zeros(1, 2)), "batch of one"),
        (lambda: F.binary_cross_entropy(torch.full((2,), 2.0), torch.zeros(2)), "within 0 to 1"),
        (lambda: torch.optim.SGD([], 0.1), "ModuleList"),
        (lambda: torch.stack([torch.zeros(2), torch.zeros(3)]), "pad them"),
        (lambda: torch.zeros(2, requires_grad=True).numpy(), "detach()"),
        (lambda: torch.zeros(2, 3).t().view(-1), "reshape"),
        (lambda: torch.multinomial(torch.tensor([float("nan"), 1.0]), 1), "NaN"),
    ],
)
def test_what_beginners_meet_is_explained(function, word):
    assert word in said_of(function)


def test_a_second_backward_and_a_change_in_place_are_explained():
    x = torch.ones(2, requires_grad=True)
    y = x.exp().sum()
    y.backward()
    assert "earlier step" in said_of(y.backward)
    z = x.exp()
    loss = z.sum()
    z.detach().add_(1)
    assert "meanwhile" in said_of(loss.backward)
    assert "no_grad" in said_of(lambda: x.add_(1))


def test_an_exception_that_is_not_torchs_is_left_alone():
    assert explained(KeyError("name")) is None
    assert explained(ValueError("a split of {0}")) is None


@pytest.mark.parametrize(("pattern", "meaning"), MEANINGS)
def test_every_meaning_is_a_sentence(pattern, meaning):
    assert meaning[0].isupper()
    assert meaning.endswith((".", ")."))
