"""The page in a real browser: a list is pasted, learned, broken, healed, and more is made of it."""

import re
import time
from pathlib import Path

import pytest

from tests.support.pages import at, fact, invented, steps, until

AXE = Path(__file__).parents[2] / "studio-page" / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ("list", "model", "find-lr", "train", "doctor", "more", "inside", "compare")


@pytest.mark.slow
def test_a_list_is_pasted_learned_broken_healed_and_more_is_made_of_it(opened):
    page, context, wrong, _ = opened
    page.get_by_label("The items, one a line").fill("\n".join(invented()))
    page.get_by_role("button", name="Use this list").click()
    page.get_by_text("pasted-1", exact=True).first.wait_for()
    page.get_by_role("link", name="Model", exact=True).click()
    page.get_by_text("first loss").wait_for()
    assert page.locator(".lead").inner_text().endswith("For pasted-1.")
    assert abs(fact(page, "first loss") - fact(page, "guessing blindly")) < 0.2
    page.get_by_label("steps").first.fill("100000")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Train it").dblclick()

    page.get_by_text("On items it has never seen it is better than").wait_for()
    page.get_by_label("The newest items, newest first").get_by_text("✦ new").first.wait_for()
    assert fact(page, "training loss") < 2.5  # guessing by frequency costs 2.6
    assert page.locator("header option").all_inner_texts() == ["pasted-1-mlp-1"]

    page.keyboard.press("Space")
    page.get_by_role("button", name="Go on").wait_for()
    time.sleep(0.5)
    before = steps(page)
    page.keyboard.press("ArrowRight")
    until(lambda: steps(page) == before + 1)
    page.keyboard.press("Space")
    until(lambda: steps(page) > before + 5)

    page.get_by_role("button", name="Break: weights before a tanh too large, 5").click()
    page.keyboard.press("Space")  # pauses, and does not break it once more
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Sick").wait_for()
    assert page.get_by_label("What was done").locator("li").count() == 1
    at(page, "doctor")
    page.get_by_role("heading", name="F04 saturated tanh").wait_for()
    trial = page.get_by_label("The remedy put to the test").first
    trial.get_by_role("button", name="Try it").click()
    trial.get_by_text("on the same batches").wait_for()
    assert trial.locator(".uplot").count() == 1
    assert re.search("helps|does not help|no difference", trial.inner_text())
    assert "trial=F04" in page.url
    page.get_by_role("button", name="Apply the remedy").first.dblclick()
    page.get_by_text("✓ remedied at step").first.wait_for()
    card = page.get_by_role("article").filter(has_text="remedied at step").first
    assert card.get_by_text("✚ sick").count() == 0
    assert "first" not in card.get_by_role("button", name="Apply the remedy again").get_attribute("class").split()
    page.locator(".lead").get_by_text("found before it was healed, and not again").wait_for()
    at(page, "train")
    page.get_by_text("healed: reinitialise").wait_for()
    assert page.get_by_label("What was done").locator("li").count() == 2

    at(page, "more")
    page.locator("input[name=starts_with]").fill("br")
    page.get_by_label("how many").fill("5")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Make them").click()
    page.locator(".made .word").nth(4).wait_for()
    made = page.locator(".made .word").all_inner_texts()
    assert len(made) == 5
    assert all(item.startswith("br") for item in made)

    second = context.new_page()
    second.goto(page.url)
    second.get_by_role("heading", name="Make more").wait_for()
    assert second.locator("input[name=starts_with]").input_value() == "br"
    second.close()
    at(page, "train")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Go on").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("■ stopped").first.wait_for()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Pause").wait_for()
    before = steps(page)
    until(lambda: steps(page) > before)
    assert page.locator(".status").all_inner_texts() == ["● training", "● training"]
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("■ stopped").first.wait_for()
    _a_link_shows_the_same_items(page, context)
    assert not wrong


def _a_link_shows_the_same_items(page, context):
    """Of a run that stands still; wishes that are changed afterwards make nothing by themselves."""
    at(page, "more")
    page.locator("input[name=ends_with]").fill("a")
    page.get_by_role("button", name="Make them").click()
    page.get_by_role("button", name="Download").first.wait_for()
    until(lambda: "drawn=" in page.url)
    second = context.new_page()
    second.goto(page.url)
    second.locator(".made .word").first.wait_for()
    assert second.locator(".made .word").all_inner_texts() == page.locator(".made .word").all_inner_texts()
    second.locator("input[name=ends_with]").fill("o")
    second.keyboard.press("Tab")
    until(lambda: "ends_with=o" in second.url)
    assert "drawn=" not in second.url
    second.close()


@pytest.mark.slow
def test_what_cannot_be_is_said_in_words(opened):
    page, _, wrong, _ = opened
    at(page, "list")
    latin = {"name": "cheeses.txt", "mimeType": "text/plain", "buffer": "Käse\nBrühl\n777\n777x\n".encode("latin-1")}
    page.locator("input[type=file]").set_input_files(latin)
    page.get_by_label("Another encoding").get_by_text("Brühl").wait_for()
    page.get_by_role("button", name="Read it so").click()
    page.get_by_role("heading", name="cheeses-1").wait_for()
    symbols = page.get_by_label("How often each symbol stands in the list")
    assert symbols.locator(".name").first.inner_text() == "7"
    assert symbols.locator(".value").all_inner_texts() == ["6", *["1"] * 10]
    table = "id,town\n" + "".join(f"{k},{item}\n" for k, item in enumerate(invented()))
    page.get_by_label("The items, one a line").fill(table)
    page.get_by_role("button", name="Use this list").click()
    page.get_by_role("heading", name="pasted-").wait_for()
    page.get_by_text("How it is read").click()
    page.get_by_label(re.compile("^column")).fill("nonsense")
    page.keyboard.press("Tab")
    page.get_by_text("no column").wait_for()
    page.get_by_label(re.compile("^column")).fill("town")
    page.keyboard.press("Tab")
    page.get_by_label("How often each symbol stands in the list").wait_for()
    wrong.clear()  # Chromium tells of every 422 by itself
    page.get_by_role("link", name="Model", exact=True).click()
    page.get_by_label("batch size").fill("many")
    page.keyboard.press("Tab")
    page.get_by_text('"many" is no whole number').wait_for()
    page.goto(re.sub("#.*", "#/train?run=none-such", page.url))
    page.get_by_role("heading", name="There is no run none-such here").wait_for()
    page.go_back()
    page.get_by_text("first loss").wait_for()
    assert not wrong


@pytest.mark.slow
def test_a_page_of_a_studio_that_was_started_anew_says_what_to_do(opened):
    page, context, _, _ = opened
    there = context.browser.new_context()
    there.add_cookies(context.cookies())
    other = there.new_page()
    other.goto(page.url)
    other.locator("h1").wait_for()
    there.clear_cookies()  # as a new token does
    other.evaluate("location.hash = '#/train?run=another'")  # a stream of its own
    other.get_by_text("The studio was started anew").wait_for()
    other.reload()
    other.get_by_text("open the address that moreish studio has printed").wait_for()
    there.close()


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_has_a_serious_fault_for_who_cannot_see_it(opened, view):
    page, _, wrong, _ = opened
    if not AXE.exists():
        pytest.skip("axe-core is not installed: `make studio` does")
    at(page, view)
    page.locator("h1").wait_for()
    page.wait_for_timeout(800)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 2200])
def test_no_view_is_wider_than_the_window(opened, width):
    page, _, _, _ = opened
    page.set_viewport_size({"width": width, "height": 900})
    for view in VIEWS:
        at(page, view)
        page.locator("h1").wait_for()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
    page.set_viewport_size({"width": 1280, "height": 900})
