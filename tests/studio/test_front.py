"""The page is there before the application is; what needs the application waits for it."""

import subprocess
import sys
import threading
import webbrowser
from pathlib import Path

import pytest

from moreish.cli.studio import _view_of, takes_terminal
from moreish.studio import front
from moreish.studio.front import Front
from tests.serving.conftest import Client
from tests.studio.conftest import TOKEN


@pytest.fixture
def built(monkeypatch):
    monkeypatch.setattr(front, "document", lambda: b"<p>the page</p>")
    monkeypatch.setattr(front, "asset", lambda name: (b"let a", "text/javascript") if name == "a.js" else None)


def test_the_page_is_answered_while_the_application_is_made_and_the_rest_waits_for_it(built, application):
    may_go_on = threading.Event()

    def make():
        may_go_on.wait(60)
        return application

    client = Client(Front(make, TOKEN))
    page = client.get("/", token=TOKEN)
    assert (page.status_code, page.text) == (200, "<p>the page</p>")
    assert page.headers["content-security-policy"] == "default-src 'self'"
    assert client.get("/assets/a.js", token=TOKEN).text == "let a"
    assert client.get("/", token=None).status_code == 401
    assert client.get("/assets/a.js", token="another-token").status_code == 401
    assert client.get(f"/?token={TOKEN}", token=None).status_code == 303
    may_go_on.set()
    assert client.get("/api/about", token=TOKEN).status_code == 200
    assert client.get("/assets/../a.js", token=TOKEN).status_code == 404


def test_a_server_that_closes_before_the_application_is_made_leaves_nobody_waiting(built):
    may_go_on = threading.Event()
    waiting = Front(lambda: may_go_on.wait(60), TOKEN)
    threading.Timer(0.2, waiting.end_streams).start()
    assert Client(waiting).get("/api/events", token=TOKEN).status_code == 503
    may_go_on.set()


def test_what_made_it_fail_is_told_to_whoever_asks(built):
    def make():
        raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"):
        Client(Front(make, TOKEN)).get("/api/about", token=TOKEN)


def test_listening_loads_neither_fastapi_nor_numpy_nor_torch():
    code = (
        "import sys, moreish.cli.studio, uvicorn, moreish.studio.front;print([name for name in ('fastapi', 'numpy', "
        "'torch', 'pydantic') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("browser", "takes"),
    [(webbrowser.GenericBrowser("lynx"), True), (webbrowser.BackgroundBrowser("xdg-open"), False)],
)
def test_a_browser_of_text_is_not_opened_over_the_terminal(monkeypatch, browser, takes):
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    assert takes_terminal() is takes
    monkeypatch.setenv("BROWSER", "lynx")
    assert not takes_terminal()


def test_a_run_that_is_opened_is_what_the_page_begins_with():
    assert _view_of(()) == ""
    assert _view_of((Path("runs/a&b=c"), Path("runs/other"))) == "#/train?run=a%26b%3Dc"
