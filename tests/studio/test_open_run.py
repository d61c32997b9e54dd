"""Views of a run that was opened, in a real browser: its own list, its findings, its controls."""

import pytest

from tests.support.pages import SMALL_NET, begin, fresh, invented, paste, state_of, steps, until


@pytest.fixture(scope="module")
def page(opened):
    return opened[0]


@pytest.fixture(scope="module")
def own(page):
    """A run on a list that was pasted, and the list."""
    made = paste(page, invented())
    run = begin(page, made, "gru", SMALL_NET)
    until(lambda: state_of(page, run) == "done")
    return run, made


@pytest.mark.slow
def test_a_view_without_a_list_speaks_of_the_runs_own(page, own):
    run, made = own
    for view in ("find-lr", "model"):
        fresh(page, f"#/{view}?run={run}")
        page.locator(".lead").get_by_text(f"{made}, the list of {run}.").wait_for()
        assert f"list={made}" in page.url
    page.get_by_text("first loss").wait_for()
    rung = page.get_by_label("The ladder").get_by_role("button", name="gru").first
    assert rung.get_attribute("aria-pressed") == "true"
    with page.expect_request("**/api/runs") as asked:
        page.get_by_role("button", name="Train it").click()
    assert asked.value.post_data_json["list"] == made
    page.get_by_role("button", name="Stop").click()


@pytest.mark.slow
def test_another_run_brings_its_own_list(page, own):
    run, made = own
    other = begin(page, "minerals", "ngram")
    until(lambda: state_of(page, other) == "done")
    fresh(page, f"#/find-lr?run={run}")
    page.locator(".lead").get_by_text(f"{made}, the list of").wait_for()
    page.locator("header select").select_option(other)
    page.locator(".lead").get_by_text(f"minerals, the list of {other}.").wait_for()


PRESS_AT_ONCE = """() => {
  const watching = new MutationObserver(() => {
    const button = [...document.querySelectorAll("button:enabled")].find((b) => b.innerText.includes("Pause"));
    if (!button) return;
    watching.disconnect();
    button.click();
    window.pressed = true;
  });
  watching.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
}"""  # a second click, in the very moment in which "Go on" becomes "Pause"


@pytest.mark.slow
def test_presses_and_clicks_end_in_what_they_come_to(page):
    run = begin(page, "minerals", "mlp", {"model": SMALL_NET["model"], "train": {"steps": 1_000_000}})
    fresh(page, f"#/train?run={run}")
    page.get_by_role("button", name="Break: ", exact=False).first.wait_for()  # with the first checkpoint, in seconds
    for _ in range(5):
        page.keyboard.press("Space")
    page.wait_for_timeout(1500)
    assert page.locator(".status").all_inner_texts() == ["❚❚ paused", "❚❚ paused"]
    page.get_by_role("button", name="Go on").dblclick()
    page.wait_for_timeout(1500)
    assert page.locator(".status").all_inner_texts() == ["● training", "● training"]
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("■ stopped").first.wait_for()
    told = []
    page.on("request", lambda request: told.append(request.url) if request.url.endswith("/commands") else None)
    page.evaluate(PRESS_AT_ONCE)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_function("() => window.pressed")
    before = steps(page)
    until(lambda: steps(page) > before)
    assert told == []
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("■ stopped").first.wait_for()


def test_a_list_that_is_not_there_is_said_to_be_and_not_trained_on(page):
    for name in ("none-such", "../../etc"):
        fresh(page, f"#/list?list={name}")
        page.get_by_role("alert").get_by_text(f'there is no list "{name}" here').wait_for()
        fresh(page, f"#/model?list={name}&model=mlp")
        page.get_by_role("alert").get_by_text(f'there is no list "{name}" here').wait_for()
        until(page.get_by_role("button", name="Train it").is_disabled)


def test_lists_that_were_given_before_show_what_they_begin_with(page):
    paste(page, ["zinnia", "yarrow", "woodbine", "violet"])
    before = page.get_by_role("region", name="Lists you gave before")
    assert "zinnia, yarrow, woodbine" in before.get_by_role("button").first.inner_text()
