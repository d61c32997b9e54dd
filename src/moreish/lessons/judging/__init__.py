"""Judges of the exercises: by what an answer does, held against an oracle of its own, never by its text.

A judge is a function of an `Answer` that raises `Wrong` with one sentence, which names the mistake where it can.
"""

from collections.abc import Callable
from importlib import import_module

from moreish.lessons.judging.answer import Answer

Judge = Callable[[Answer], None]
PARTS = ("scalars", "counting", "windows", "starts", "norms", "gradients", "convolutions", "attention", "training")


def judge_of(id: str) -> Judge:
    """The judge of an exercise."""
    for part in PARTS:
        judges: dict[str, Judge] = import_module(f"moreish.lessons.judging.{part}").JUDGES
        if id in judges:
            return judges[id]
    raise AssertionError(f"exercise {id} has no judge")
