"""Mistakes named from the numbers alone, without a rule."""

import pytest
import torch

from moreish.backprop.causes import Evidence, explain


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


RIGHT, DY = numbers(4, 4), numbers(4, 4, seed=1)
FIRST, SECOND = numbers(4, 4, seed=2), numbers(4, 4, seed=3)
TERMS = Evidence(terms={"the first": FIRST, "the second": SECOND}, sizes=[7])

CASES = {
    "nothing": (None, RIGHT, Evidence(), "nothing arrives: the gradient is missing"),
    "zeros": (RIGHT * 0, RIGHT, Evidence(), "nothing arrives: the gradient is missing"),
    "nan": (
        RIGHT * torch.nan,
        RIGHT,
        Evidence(),
        "it is nan: something was divided by zero, or infinity taken from infinity",
    ),
    "square and transposed": (RIGHT.T, RIGHT, Evidence(), "the product is transposed"),
    "transposed": (
        numbers(2, 3).T,
        numbers(2, 3),
        Evidence(),
        "the product is transposed (its shape is (3, 2), its value's (2, 3))",
    ),
    "reshaped": (
        numbers(6),
        numbers(2, 3),
        Evidence(),
        "the numbers are right, the shape is not (its shape is (6,), its value's (2, 3))",
    ),
    "no shape that fits": (
        numbers(5),
        numbers(2, 3),
        Evidence(),
        "a gradient has the shape of its value (its shape is (5,), its value's (2, 3))",
    ),
    "kept dimension not summed": (
        DY,
        DY.sum(1, keepdim=True),
        Evidence(),
        "the sum over the broadcast dimension 1 is missing (its shape is (4, 4), its value's (4, 1))",
    ),
    "summed over the wrong one": (
        DY.sum(1),
        DY.sum(0),
        Evidence(dy=DY),
        "the sum runs over dimension 1, which was not the broadcast one",
    ),
    "a row": (
        DY[2],
        DY.sum(0),
        Evidence(dy=DY),
        "one row stands where the sum over the broadcast dimension belongs: overwritten instead of added",
    ),
    "handed on": (DY, RIGHT * DY, Evidence(dy=DY), "dy is handed on as it is: the local derivative is missing"),
    "local alone": (
        RIGHT,
        RIGHT * DY,
        Evidence(dy=DY),
        "this is the local derivative alone: it is not multiplied by dy",
    ),
    "sign": (-RIGHT, RIGHT, Evidence(), "the gradient has the wrong sign"),
    "twice": (2 * RIGHT, RIGHT, Evidence(), "the gradient is counted twice"),
    "n": (
        7 * RIGHT,
        RIGHT,
        Evidence(sizes=[7]),
        "the gradient is n = 7 times too large: a division by n, as of a mean, is missing",
    ),
    "1/n": (
        RIGHT / 7,
        RIGHT,
        Evidence(sizes=[7]),
        "the gradient is n = 7 times too small: divided by n once too often",
    ),
    "n/(n-1)": (
        RIGHT * 7 / 6,
        RIGHT,
        Evidence(sizes=[7]),
        "the gradient is divided by n - 1 = 6, and n = 7 belongs there",
    ),
    "(n-1)/n": (
        RIGHT * 6 / 7,
        RIGHT,
        Evidence(sizes=[7]),
        "the gradient is divided by n = 7, and n - 1 = 6 belongs there",
    ),
    "factor": (RIGHT / 0.3, RIGHT, Evidence(factors={"the scale": 0.3}), "the gradient lacks the scale"),
    "some factor": (RIGHT * 0.77, RIGHT, Evidence(), "the gradient is 0.77 times what it should be"),
    "missing term": (SECOND, FIRST + SECOND, TERMS, "the first is missing"),
    "sign of a term": (FIRST - SECOND, FIRST + SECOND, TERMS, "the second has the wrong sign"),
    "two terms": (
        7 * FIRST - SECOND,
        FIRST + SECOND,
        TERMS,
        "the first is n = 7 times too large: a division by n, as of a mean, is missing; the second has the wrong "
        "sign",
    ),
    "two odd terms": (
        0.3 * FIRST + 0.6 * SECOND,
        FIRST + SECOND,
        TERMS,
        "the first is 0.3 times what it should be; the second is 0.6 times what it should be",
    ),
    "a known mistake": (DY.exp(), RIGHT, Evidence(mistakes=[("it is e^dy", lambda: DY.exp())]), "it is e^dy"),
    "no idea": (
        torch.where(RIGHT > 0, RIGHT + 1, RIGHT),
        RIGHT,
        Evidence(),
        f"no mistake known here fits; {int((RIGHT > 0).sum())} of 16 elements differ",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cause_is_named(case):
    wrong, right, evidence, cause = CASES[case]
    assert explain(wrong, right, evidence) == cause


@pytest.mark.parametrize("case", CASES)
def test_rounding_to_float32_does_not_hide_the_cause(case):
    wrong, right, evidence, cause = CASES[case]
    assert explain(wrong if wrong is None else wrong.float(), right, evidence) == cause


def test_a_mistake_that_the_shapes_do_not_allow_is_passed_over():
    impossible = ("dy @ dy", lambda: numbers(2, 3) @ numbers(2, 3))
    assert explain(-RIGHT, RIGHT, Evidence(mistakes=[impossible])) == "the gradient has the wrong sign"
    assert explain(RIGHT.exp(), RIGHT, Evidence(mistakes=[impossible])).startswith("no mistake known here fits")


def test_one_odd_term_alone_is_named_with_its_coefficient():
    assert explain(FIRST + 0.6 * SECOND, FIRST + SECOND, TERMS) == "the second is 0.6 times what it should be"
