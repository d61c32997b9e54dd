"""A run's own list, which Model and Find lr speak of where no other was chosen."""

import asyncio

import pytest

import moreish
from moreish.data import DataOptions, from_items
from moreish.data.bundled import BUNDLED
from moreish.runs.folder import Run
from moreish.studio.lists import Lists
from moreish.studio.own import own_list
from tests.studio.conftest import SMALL
from tests.support.lists import made_items

SHORT = {**SMALL, "train": {"steps": 3, "batch_size": 8, "device": "cpu"}}


async def pieces(text):
    yield text.encode()


@pytest.fixture
def lists(tmp_path):
    return Lists(tmp_path)


def train(tmp_path, source, model="mlp", **data):
    options = {"data": data} if model == "ngram" else {**SHORT, "data": data}
    out = tmp_path / f"run-{len([*tmp_path.iterdir()])}"
    return moreish.train(source, model=model, options=options, out=out)


@pytest.mark.parametrize("source", ["minerals", BUNDLED / "minerals.txt"])
def test_a_bundled_list_is_known_by_its_name(tmp_path, lists, source):
    found = own_list(train(tmp_path, source, "ngram").run, lists)
    assert found == {"list": "minerals", "data": {}, "model": "ngram", "kept": False}
    assert lists.uploaded() == []


def test_a_list_that_was_given_is_known_with_how_it_was_read(tmp_path, lists):
    table = "id,town\n" + "".join(f"{k},{item.title()}\n" for k, item in enumerate(made_items(60)))
    id = asyncio.run(lists.receive("towns.csv", pieces(table)))
    run = train(tmp_path, lists.path(id), column="town", lower=True).run
    assert own_list(run, lists) == {
        "list": id,
        "data": {"column": "town", "lower": True},
        "model": "mlp",
        "kept": False,
    }


@pytest.mark.parametrize("unit", ["char", "word"])
def test_the_items_of_a_run_from_elsewhere_are_its_list_and_are_kept_once(tmp_path, lists, unit):
    items = [f"{item}, - {item[::-1]}" for item in made_items(60)]  # what a file would be taken for a table of
    trained = train(tmp_path, from_items(items, DataOptions(unit=unit)))
    found = own_list(Run(trained.run.folder), lists)
    assert found["kept"]
    assert found == own_list(Run(trained.run.folder), lists)
    assert lists.uploaded() == [found["list"]]
    read = lists.read(found["list"], found["data"])
    assert [*read] == [*trained.corpus]
    assert read.vocab == trained.corpus.vocab


def test_a_list_that_was_given_and_changed_since_is_not_taken_for_the_one_that_was_learned(tmp_path, lists):
    id = asyncio.run(lists.receive("pasted", pieces("\n".join(made_items(60)))))
    trained = train(tmp_path, lists.path(id))
    lists.path(id).write_text("other\nitems\n", encoding="utf-8")
    found = own_list(Run(trained.run.folder), lists)
    assert found["list"] != id
    assert [*lists.read(found["list"], found["data"])] == [*trained.corpus]


def test_a_running_text_that_is_gone_is_said_to_be(tmp_path, lists):
    text = tmp_path / "book.txt"
    text.write_text("so it goes, " * 400, encoding="utf-8")
    run = train(tmp_path, text, text=True).run
    with pytest.raises(ValueError, match="a running text, and the file of it is not here"):
        own_list(run, lists)


def test_a_page_asks_for_it(page, root):
    found = page.post("/api/runs/one/list", {}).json()
    assert page.get(f"/api/lists/{found['list']}/report").json()["items"] == 200
    assert page.post("/api/runs/none-such/list", {}).status_code == 422


def test_lists_that_were_given_are_told_apart_by_what_they_begin_with(page, root):
    for text in ("\ufeffelm\n\noak\nash\nyew\n", '["a \\"b", "c"]', "x" * 100):
        name = "given.json" if text.startswith("[") else "given"
        page.send("PUT", f"/api/lists/{name}", content=text.encode())
    told = {each["list"]: each["begins"] for each in page.get("/api/lists").json()}
    assert [begins for id, begins in sorted(told.items()) if id.startswith("given-")] == [
        ["elm", "oak", "ash"],
        ['a \\"b', "c"],
        ["x" * 40],
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/lists/..%2F..%2Fetc/report", 'there is no list "../../etc" here'),
        ("/api/runs/..%2Fx", 'there is no run "../x" here'),
        ("/api/forms/..%2Fx", 'there is no model "../x" here'),
    ],
)
def test_a_name_that_nothing_can_have_is_unknown_like_any_other(page, path, said):
    answer = page.get(path)
    assert (answer.status_code, answer.json()["error"]) == (404, said)
    assert "there is nothing here" in page.get("/api/lists/names/none-such").json()["error"]


@pytest.mark.parametrize("name", ["tracks.m3u", "refs.BIB", "names.yml", "names.sql"])
def test_a_list_keeps_the_ending_that_says_how_it_is_read(lists, name):
    id = asyncio.run(lists.receive(name, pieces("a.mp3\nb.mp3\n")))
    assert lists.path(id).suffix == f".{name.partition('.')[2].lower()}"
