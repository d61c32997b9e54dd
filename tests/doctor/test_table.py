"""The table of rules: each declares everything about itself, so that a new finding is one function."""

import json
import math
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor, Finding, failing, preflight
from moreish.doctor.frames.history import History
from moreish.doctor.judge.diagnosis import diagnose, judge
from moreish.doctor.judge.rules import RULES
from moreish.doctor.judge.table import HOLDS, NOT_LEARNING, RUNAWAY, SYMPTOM, Needs, Rule, found, named_rules
from moreish.doctor.tell.catalogue import catalogue
from tests.doctor.worlds import fit, language, mlp


@pytest.mark.parametrize("id", RULES)
def test_a_rule_declares_everything_about_itself(id):
    rule = RULES[id]
    assert rule.id == id
    assert re.fullmatch(r"[FP]\d{2,3}", id)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.slug)
    assert rule.name
    assert rule.why.count("\n") == 2
    assert rule.judged_by.endswith(".")
    assert rule.needs in Needs.__args__[0].__args__ + Needs.__args__[1].__args__
    assert set(rule.explains) <= {*RULES, RUNAWAY, NOT_LEARNING}
    assert set(rule.explained_by) <= set(RULES)
    assert set(rule.kinds) <= {RUNAWAY, NOT_LEARNING}
    assert not rule.explained(rule)
    assert (rule.rank < SYMPTOM) == bool(rule.explains)  # a cause has its place among causes
    assert not (rule.preflight and rule.needs not in HOLDS)


@pytest.mark.parametrize("id", RULES)
def test_a_rule_is_silent_on_a_run_of_which_nothing_was_seen(id):
    assert list(RULES[id].judge(History())) == []


def test_the_catalogue_has_every_finding():
    text = catalogue()
    for rule in RULES.values():
        assert f"{rule.id} {rule.slug}: {rule.name}" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100


def test_slugs_and_the_ranks_of_causes_are_their_own():
    assert len({rule.slug for rule in RULES.values()}) == len(RULES)
    ranks = [rule.rank for rule in RULES.values() if rule.rank < SYMPTOM]
    assert len(set(ranks)) == len(ranks)


def test_a_finding_is_named_by_its_id_or_its_slug():
    assert named_rules(["F45", "no-gradient", "F16"]) == {"F45", "F16"}
    with pytest.raises(ValueError, match=r"no finding batch-mixed; did you mean \"batch-mixing\"\?"):
        named_rules(["F45", "batch-mixed"])
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with Doctor(model, optimizer, budget=math.inf, ignore=("nothing-changes",)) as doctor:
        fit(model, optimizer, *language(), 6)
    assert "F19" not in [f.id for f in doctor.findings]


def test_what_to_fail_on_is_a_severity_or_a_finding_wherever_it_stands():
    symptom = Finding("F22", "watch", "", 10, "s", "r")
    root = Finding("F13", "sick", "", 10, "s", "r", symptoms=(symptom,))
    mild = Finding("F36", "info", "", 0, "s", "r")
    assert failing([root, mild], "watch") == failing([root, mild], "high-learning-rate") == [root]
    assert failing([root, mild], "only-frequencies") == failing([root, mild], "F22") == [symptom]
    assert failing([root, mild], "useless-bias") == [mild]
    assert failing([root, mild], "no-gradient") == []
    with pytest.raises(ValueError, match="no finding ill"):
        failing([], "ill")


def test_the_slug_stands_beside_the_id_wherever_it_is_shown():
    model = mlp().append(nn.Softmax(-1))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, *language(), 6)
    said = (
        "SICK  F38 double-softmax: softmax before cross-entropy\n      at `5: Softmax(dim=-1)`, called in worlds.py:"
    )
    assert said in doctor.report()
    assert "F38 double-softmax" in doctor.to_html()
    plain = json.loads(json.dumps(doctor.to_dict()))["findings"][0]
    assert (plain["id"], plain["slug"], plain["name"]) == ("F38", "double-softmax", "softmax before cross-entropy")
    assert Finding.from_dict(plain).title == "F38 double-softmax"
    del plain["slug"]  # of a run that was trained before there were slugs
    assert Finding.from_dict(plain).title == "F38"


@pytest.fixture
def shouting(monkeypatch):
    """A new finding: this function, and nothing else anywhere."""
    monkeypatch.setattr("moreish.doctor.judge.table.RULES", RULES)
    before = dict(RULES)

    @Rule(
        "F99",
        "loud-output",
        "the output shouts",
        why="One.\nTwo.\nThree.",
        needs="first frame",
        explains=("F38", NOT_LEARNING),
        explained_by=("F01",),
        rank=55,
        preflight=True,
    )
    def loud(history):
        """The first frame has a logit."""
        highest = history.first.values.get("loss.1/highest")
        if highest is not None:
            yield found("sick", "5", history.first.step, "It shouts.", "Whisper.", highest=highest)

    yield RULES["F99"]
    RULES.clear()
    RULES.update(before)


def test_a_new_finding_is_one_function(shouting):
    model, (x, y) = mlp().append(nn.Softmax(-1)), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 6)
    assert [f.title for f in doctor.findings if f.severity == "sick"] == ["F99 loud-output"]
    assert "F38" in [s.id for s in doctor.findings[0].symptoms]
    assert "SICK  F99 loud-output: the output shouts\n      at `5" in doctor.report()
    assert "F99" in [f.id for f in preflight(model, x[:64], y[:64], F.cross_entropy, steps=8)]
    assert [f.id for f in judge(doctor.history, ignore=named_rules(["loud-output"])) if f.id == "F99"] == []
    sick = [Finding(id, "sick", "", 10, "s", "r") for id in ("F99", "F01", "F22")]
    assert [(f.id, [s.id for s in f.symptoms]) for f in diagnose(sick)] == [("F01", ["F99", "F22"])]
