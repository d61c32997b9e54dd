"""Options that would crash a training or never end: refused by their names."""

import pytest

from moreish.options import parse_assignments
from moreish.recipes import Overrides, resolve


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("train.threads=1000000", "train.threads is 1,000,000, but must be"),
        ("train.time_budget=1e308", "train.time_budget is 1e+308, but must be"),
        ("train.time_budget=Infinity", "train.time_budget is a number or none, not Infinity"),
        ("train.steps=1" + "0" * 400, "train.steps is a whole number, not 1000"),
        ("model.name=[]", "model.name is a name"),
        ("model.train=x", "model.train"),
        ("model.components=x", "components"),
    ],
)
def test_what_would_crash_or_never_end_is_refused_by_its_name(assignment, named):
    with pytest.raises(ValueError, match=r"^.{1,400}$") as raised:
        resolve("quick", Overrides(settings=parse_assignments([assignment])))
    assert named in str(raised.value)
