"""What a person does who sees the page for the first time: clicks twice, scrolls, goes away and comes back."""

import pytest

from tests.support.browser import studio
from tests.support.pages import SMALL_NET, WAIT, begin, fresh, invented, paste, state_of, until

LONG = {"model": SMALL_NET["model"], "train": {"steps": 1_000_000}}


@pytest.fixture(scope="module")
def blend(opened):
    """A run of the background net, and the page."""
    page, *_ = opened
    run = begin(page, paste(page, invented(30)), "background", {"train": {"time_budget": 0}})
    until(lambda: state_of(page, run) == "done")
    return page, run


def settled(page):
    """Whether the page does not scroll at this moment."""
    before = page.evaluate("scrollY")
    page.wait_for_timeout(200)
    return page.evaluate("scrollY") == before


def chances(page):
    return page.get_by_label("Symbol by symbol").locator("li button")


@pytest.mark.slow
def test_what_is_left_out_of_the_draws_is_shown_and_told(blend):
    page, run = blend
    fresh(page, f"#/more?run={run}&prefix=br")
    page.get_by_label("Symbol by symbol").get_by_text("symbols are left out, to which the model gives").wait_for()
    bars = chances(page).all_inner_texts()
    assert 0 < sum("left out" in bar for bar in bars) < len(bars)
    out = chances(page).filter(has_text="left out").first
    assert "faded" in out.get_attribute("class").split()
    page.get_by_text("More wishes").click()
    page.locator("input[name=min_p]").fill("0")
    page.keyboard.press("Tab")
    until(lambda: chances(page).filter(has_text="left out").count() == 0)
    page.get_by_label("the most probable, in order").check()
    assert "nothing is drawn" in page.locator("form").inner_text()
    until(page.get_by_role("slider").is_disabled)


def test_a_beginning_of_unknown_symbols_is_told_and_the_next_one_heals_it(blend):
    page, run = blend
    fresh(page, f"#/more?run={run}&prefix=%E2%98%83")
    page.get_by_label("Symbol by symbol").get_by_text("never occurs in this list").wait_for()
    page.get_by_label("so far").fill("b")
    chances(page).first.wait_for()
    assert "never occurs" not in page.get_by_label("Symbol by symbol").inner_text()


def test_items_and_favourites_are_there_when_one_comes_back_and_when_the_page_is_loaded_anew(blend):
    page, run = blend
    fresh(page, f"#/more?run={run}&prefix=")
    page.get_by_role("button", name="Make them").click()
    page.locator(".made .word").first.wait_for()
    made = page.locator(".made .word").all_inner_texts()
    page.locator(".made .star").first.click()
    page.get_by_role("link", name="Compare", exact=True).click()
    page.get_by_role("heading", name="Compare").wait_for()
    page.go_back()
    page.locator(".made .word").first.wait_for()
    assert page.locator(".made .word").all_inner_texts() == made
    page.reload()
    page.get_by_role("heading", name="Favourites").wait_for()
    page.locator(".made .word").first.wait_for()
    assert page.locator(".made .word").all_inner_texts() == made
    kept = page.get_by_role("button", name=f"Keep {made[0]}", exact=True)
    assert [star.get_attribute("aria-pressed") for star in kept.all()] == ["true", "true"]  # of the item, of the list
    kept.last.click()
    until(lambda: page.get_by_role("heading", name="Favourites").count() == 0)


@pytest.mark.slow
def test_a_learning_rate_that_was_found_is_there_when_one_comes_back(opened):
    page, *_ = opened
    fresh(page, f"#/find-lr?list={paste(page, invented(60))}&model=bigram&run=")
    page.get_by_role("button", name="Try them").click()
    page.get_by_role("button", name="Take it").wait_for()
    found = page.locator("p.big").inner_text()
    page.get_by_role("link", name="List", exact=True).click()
    page.get_by_role("heading", name="Your own list").wait_for()
    page.go_back()
    page.get_by_role("button", name="Take it").wait_for()
    assert page.locator("p.big").inner_text() == found
    fresh(page, "#/find-lr?list=minerals&model=bigram")
    page.get_by_text("Two nets, two hundred steps each").wait_for()


@pytest.mark.slow
def test_the_keyboard_and_the_eye_go_on_where_something_new_is(opened):
    page, *_ = opened
    page.set_viewport_size({"width": 400, "height": 800})
    try:
        paste(page, invented(40))
        there = page.get_by_label("What is in the list")
        link = there.get_by_role("link", name="Choose a model")
        until(lambda: settled(page) and link.evaluate("e => e.getBoundingClientRect().top < innerHeight"))
        assert there.evaluate("e => e === document.activeElement")
        link.press("Enter")
        page.get_by_role("heading", name="Choose a rung of the ladder").wait_for()
        assert page.evaluate("[scrollY, document.activeElement.id]") == [0, "main"]
        page.get_by_text("The training", exact=True).wait_for()
        page.evaluate("scrollTo(0, 900)")
        page.get_by_role("link", name="Compare", exact=True).click()
        page.get_by_role("heading", name="Compare").wait_for()
        assert page.evaluate("scrollY") == 0
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})


def test_no_frame_is_drawn_around_a_whole_view_that_the_keyboard_is_led_to(opened):
    page, *_ = opened
    for view in ("doctor", "compare"):
        page.evaluate("view => { document.activeElement.blur(); location.hash = `#/${view}`; }", view)
        until(lambda: page.evaluate("document.activeElement.id") == "main")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"


@pytest.mark.slow
def test_a_double_click_breaks_a_net_once(opened):
    page, *_ = opened
    run = begin(page, paste(page, invented()), "mlp", LONG)
    fresh(page, f"#/train?run={run}")
    page.get_by_role("button", name="Break: output layer too large, 100").dblclick()
    done = page.get_by_label("What was done").locator("li")
    done.first.wait_for()
    page.get_by_role("button", name="lr ÷ 2").dblclick()  # which is meant so
    until(lambda: done.count() >= 3)
    assert [text for text in done.all_inner_texts() if "broken" in text] == [done.first.inner_text()]
    page.get_by_role("button", name="Stop").dblclick()
    page.get_by_text("■ stopped").first.wait_for()
    assert page.locator(".trouble").count() == 0


@pytest.mark.slow
def test_a_run_that_ended_before_anybody_looked_promises_no_items(opened):
    page, *_ = opened
    made = paste(page, invented(5))  # of which none is set aside, so nothing is made when that is measured
    fresh(page, "#/train?run=none-such")  # nobody looks at the one that is begun
    run = begin(page, made, "mlp", {**SMALL_NET, "train": {"steps": 5}})
    until(lambda: state_of(page, run) == "done")
    fresh(page, f"#/train?run={run}")
    page.get_by_text("None were made while it trained").wait_for()


@pytest.mark.slow
def test_that_the_server_does_not_answer_is_said_once(opened, tmp_path):
    _, context, *_ = opened
    with studio(tmp_path / "runs") as (process, url), context.browser.new_context() as other:
        page = other.new_page()
        page.set_default_timeout(WAIT)
        page.goto(url)
        run = begin(page, "minerals", "mlp", LONG)
        fresh(page, f"#/train?run={run}")
        page.get_by_role("button", name="Break: output layer too large, 100").wait_for()
        process.terminate()
        process.wait(20)
        page.get_by_text("this page goes on when it does").wait_for()
        with page.expect_event("requestfailed", lambda asked: asked.url.endswith("/commands")):
            page.get_by_role("button", name="lr ÷ 2").click()
        page.wait_for_timeout(300)
        assert page.locator(".trouble").count() == 1
