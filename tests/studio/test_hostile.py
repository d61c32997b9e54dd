"""A run folder of somebody who means no good, in a real browser: everything in it is text and nothing more."""

import json

import httpx
import pytest

from moreish.runs import folder
from moreish.studio.export import exported
from tests.studio.test_page import VIEWS, at
from tests.support.browser import chromium, need_page, studio

MARK = "<img src=x onerror=window.hurt=1><script>window.hurt=1</script>"
ITEMS = [
    MARK,
    '"><svg onload=window.hurt=1>',
    "javascript:window.hurt=1",
    "\u202egnihton\u202d \u2066mirrored\u2069",
    "a" * 10_000,
    "{@html window.hurt=1}",
    "</script><script>window.hurt=1</script>",
    "<!--",
    "\u0000\u0007\u2028",
    "`" + MARK + "`",
]
FINDING = {
    "id": MARK, "slug": MARK, "severity": "sick", "layer": MARK, "step": 3, "sentence": f"`{MARK}` {MARK}",
    "remedy": MARK, "name": MARK, "why": "\u202e" + MARK, "confidence": 0.5, "picture": MARK, "numbers": {},
    "symptoms": [], "operation": {"name": MARK, MARK: MARK},
}  # fmt: skip
HISTOGRAM = {"low": -1.0, "high": 1.0, "counts": [3, 1], "mean": 0.0, "std": 0.5, "extreme": 0.9}
LAYER = {"name": MARK, "type": MARK, "activation": HISTOGRAM}


def hostile(place):
    """A run whose records, options and name say whatever a stranger likes; it has no model."""
    options = {"model": {"name": MARK, MARK: MARK}, "train": {"steps": MARK}, "data": {}}
    run = folder.create(place, options, {"symbols": ["a"]})
    said = [
        {"event": "network", "name": MARK, "parameters": 1, "number": 1, "of": 1, "step": 0, "component": 0},
        *({"event": "step", "step": k, "loss": 3 - k / 9, "lr": 0.1, "tokens": 9, "seconds": k, "progress": k / 9,
           "component": 0} for k in range(1, 9)),
        {"event": "eval", "step": 8, "val_loss": 2.5, "best": True, "component": 0},
        {"event": "samples", "step": 8, "items": ITEMS, "known": ["new"] * len(ITEMS)},
        {"event": "finding", "step": 8, "finding": FINDING, "component": 0},
        {"event": "histograms", "step": 8, "at": 7, "layers": [LAYER], "component": 0},
        {"event": "intervention", "step": 8, "at": 8, "kind": "heal", "sentence": MARK, "name": MARK,
         "arguments": {}, "done": True, "component": 0},
        {"event": MARK, "step": 8},
        {"event": "done", "run": MARK, "step": 9, "val_loss": 2.5},
    ]  # fmt: skip
    with run.writing() as writer:
        for record in said:
            writer.append(record)
    return run


def names():
    """What a folder may be called."""
    return ["<img src=x onerror=hurt>", "a&b=c#d?e", "\u202eevil", "n" * 200]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("hostile") / "runs"
    for name in names():
        try:
            hostile(root / name)
        except OSError:
            continue  # no name of a file on this system
    hostile(root / "plain")
    return root


def heard(page):
    """What goes wrong on a page, from here on."""
    wrong = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    return wrong


def text_only(page, view):
    assert page.evaluate("window.hurt") is None, view
    assert page.evaluate("document.querySelectorAll('main img, main script, main iframe').length") == 0, view


@pytest.mark.slow
def test_names_items_and_records_of_a_stranger_are_shown_as_text(place):
    need_page()
    with studio(place) as (_, url), chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 800})
        wrong = heard(page)
        page.goto(url)
        page.locator("header select option").first.wait_for(state="attached")
        names = page.locator("header select option").all_inner_texts()
        assert len(names) == len(list(place.iterdir()))
        for run in names:
            page.locator("header select").select_option(run)
            for view in ("train", "doctor", "compare") if run != "plain" else VIEWS:
                at(page, view)
                page.locator("h1").wait_for()
                page.wait_for_timeout(200)
                text_only(page, (run[:20], view))
        at(page, "train")
        page.get_by_text(MARK).first.wait_for()
        shown = page.get_by_label("The newest items, newest first").locator(".item").all_inner_texts()
        assert MARK in shown
        assert any(len(item) == 10_000 for item in shown)
        assert page.evaluate("document.documentElement.scrollWidth") <= 900
        isolated = page.locator("li .item").first.evaluate("e => getComputedStyle(e).unicodeBidi")
        assert isolated == "isolate"
        at(page, "doctor")
        assert MARK in page.locator("article code").first.inner_text()
        refused = [said for said in wrong if "422" not in said and "404" not in said]  # there is no model to ask
        assert refused == []


@pytest.mark.slow
def test_an_exported_page_opens_from_a_file_and_asks_nobody(place, tmp_path):
    need_page()
    file = tmp_path / "run.html"
    file.write_bytes(exported(folder.Run(place / "plain")))
    with chromium() as browser:
        page = browser.new_page()
        wrong, asked = heard(page), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        page.locator("h1").wait_for()
        page.get_by_text(MARK).first.wait_for()
        for view in ("doctor", "compare", "train"):
            page.goto(f"{file.as_uri()}#/{view}?run=plain")
            page.wait_for_timeout(200)
            text_only(page, view)
        assert page.locator(".uplot").count() == 1
        assert [url for url in asked if not url.startswith((file.as_uri(), "data:", "blob:"))] == []
        assert wrong == []


@pytest.mark.slow
def test_an_upload_over_the_limit_is_cut_off_on_a_real_socket_and_nothing_is_kept(tmp_path):
    root = tmp_path / "runs"
    with studio(root) as (process, url):
        base, _, token = url.partition("/?token=")
        headers = {"authorization": f"Bearer {token}", "origin": base}

        def endless():
            for _ in range(4096):
                yield b"emma\n" * 13107  # 64 KiB

        with httpx.Client(timeout=60) as client:
            try:
                status = client.put(f"{base}/api/lists/big", content=endless(), headers=headers).status_code
            except httpx.WriteError:
                status = 413  # it hung up while we still sent
            assert status in (413, 422)
            assert client.get(f"{base}/api/lists", headers=headers).json() == []
        assert process.poll() is None
    assert not list(root.rglob("*.txt"))


def test_what_is_sent_beside_the_records_is_json_and_never_markup(place):
    held = exported(folder.Run(place / "plain")) if _built() else b""
    if not held:
        pytest.skip("the page is not built")
    data = held.decode().partition('id="held">')[2].partition("</script>")[0]
    assert "<" not in data
    assert MARK in json.dumps(json.loads(data), ensure_ascii=False).replace('\\"', '"')


def _built():
    from moreish.studio.page import document

    return document() is not None
