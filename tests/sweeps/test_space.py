"""What a sweep tries, as it is written, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.sweeps.space import Choices, Range, combinations, nested, parse_space

numbers = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6, allow_nan=False))


def test_ranges_and_choices_are_read_as_they_are_written():
    assert parse_space(["train.lr=1e-4..1e-1:log", "model.n_hidden=64,128", "train.clip=0..2", "seed=0,1"]) == {
        "train.lr": Range(1e-4, 1e-1, True),
        "model.n_hidden": Choices((64, 128)),
        "train.clip": Range(0, 2),
        "seed": Choices((0, 1)),
    }
    assert parse_space(["train.schedule=cosine,step"]) == {"train.schedule": Choices(("cosine", "step"))}
    assert Range(16, 64).whole
    assert not Range(0, 0.5).whole


@given(numbers, numbers)
def test_a_range_comes_back_or_is_refused(low, high):
    text = [f"train.lr={low}..{high}"]
    if low < high:
        assert parse_space(text)["train.lr"] == Range(low, high)
    else:
        with pytest.raises(ValueError, match="goes upwards"):
            parse_space(text)


@given(st.lists(st.text("abc=.,:0123 -[{", max_size=12), max_size=3))
def test_whatever_is_written_is_a_space_or_one_sentence(texts):
    try:
        space = parse_space(texts)
    except ValueError as error:
        said = str(error)
    else:
        said = "a space" if space else ""
    assert said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("train.lr", "says no values"),
        ("data.lower=true,false", "options of the model and of training, and over seed"),
        ("train.lr=0..1:log", "only what is above 0 has a logarithm"),
        ("train.lr=1..2:step", '":step" is no way to draw'),
        ("train.lr=a..b", "a range is between two numbers"),
        ("train.lr=1e999..2", "a range is between two numbers"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(text, says):
    with pytest.raises(ValueError, match=says):
        parse_space([text])


@given(
    st.dictionaries(st.sampled_from(["train.a", "model.b", "seed"]), st.lists(st.integers(), min_size=1, max_size=4))
)
def test_a_grid_has_every_combination_once(values):
    space = {name: Choices(tuple(dict.fromkeys(options))) for name, options in values.items()}
    found = combinations(space)
    assert found is not None
    assert len(found) == math.prod(len(d.values) for d in space.values())
    assert len({tuple(row.items()) for row in found}) == len(found)
    assert combinations({"train.lr": Range(0, 1)}) is None


def test_options_become_sections():
    assert nested({"train.lr": 1, "train.clip": 2, "seed": 3}) == {"train": {"lr": 1, "clip": 2}, "seed": 3}
