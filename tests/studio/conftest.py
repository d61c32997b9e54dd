"""A studio's application in this process, with a run that was trained, changed and watched."""

import pytest

import moreish
from moreish.data import from_items
from moreish.runs import commands
from moreish.studio.application import app
from tests.serving.conftest import Client
from tests.support.browser import chromium, need_page, studio
from tests.support.lists import made_items
from tests.support.pages import WAIT

TOKEN = "a-token-of-tests"
SMALL = {
    "model": {"n_hidden": 16, "n_embd": 4},
    "train": {"steps": 120, "batch_size": 32, "doctor": True, "histograms": True, "device": "cpu"},
}
ORIGIN = {"origin": "http://127.0.0.1:8000"}


class Page(Client):
    """What the studio's own page would send."""

    def send(self, method, path, *, headers=None, **more):
        own = {} if method in ("GET", "HEAD") else ORIGIN
        return super().send(method, path, headers={**own, **(headers or {})}, **more)


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A folder with one run, which was paused, broken and healed while it trained."""
    root = tmp_path_factory.mktemp("runs")

    def person(event):
        match event:
            case moreish.runs.events.Step(step=20):
                commands.steer(root / "one", commands.Break("F04", 5))
                commands.steer(root / "one", commands.Lr(0.5))

    moreish.train(from_items(made_items(200)), model="mlp", options=SMALL, out=root / "one", watch=person)
    return root


@pytest.fixture(scope="session")
def application(root):
    return app(root, token=TOKEN)


@pytest.fixture(scope="session")
def page(application):
    return Page(application)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A page of a studio with nothing in it, its browser, and all that went wrong."""
    need_page()
    with studio(tmp_path_factory.mktemp("studio") / "runs") as (process, url), chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(WAIT)
        page, wrong = context.new_page(), []
        origin = url.partition("/?")[0]
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((origin, "data:", "blob:")) else wrong.append(asked.url),
        )
        page.goto(url)
        yield page, context, wrong, process
