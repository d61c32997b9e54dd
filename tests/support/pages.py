"""What tests of the studio's page share: items to learn, where one goes, what is read there."""

import random
import re
import time

SMALL_NET = {"model": {"n_hidden": 16, "n_embd": 4}, "train": {"steps": 60, "eval_every": 20}}
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


def press(page, name, says):
    """Click until it is said: what moves between press and release takes a click away, as from a person."""
    from playwright.sync_api import TimeoutError

    for _ in range(6):
        page.get_by_role("button", name=name).click()
        try:
            page.get_by_text(says).first.wait_for(timeout=WAIT / 6)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{says!r} was never said; the page says {page.inner_text('body')!r}")


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)


def fresh(page, address):
    """A view as a link opens it."""
    page.goto(page.url.partition("#")[0] + address)
    page.locator("h1").wait_for()


def paste(page, items):
    """A list of one's own; gives its id."""
    fresh(page, "#/list")
    page.get_by_label("The items, one a line").fill("\n".join(items))
    with page.expect_response("**/api/lists/pasted") as answer:
        page.get_by_role("button", name="Use this list").click()
    made = answer.value.json()["list"]
    page.get_by_role("heading", name=made).wait_for()
    return made


def begin(page, list, model, options=None):
    """A run of its own; gives its name."""
    body = {"list": list, "model": model, "options": options or {}}
    return page.evaluate(
        """async (body) => (await (await fetch("/api/runs", {
            method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(body),
        })).json()).run""",
        body,
    )


def state_of(page, run):
    rows = page.evaluate("async () => (await fetch('/api/runs')).json()")
    return next((row["state"] for row in rows if row["run"] == run), "gone")
