"""Every exercise: our solution and others that are right pass, wrong ones fail with a hint that names the mistake.

The answers stand in `answers/`, a section each: `# === 3.1 right: ...`, `# === 3.1 wrong: words | of | the hint`.
Each is run after the exercise's own file, so that only what differs is written down.
"""

import re
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from moreish.lessons.exercises import EXERCISES, exercise, judge
from moreish.lessons.judging import judge_of, training
from moreish.lessons.table import LESSONS


class Section(NamedTuple):
    """One answer of the table."""

    id: str
    right: bool
    words: str
    code: str


def sections() -> list[Section]:
    found = []
    for path in sorted((Path(__file__).parent / "answers").glob("*.py")):
        parts = re.split(r"^# === (\S+) (right|wrong): (.*)\n", path.read_text(encoding="utf-8"), flags=re.M)
        found += [Section(i, kind == "right", w, c) for i, kind, w, c in zip(*[iter(parts[1:])] * 4, strict=True)]
    return found


SECTIONS = sections()


@pytest.fixture(autouse=True)
def _short_and_as_they_are_written(monkeypatch):
    monkeypatch.setenv("MOREISH_SHORT", "1")
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: f"{s.id}-{'right' if s.right else 'wrong'}-{s.words}")
def test_what_is_right_passes_and_what_is_wrong_is_told_why(section):
    chosen = exercise(section.id)
    said = judge(chosen, f"{chosen.task}\n{section.code}")
    if section.right:
        assert said is None
    else:
        assert said is not None
        assert any(words.strip() in said for words in section.words.split("|")), said


@pytest.mark.slow
@pytest.mark.parametrize("chosen", EXERCISES, ids=lambda e: e.id)
def test_our_solution_passes_and_the_broken_file_does_not(chosen, monkeypatch):
    assert judge(chosen, chosen.solution) is None
    monkeypatch.setattr(training, "SHORT_STEPS", 30)  # what is short for all is enough for some that are too short
    said = judge(chosen, chosen.task)
    assert said
    assert "\n" not in said


def test_every_exercise_has_three_right_answers_and_three_wrong_ones():
    right = Counter(s.id for s in SECTIONS if s.right)
    wrong = Counter(s.id for s in SECTIONS if not s.right)
    assert set(right) == set(wrong) == {e.id for e in EXERCISES}
    assert min(right.values()) >= 3
    assert min(wrong.values()) >= 3
    assert sum(right.values()) >= 100


def test_every_exercise_belongs_to_a_lesson_and_has_hints_and_a_judge():
    for each in EXERCISES:
        assert int(each.id.split(".")[0]) in {lesson.number for lesson in LESSONS}
        assert len(each.hints) >= 3
        assert callable(judge_of(each.id))


@pytest.mark.parametrize("text", ["def slope(f, x:", "1 / 0", "", "slope = 3", "def slope(f, x): return f"])
def test_a_file_that_cannot_be_judged_is_told_so_in_one_sentence(text):
    said = judge(exercise("1.1"), text)
    assert said
    assert "\n" not in said


STRANGE = [
    "'letters'", "b''", "[]", "{1: 2}", "(1, 2)", "(None, None)", "['ab', 'cd']", "[[1], [2, 3]]", "[['a'], 'b']",
    "object()",
    "float('nan')", "lambda *_: 1", "iter([1])", "torch.zeros(0)", "torch.zeros(2, 3, 4, dtype=torch.bool)",
    "[torch.zeros(2), torch.zeros(3)]", "(torch.zeros(1),) * 5",
]  # fmt: skip


@pytest.mark.parametrize("chosen", [e for e in EXERCISES if e.id != "11.4"], ids=lambda e: e.id)
@pytest.mark.parametrize("strange", STRANGE)
def test_whatever_an_answer_returns_it_is_told_in_one_sentence(chosen, strange):
    names = re.findall(r"^(?:def|class) (\w+)|^([A-Z]+) =", chosen.task, flags=re.M)
    odd = "\n".join(f"{c} = {strange}" if c else f"def {f}(*_, **__):\n    return {strange}" for f, c in names)
    said = judge(chosen, f"import torch\n{chosen.task}\n{odd}")
    assert said
    assert "\n" not in said


def test_rows_may_come_as_a_list_of_tensors():
    chosen = exercise("3.1")
    rows = "def probabilities(N, k):\n    return [(row + k) / (row + k).sum() for row in N]"
    assert judge(chosen, f"{chosen.task}\n{rows}") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("-p", "the sign is turned"),
        ("3 * p", "3 times what is right"),
        ("p + 0.25", "0.25 more than what is right"),
        ("p.flip(1)", "dimension 1 stands in reverse order"),
        ("p.T", "it is transposed"),
        ("p[:, :1]", "only the first of dimension 1 is there"),
        ("p.mean()", "their mean"),
        ("p[:, torch.tensor([1, 2, 0])]", "late by one | early by one"),
        ("p[None]", "a dimension of 1 has to go"),
        ("torch.zeros(3, 3)", "everything is 0"),
    ],
)
def test_what_is_near_to_right_is_told_how(change, words):
    chosen = exercise("3.1")
    near = (
        f"import torch\ndef probabilities(N, k):\n    p = (N + k) / (N + k).sum(1, keepdim=True)\n    return {change}"
    )
    said = judge(chosen, f"{chosen.task}\n{near}")
    assert any(each.strip() in (said or "") for each in words.split("|")), said
