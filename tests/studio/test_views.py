"""Views of the page in a real browser: what each asks of the server, what it says, and what it leaves alone."""

import re

import pytest

from tests.support.pages import invented


@pytest.fixture
def page(opened):
    """The page of a studio, wherever another test has left it."""
    return opened[0]


def fresh(page, address):
    """A view as a link opens it."""
    page.goto(re.sub("#.*", address, page.url))
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


def asked_of(page, part, milliseconds=3000):
    """How often something is asked for meanwhile."""
    found = []

    def heard(request):
        if part in request.url:
            found.append(request.url)

    page.on("request", heard)
    page.wait_for_timeout(milliseconds)
    page.remove_listener("request", heard)
    return len(found)


def test_a_list_is_asked_for_once(page):
    paste(page, invented())
    assert asked_of(page, "/report") == 0
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/report" in request.url else None)
    fresh(page, "#/list?list=names")
    page.get_by_label("How often each symbol stands in the list").wait_for()
    fresh(page, "#/list?list=none-such")
    page.get_by_role("alert").wait_for()
    page.wait_for_timeout(1000)
    assert [url.split("/")[-2] for url in asked] == ["names", "none-such"]
