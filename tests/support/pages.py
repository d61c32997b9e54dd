"""What tests of the studio's page share: items to learn, where one goes, what is read there."""

import random
import re
import time

WAIT = 90_000  # milliseconds, on a machine that is busy with other tests


def invented(count=200):
    """Items that nobody has seen before."""
    rng = random.Random(18)
    starts, vowels, ends = (
        ["br", "t", "k", "m", "f", "gr", "st"],
        ["a", "e", "o", "ai", "u"],
        ["lin", "ra", "th", "wick"],
    )
    made = set()
    while len(made) < count:
        made.add(rng.choice(starts) + rng.choice(vowels) + rng.choice("lnr") + rng.choice(vowels) + rng.choice(ends))
    return sorted(made)


def at(page, view):
    """Another view of the same run."""
    page.goto(re.sub(r"#/[\w-]+", f"#/{view}", page.url))


def fact(page, name):
    """The number under a heading of the page."""
    shown = page.locator("dl > div", has=page.get_by_text(name, exact=True)).locator("dd").first.inner_text()
    return float(shown.replace(",", ""))


def steps(page):
    return fact(page, "step")


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)
