"""Views of a run that was opened, in a real browser: its own list, its findings, its controls."""

import pytest

from tests.support.pages import SMALL_NET, begin, fresh, invented, paste, state_of, until


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


def test_another_run_brings_its_own_list(page, own):
    run, made = own
    other = begin(page, "minerals", "ngram")
    until(lambda: state_of(page, other) == "done")
    fresh(page, f"#/find-lr?run={run}")
    page.locator(".lead").get_by_text(f"{made}, the list of").wait_for()
    page.locator("header select").select_option(other)
    page.locator(".lead").get_by_text(f"minerals, the list of {other}.").wait_for()
