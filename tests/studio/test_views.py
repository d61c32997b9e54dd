"""Views of the page in a real browser: what each asks of the server, what it says, and what it leaves alone."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.pages import SMALL_NET as SMALL
from tests.support.pages import begin, fact, fresh, invented, paste, press, state_of, steps, until


@pytest.fixture
def page(opened):
    """The page of a studio, wherever another test has left it."""
    return opened[0]


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


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def counted(opened):
    """A run that only counts."""
    page = opened[0]
    run = begin(page, "minerals", "ngram")
    until(lambda: state_of(page, run) == "done")
    return run


@pytest.fixture(scope="module")
def trained(opened):
    """A small net that was trained."""
    page = opened[0]
    run = begin(page, "minerals", "mlp", SMALL)
    until(lambda: state_of(page, run) == "done")
    return run


@pytest.mark.slow
def test_options_that_another_model_left_behind_do_not_matter(page):
    fresh(page, "#/model?list=minerals&model=mlp")
    page.get_by_text("first loss").wait_for()
    page.get_by_label("steps").first.fill("300")
    page.keyboard.press("Tab")
    page.get_by_label("The ladder").get_by_role("button", name="ngram").click()
    page.get_by_text("counting begins with no guess").wait_for()
    page.get_by_role("button", name="Train it").click()
    page.get_by_text("✓ done").first.wait_for()


@pytest.mark.slow
def test_a_refusal_of_options_stops_the_training(page):
    fresh(page, "#/model?list=minerals&model=mlp")
    page.get_by_text("first loss").wait_for()
    page.get_by_label(re.compile("^n hidden")).fill("0")
    page.keyboard.press("Tab")
    refusal = page.get_by_label("Before any training").get_by_role("alert")
    refusal.wait_for()
    assert refusal.locator("code").first.inner_text() == "n hidden"
    until(page.get_by_role("button", name="Train it").is_disabled)
    page.get_by_label(re.compile("^n hidden")).fill("20")
    page.keyboard.press("Tab")
    page.get_by_text("first loss").wait_for()
    until(page.get_by_role("button", name="Train it").is_enabled)


@pytest.mark.slow
def test_a_very_short_list_begins_with_the_background_net(page):
    made = paste(page, invented(30))
    page.get_by_role("link", name="Choose a model").click()
    rung = page.get_by_label("The ladder").get_by_role("button").first
    rung.get_by_text("background", exact=True).wait_for()
    assert rung.get_attribute("aria-pressed") == "true"
    page.get_by_label("time budget").fill("2")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Train it").click()
    page.get_by_role("heading", name=f"{made}-background-1").wait_for()
    page.get_by_text("✓ done").first.wait_for()
    page.get_by_text("On items that it had not seen it is as unsure as").wait_for()
    page.get_by_role("link", name="Inside one step").click()
    page.get_by_text("it has no network of its own to look into").wait_for()
    fresh(page, f"#/model?list={made}&model=mlp")
    page.get_by_text("a net that begins with nothing makes rubbish").wait_for()
    page.get_by_role("button", name="Take the background net").click()
    page.get_by_text("It knows many other lists already").wait_for()
    page.get_by_role("link", name="List", exact=True).click()
    page.get_by_role("button", name="minerals").click()
    page.get_by_role("link", name="Choose a model").click()
    page.get_by_text("first loss").wait_for()
    assert page.get_by_label("The ladder").get_by_role("button", name="background").count() == 0


@pytest.mark.slow
def test_a_run_that_broke_says_why_and_goes_on(page):
    run = begin(page, "minerals", "mlp", {"model": SMALL["model"], "train": {"steps": 100_000, "eval_every": 200}})
    fresh(page, f"#/train?run={run}")
    page.get_by_text("On items it has never seen").wait_for()  # it has a checkpoint
    page.get_by_role("button", name="Break: infinity in one example", exact=False).first.click()
    page.get_by_text("✕ failed").first.wait_for()
    lead = page.locator(".lead").inner_text()
    assert "infinity in one example" in lead
    assert "lower learning rate" not in lead
    assert page.get_by_role("link", name="Make more →").count() == 1
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Pause").wait_for()
    before = steps(page)
    until(lambda: steps(page) > before)
    press(page, "Take everything back", says="there was nothing to take back")
    page.keyboard.press("Space")
    page.get_by_text("❚❚ paused").first.wait_for()  # the button says so at once, and the rate rises until it is so
    before = fact(page, "learning rate")
    page.get_by_role("button", name="Double the learning rate").click()
    page.get_by_text("the learning rate times 2").wait_for()
    assert fact(page, "learning rate") == pytest.approx(2 * before, rel=0.02)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("■ stopped").first.wait_for()


@pytest.mark.slow
def test_a_run_that_never_began_offers_nothing_that_needs_it(page):
    made = paste(page, ["id,town,country", *[f"{k},{item},{item[::-1]}" for k, item in enumerate(invented())]])
    run = begin(page, made, "mlp")
    until(lambda: state_of(page, run) == "failed")
    fresh(page, f"#/train?run={run}")
    page.get_by_text("✕ failed").first.wait_for()
    assert "it is not clear which column holds the items" in page.locator(".lead").inner_text()
    for name in ("Make more →", "Save as one page"):
        assert page.get_by_role("link", name=name).count() == 0
    assert page.get_by_role("button", name="Go on").count() == 0
    fresh(page, f"#/more?run={run}")
    page.get_by_text("It ended before its first checkpoint").wait_for()


@pytest.mark.slow
def test_a_run_that_is_stopped_early_is_said_to_have_been(page):
    fresh(page, "#/model?list=minerals&model=mlp")
    page.get_by_text("first loss").wait_for()
    page.get_by_role("button", name="Train it").click()
    page.get_by_text("◌ starting").first.wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("heading", name="was stopped before it began").wait_for()


@pytest.mark.slow
def test_what_only_counts_has_no_network_to_look_into(page, counted):
    fresh(page, f"#/inside?run={counted}&item=quartz")
    page.get_by_text("only counts how often each symbol follows").wait_for()
    assert page.get_by_role("alert").count() == 0


@pytest.mark.slow
def test_a_wish_that_is_no_number_is_refused_at_its_field(page, counted):
    fresh(page, f"#/more?run={counted}")
    page.get_by_role("button", name="Make them").click()
    page.locator(".made .word").first.wait_for()
    page.get_by_text("More wishes").click()
    for name, text in (("seed", "x"), ("top_k", "abc"), ("top_p", "half"), ("count", "many")):
        page.locator(f"input[name={name}]").fill(text)
        page.keyboard.press("Tab")
        page.get_by_text(f'"{text}" is no').wait_for()
        assert asked_at(page, "/more", lambda: page.get_by_role("button", name="Make them").click()) == 0
        assert page.locator(".made .word").count() == 0
        page.locator(f"input[name={name}]").fill("")
        page.keyboard.press("Tab")
        page.get_by_text(f'"{text}" is no').wait_for(state="detached")


def test_a_refusal_takes_away_what_was_made_before_and_names_the_field(page, counted):
    fresh(page, f"#/more?run={counted}")
    page.get_by_role("button", name="Make them").click()
    page.get_by_role("button", name="Download").wait_for()
    page.locator("input[name=regex]").fill("[0-9]+")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Make them").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").locator("code").first.inner_text() == "regular expression: [0-9]+"
    assert page.locator(".made .word").count() == 0
    assert page.get_by_role("button", name="Download").count() == 0


@pytest.mark.slow
def test_an_item_that_is_refused_takes_away_the_one_before(page, trained):
    fresh(page, f"#/inside?run={trained}&item=quartz")
    page.get_by_role("region", name="The places, one after the other").wait_for()
    page.get_by_label("The item").fill("☃☃")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "☃" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("region", name="The places, one after the other").count() == 0


@pytest.mark.slow
def test_what_comes_after_a_view_was_left_changes_nothing(page, opened, counted):
    wrong = opened[2]
    wrong.clear()
    fresh(page, f"#/more?run={counted}&regex=.%7B30%2C%7D")
    slowly(page, "**/more", lambda: page.get_by_role("button", name="Make them").click())
    fresh(page, "#/model?list=minerals&model=mlp")
    gru = page.get_by_label("The ladder").get_by_role("button", name="gru").first
    slowly(page, "**/api/forms/gru", lambda: gru.click())
    fresh(page, "#/list")
    page.get_by_label("The items, one a line").fill("\n".join(invented()))
    slowly(page, "**/api/lists/pasted", lambda: page.get_by_role("button", name="Use this list").click())
    assert "pasted" not in page.url
    fresh(page, "#/model?list=minerals&model=ngram")
    page.get_by_text("counting begins with no guess").wait_for()
    slowly(page, "**/api/runs", lambda: page.get_by_role("button", name="Train it").click())
    assert "#/compare" in page.url
    assert not wrong


def slowly(page, where, act):
    """What this asks for is answered when another view is open."""
    page.route(where, lambda route: (page.wait_for_timeout(1500), route.continue_()))
    act()
    page.get_by_role("link", name="Compare", exact=True).click()
    page.get_by_role("heading", name="Compare").wait_for()
    page.wait_for_timeout(2500)
    page.unroute(where)


def asked_at(page, part, act):
    """How often something is asked for when this is done."""
    found = []

    def heard(request):
        if request.url.endswith(part):
            found.append(request.url)

    page.on("request", heard)
    act()
    page.wait_for_timeout(300)
    page.remove_listener("request", heard)
    return len(found)


def test_what_is_wider_than_the_window_fades_where_it_goes_on(page, trained):
    page.set_viewport_size({"width": 400, "height": 900})
    fresh(page, f"#/inside?run={trained}&item=pseudomalachite")
    for name in ("Views", "The places, one after the other"):
        part = page.get_by_label(name, exact=True)
        until(lambda part=part: part.evaluate("e => getComputedStyle(e).maskImage") != "none")
        part.evaluate("e => (e.scrollLeft = 9999)")
        until(lambda part=part: part.get_attribute("data-more") == "before")
    page.set_viewport_size({"width": 1280, "height": 900})
    until(lambda: page.get_by_label("Views", exact=True).get_attribute("data-more") == "")


def test_a_file_is_picked_with_the_keyboard_in_view(page):
    fresh(page, "#/list")
    page.get_by_label("The items, one a line").fill("anna")
    page.get_by_role("button", name="Use this list").focus()
    page.keyboard.press("Tab")
    label = page.locator("label.button", has_text="Pick a file")
    assert label.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_a_table_says_which_column_was_read_and_which_not(page):
    items = [f"{k},{item}" for k, item in enumerate(invented())]
    paste(page, ["id,town", *items])
    said = page.get_by_label("How it was read").inner_text()
    assert "column town of 2 columns" in said
    assert "left out: id" in said


def test_a_file_takes_away_what_was_said_of_the_one_before(page):
    fresh(page, "#/list")
    page.locator("input[type=file]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"a\0b\0"})
    page.get_by_role("alert").wait_for()
    latin = {"name": "b.txt", "mimeType": "text/plain", "buffer": "Käse\nBrühl\n".encode("latin-1")}
    page.locator("input[type=file]").set_input_files(latin)
    page.get_by_label("Another encoding").wait_for()
    assert page.get_by_role("alert").count() == 0


def test_a_list_of_many_lengths_and_symbols_is_shown_whole(page):
    items = [chr(97 + i % 26) * (3 + 7 * i) + chr(0x3B1 + i % 17) for i in range(40)]
    paste(page, items)
    lengths = page.get_by_label("How many items there are of each length").locator("li")
    names = [line.split("\n")[0] for line in lengths.all_inner_texts()]
    shown = [int(line.split("\n")[1]) for line in lengths.all_inner_texts()]
    assert len(names) <= 24
    assert sum(shown) == 40
    assert names[0].startswith("4–")
    assert names[-1].endswith("–277")
    assert page.get_by_text("And 19 more symbols.").is_visible()


@pytest.mark.slow
def test_another_net_never_shows_the_figures_of_the_one_before(page):
    made = paste(page, invented())
    fresh(page, f"#/model?list={made}&model=mlp")
    card = page.get_by_role("region", name="Before any training")
    card.get_by_text("first loss").wait_for()
    page.route("**/api/preview", lambda route: None)  # the answer does not come
    page.get_by_role("button", name="lstm").click()
    card.get_by_text("Building it…").wait_for()
    assert card.get_by_text("first loss").count() == 0
    page.unroute("**/api/preview")


def test_a_damaged_run_is_called_damaged_wherever_it_cannot_be_asked(page, opened, trained):
    root = Path(opened[3].args[opened[3].args.index("--root") + 1])
    shutil.copytree(root / trained, root / "spoilt")
    (root / "spoilt" / "config.json").write_text("{", encoding="utf-8")
    until(lambda: state_of(page, "spoilt") == "damaged")
    for view in ("inside", "more"):
        fresh(page, f"#/{view}?run=spoilt")
        page.get_by_text("config.json is damaged").wait_for()
        assert page.get_by_text("ended before its first checkpoint").count() == 0
    shutil.rmtree(root / "spoilt")
