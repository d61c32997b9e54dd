"""What every test may use: small lists, and hypothesis without deadlines on shared machines."""

import os

import pytest
from hypothesis import settings

from moreish.data import from_items

settings.register_profile("moreish", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "moreish")

SYLLABLES = ("ka", "lo", "mi", "ren", "ta", "shi", "vu", "an", "el")


def made_items(count: int) -> list[str]:
    """Different items with some structure: numbers written in syllables."""
    items = []
    for n in range(1, count + 1):
        word = ""
        while n:
            n, digit = divmod(n, len(SYLLABLES))
            word += SYLLABLES[digit]
        items.append(word)
    return items


@pytest.fixture(scope="session")
def corpus():
    """300 items of 13 symbols, split by hash."""
    return from_items(made_items(300))
