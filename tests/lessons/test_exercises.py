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


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: f"{s.id}-{'right' if s.right else 'wrong'}-{s.words}")
def test_what_is_right_passes_and_what_is_wrong_is_told_why(section):
    chosen = exercise(section.id)
    said = judge(chosen, f"{chosen.task}\n{section.code}")
    if section.right:
        assert said is None
    else:
        assert said is not None
        assert any(words.strip() in said for words in section.words.split("|")), said


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
