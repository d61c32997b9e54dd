"""Options declared once: building, ranges, assignments, merging."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.options import build, did_you_mean, merge, option, parse_assignments, to_dict


@dataclass(frozen=True)
class Inner:
    share: float = option(0.5, "a share", above=0, below=1)


@dataclass(frozen=True)
class Outer:
    steps: int = option(10, "steps", low=1, high=100)
    lr: float | None = option(None, "rate", above=0)
    kind: Literal["a", "b"] = option("a", "which")
    on: bool = option(False, "whether")
    name: str = option("", "name")
    betas: tuple[float, ...] = option((0.9, 0.99), "betas", low=0, below=1)
    inner: Inner = Inner()


def test_what_is_left_out_keeps_its_default():
    assert build(Outer, {"steps": 3, "inner": {"share": 0.25}}) == Outer(steps=3, inner=Inner(0.25))


def test_a_base_gives_what_is_left_out():
    assert build(Outer, {"kind": "b"}, base=Outer(steps=7, on=True)) == Outer(steps=7, on=True, kind="b")


def test_whole_numbers_serve_as_numbers_lists_as_tuples_and_none_as_text():
    built = build(Outer, {"lr": 1, "betas": [0, 0.5], "name": 12})
    assert (built.lr, built.betas, built.name) == (1.0, (0.0, 0.5), "12")
    assert build(Outer, {"lr": "none"}).lr is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"step": 3}, 'there is no option "train.step"; did you mean "train.steps"?'),
        ({"zzz": 3}, "known: train.betas"),
        ({"steps": 0}, "train.steps is 0, but must be at least 1 and at most 100"),
        ({"steps": 101}, "at most 100"),
        ({"steps": 2.5}, "train.steps is a whole number, not 2.5"),
        ({"steps": True}, "train.steps is a whole number, not true"),
        ({"steps": "3"}, 'train.steps is a whole number, not "3"'),
        ({"lr": 0}, "train.lr is 0, but must be more than 0"),
        ({"lr": float("nan")}, "train.lr is a number or none, not NaN"),
        ({"kind": "c"}, 'train.kind is one of a, b, not "c"'),
        ({"on": 1}, "train.on is true or false, not 1"),
        ({"betas": [0.5, 1]}, "train.betas is 1, but must be at least 0 and less than 1"),
        ({"betas": 0.5}, "train.betas is a list, each a number, not 0.5"),
        ({"inner": {"share": 1}}, "train.inner.share is 1, but must be more than 0 and less than 1"),
        ({"inner": {"shre": 1}}, 'did you mean "train.inner.share"?'),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_option(values, sentence):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the sentence is compared below
        build(Outer, values, "train.")
    assert sentence in str(error.value)


configs = st.builds(
    Outer,
    steps=st.integers(1, 100),
    lr=st.none() | st.floats(1e-9, 1e9),
    kind=st.sampled_from(["a", "b"]),
    on=st.booleans(),
    name=st.text().filter(lambda s: s != "none"),
    betas=st.lists(st.floats(0, 1, exclude_max=True), max_size=4).map(tuple),
    inner=st.builds(Inner, st.floats(0, 1, exclude_min=True, exclude_max=True)),
)


@given(configs)
def test_plain_values_and_back_is_the_same_configuration(config):
    assert build(Outer, to_dict(config)) == config


def test_assignments_become_nested_values():
    made = parse_assignments(["model.n_hidden=300", "train.lr=1e-2", "model.name=gru", "seed=4", "a.b=[1, 2]"])
    assert made == {"model": {"n_hidden": 300, "name": "gru"}, "train": {"lr": 0.01}, "seed": 4, "a": {"b": [1, 2]}}


@pytest.mark.parametrize("wrong", ["n_hidden", "=3", "a=1,a.b=2"])
def test_an_assignment_of_another_form_is_refused(wrong):
    with pytest.raises(ValueError, match=r"is not of the form|is an option, not a section"):
        parse_assignments(wrong.split(","))


leaves = st.dictionaries(st.sampled_from(["x", "y", "z"]), st.integers(), max_size=3)
sections = st.dictionaries(st.sampled_from("abc"), leaves, max_size=3)


@given(sections, sections, sections)
def test_later_layers_win_option_by_option_in_whatever_order_they_are_put_together(a, b, c):
    merged = merge(merge(a, b), c)
    assert merged == merge(a, merge(b, c)) == merge(a, b, c)
    for section in set(a) | set(b) | set(c):
        assert merged[section] == {**a.get(section, {}), **b.get(section, {}), **c.get(section, {})}


def test_the_nearest_word_is_offered_and_else_all_of_them():
    assert did_you_mean("gruu", ["gru", "mlp"]) == '; did you mean "gru"?'
    assert did_you_mean("xyz", ["gru", "mlp"]) == "; known: gru, mlp"
