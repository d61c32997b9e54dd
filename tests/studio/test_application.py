"""What the studio answers: runs, lists, items, symbols, one step, forms, and a run as one page."""

import asyncio
import itertools
import json
import os
from pathlib import Path

import pytest

import moreish
from moreish.runs import events
from moreish.studio.application import app
from moreish.studio.lists import Lists
from moreish.studio.page import document
from moreish.studio.stream import Stream
from tests.studio.conftest import TOKEN
from tests.support.lists import made_items


@pytest.mark.slow
def test_every_run_is_listed_with_what_it_is_doing(page):
    (row,) = page.get("/api/runs").json()
    assert row["run"] == "one"
    assert row["state"] == "done"
    assert page.get("/api/runs/one").json()["options"]["model"]["name"] == "mlp"


def test_a_damaged_run_is_a_row_that_says_so(page, root):
    (root / "broken").mkdir()
    (root / "broken" / "manifest.json").write_bytes(b"nonsense")
    rows = {row["run"]: row for row in page.get("/api/runs").json()}
    (root / "broken" / "manifest.json").unlink()
    (root / "broken").rmdir()
    assert rows["broken"]["state"] == "damaged"
    assert rows["one"]["state"] == "done"


def test_items_are_made_and_scored_as_by_the_library(page):
    made = page.post("/api/runs/one/more", {"count": 5, "starts_with": "a", "seed": 3}).json()
    assert len(made["items"]) == 5
    assert all(item["text"].startswith("a") for item in made["items"])
    (scored,) = page.post("/api/runs/one/score", {"items": ["anna"]}).json()["items"]
    assert scored["text"] == "anna"


def test_too_few_items_are_explained_by_what_can_help(page):
    short = page.post("/api/runs/one/more", {"count": 5, "top_k": 1, "seed": 1}).json()["short"]
    assert "a larger --top-k dares more" in short
    assert "temperature" not in short


def test_the_symbols_that_may_follow_add_up_to_one(page):
    found = page.post("/api/runs/one/next", {"prefix": "a", "count": 64}).json()
    assert sum(each["p"] for each in found["symbols"]) + found["others"] == pytest.approx(1)
    assert page.post("/api/runs/one/next", {"prefix": "☃"}).status_code == 422


def test_one_step_shows_every_layer_and_gradients_by_hand_that_are_autograds(page):
    found = page.post("/api/runs/one/inside", {"item": "anna"}).json()
    assert [layer["op"] for layer in found["layers"]][:3] == ["embedding", "linear", "tanh"]
    assert found["loss"] == pytest.approx(sum(found["losses"]) / len(found["losses"]), rel=1e-3)
    for weight in found["weights"]:
        assert weight["difference"] <= 1e-5 * max(weight["largest"], 1e-3)


@pytest.mark.parametrize(
    ("model", "options", "why"),
    [
        ("ngram", {"train": {"steps": 300}}, "train.steps is for training a network"),
        ("background", {"train": {"steps": 300}}, "train.steps is for training a network"),
        ("mlp", {"model": {"n_hidden": 0}}, "model.n_hidden"),
        ("mlp", {"train": {"lr": -1}}, "train.lr"),
        (None, {"train": {"lr": -1}}, "train.lr"),
    ],
)
def test_no_run_is_begun_with_options_that_its_command_refuses(page, root, model, options, why):
    before = sorted(root.iterdir())
    answer = page.post("/api/runs", {"list": "minerals", "model": model, "options": options})
    assert answer.status_code == 422
    assert why in answer.json()["error"]
    assert sorted(root.iterdir()) == before


def test_the_background_net_is_a_rung_with_a_time_budget_alone(page):
    trains = {rung["name"]: rung["trains"] for rung in page.get("/api/forms").json()["ladder"]}
    assert trains["background"] == ["time_budget"]
    assert trains["ngram"] == []
    assert trains["mlp"] is None
    assert [field["name"] for field in page.get("/api/forms/background").json()] == ["orders"]
    assert page.get("/api/lists/minerals/report").json()["few"] is False


def test_a_net_is_known_before_it_is_trained(page):
    body = {"list": "minerals", "model": "mlp", "options": {"model": {"hidden_gain": 5}}}
    wide = page.post("/api/preview", body).json()
    right = page.post("/api/preview", {"list": "minerals", "model": "mlp"}).json()
    assert right["loss"] == pytest.approx(right["guessing"], abs=0.1)
    tanh = [each["layers"][2]["activation"]["extreme"] for each in (wide, right)]
    assert tanh[0] > tanh[1]
    wrong = page.post("/api/preview", body | {"options": {"model": {"nonsense": 1}}})
    assert "there is no option" in wrong.json()["error"]


def test_forms_come_from_the_declared_options(page):
    forms = page.get("/api/forms").json()
    lr = next(field for field in forms["train"] if field["name"] == "lr")
    assert (lr["type"], lr["default"], lr["above"]) == ("number", 0.003, 0)
    assert {field["name"] for field in page.get("/api/forms/gru").json()} >= {"n_embd", "n_hidden"}
    assert page.get("/api/forms/nonsense").status_code == 422


def test_what_was_done_to_a_run_stands_among_its_events(page):
    records = page.get("/api/runs/one/records").json()
    done = [record for record in records if record["event"] == "intervention"]
    assert [record["kind"] for record in done] == ["break", "lr"]
    assert all(events.from_record(record) is not None for record in records)
    assert any(record["event"] == "histograms" for record in records)


def read_stream(stream, closing, wanted):
    """The events of a stream up to so many, then the stream is closed."""

    async def ask():
        found = []
        async for message in stream.messages(closing):
            if message.startswith(b"event"):
                found.append(message)
            if len(found) == wanted:
                closing.set()
        return found

    return asyncio.run(asyncio.wait_for(ask(), 20))


def test_a_stream_begins_with_everything_and_goes_on_from_its_last_event(application, root):
    listing = application.state.listing

    def stream(places):
        return Stream({"one": root / "one"}, places, listing.summaries, watch=False)

    runs, records = read_stream(stream({}), asyncio.Event(), 2)
    assert b"event: runs" in runs
    head, _, data = records.partition(b"data: ")
    said = json.loads(data)
    assert said["run"] == "one"
    assert said["records"][-1]["event"] == "done"
    from moreish.studio.tail import understood

    place = head.decode().split("id: ")[1].strip()
    assert place.startswith("one:")
    later = stream(understood(place))
    assert later._records("one", later._tails["one"]) == []


async def opened_tab(application):
    """A request for the stream, when its first bytes or its refusal have come: the task and the answer's status."""
    begun, status = asyncio.Event(), []
    headers = [(b"host", b"127.0.0.1:8000"), (b"authorization", f"Bearer {TOKEN}".encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/api/events", "raw_path": b"/api/events", "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])
        elif message.get("body"):
            begun.set()

    task = asyncio.create_task(application(scope, asyncio.Event().wait, send))
    await asyncio.wait_for(begun.wait(), 20)
    return task, status[0]


def test_more_tabs_than_a_server_can_look_after_are_refused_until_one_is_closed(root, monkeypatch):
    monkeypatch.setattr("moreish.studio.application.MOST_STREAMS", 2)

    async def scene():
        made = app(root, token=TOKEN)
        tabs = [await opened_tab(made) for _ in range(3)]
        tabs[0][0].cancel()
        await asyncio.gather(tabs[0][0], return_exceptions=True)
        tabs.append(await opened_tab(made))
        for task, _ in tabs:
            task.cancel()
        await asyncio.gather(*(task for task, _ in tabs), return_exceptions=True)
        return [status for _, status in tabs]

    assert asyncio.run(scene()) == [200, 200, 503, 200]


@pytest.mark.skipif(document() is None, reason="the studio's page is not built")
def test_a_run_as_one_page_asks_nobody_and_runs_nothing_that_a_list_brought(page):
    answer = page.get("/api/runs/one/export")
    assert answer.status_code == 200
    held = answer.text.partition('id="held">')[2].partition("</script>")[0]
    assert "<" not in held
    assert json.loads(held)["run"] == "one"
    assert "default-src 'none'" in answer.text


def test_the_contract_is_described(page):
    paths = page.get("/openapi.json").json()["paths"]
    assert {"/api/runs", "/api/events", "/api/runs/{run}/more", "/api/lists/{name}"} <= set(paths)


def test_a_remedy_is_put_to_the_test_and_the_run_stays_as_it_is(page, root):
    before = (root / "one" / "metrics.jsonl").read_bytes()
    body = {"remedy": "reinitialise", "arguments": {"weights": ["hidden.0.weight"]}, "at": 20, "steps": 12}
    tried = page.post("/api/runs/one/trial", body).json()
    assert len(tried["without"]["losses"]) == len(tried["remedied"]["losses"]) == 12
    assert tried["remedied"]["losses"][0] > tried["without"]["losses"][0]
    assert tried["held"]
    assert not tried["remembered"]
    assert page.post("/api/runs/one/trial", body).json() == tried
    assert (root / "one" / "metrics.jsonl").read_bytes() == before
    wrong = page.post("/api/runs/one/trial", {"remedy": "prayer"})
    assert wrong.status_code == 422
    assert "no remedy" in wrong.json()["error"]


def test_a_pasted_list_is_shown_without_its_marks_and_it_is_said_under_its_name(page, root):
    text = "My towns\n\n" + "".join(f"{i}. {item}\r\n" for i, item in enumerate(made_items(30), 1))
    id = page.send("PUT", "/api/lists/pasted", content=text.encode()).json()["list"]
    report = page.get(f"/api/lists/{id}/report").json()
    assert sorted(report["items_shown"]) == sorted(["My towns", *made_items(30)])
    assert [note.split(" is ")[0] for note in report["notes"] if "data.marks=keep" in note] == [id]
    assert report["headline"].startswith(f"{id} (list with numbering")
    assert str(root) not in json.dumps(report)


def test_a_list_is_read_as_the_form_says_and_a_refusal_names_it_without_its_folder(page, root):
    rows = "id,town,people\n" + "".join(f"{i},{item},{100 + i}\n" for i, item in enumerate(made_items(30)))
    id = page.send("PUT", "/api/lists/table", content=rows.encode()).json()["list"]

    def report(data):
        return page.get(f"/api/lists/{id}/report", params={"data": json.dumps(data)})

    read = report({"column": "town", "weight": "people"}).json()
    assert sorted(read["items_shown"]) == sorted(set(made_items(30)))
    for wrong in ({"column": "nonsense"}, {"nonsense": 1}, {"unit": 7}, [1], "town"):
        answer = report(wrong)
        assert answer.status_code == 422
        assert str(root) not in answer.json()["error"]
    assert report({"column": "nonsense"}).json()["error"].startswith(f"{id} is CSV")


@pytest.mark.parametrize(
    "name", ["towns.csv", "Towns.CSV", "towns.json", "towns.v2.tsv", "towns.txt", "towns", "St. Ives"]
)
def test_a_file_is_read_as_the_command_line_reads_one_of_its_name(name, page, tmp_path):
    items = made_items(30)
    text = (
        json.dumps({"towns": items}) if name.endswith("json") else "Name\n" + "".join(f"{item}\n" for item in items)
    )
    (tmp_path / name).write_text(text, encoding="utf-8")
    want = moreish.read(tmp_path / name).report
    id = page.send("PUT", f"/api/lists/{name}", content=text.encode()).json()["list"]
    assert id in [each["list"] for each in page.get("/api/lists").json()]
    report = page.get(f"/api/lists/{id}/report").json()
    assert (report["items"], len(report["notes"])) == (want.items, len(want.notes))
    assert page.get(f"/api/lists/{id}").text == text
    again = page.send("PUT", "/api/lists/" + name.replace(".csv", ".tsv"), content=text.encode()).json()["list"]
    assert again != id, "two suffixes share no id"


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("inside", {"item": "x" * 201}, '"item" has more than 200 characters'),
        ("inside", {"item": ""}, '"item" is empty'),
        ("next", {"prefix": "x" * 2001}, '"prefix" has more than 2,000 characters'),
        ("next", {"count": 65}, '"count" must be at most 64'),
        ("next", {"count": 0}, '"count" must be at least 1'),
        ("next", {"temperature": 0}, '"temperature" must be more than 0\n'),
        ("next", {"temperature": 101}, '"temperature" must be at most 100\n'),
        ("commands", {"command": "lr", "factor": 2e6}, '"factor" must be at most 1,000,000\n'),
        ("commands", {"command": "lr", "factor": -1}, '"factor" must be at least 0\n'),
        ("next", {"count": "many"}, '"count" cannot be read: Input should be a valid integer'),
        ("next", [], "the body is to be a JSON object"),
    ],
)
def test_what_is_wrong_with_a_field_is_said_of_that_field(page, path, body, said):
    answer = page.send("POST", f"/api/runs/one/{path}", json=body)
    assert answer.status_code == 422
    assert f"{answer.json()['error']}\n".startswith(said)


def test_the_lists_of_before_begin_with_the_newest(page):
    made = [page.send("PUT", "/api/lists/often", content=b"a\nb\n").json()["list"] for _ in range(11)]
    assert made[-1] == "often-11"
    assert [each["list"] for each in page.get("/api/lists").json() if each["list"] in made] == made[::-1]


def odd(kind, path):
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link":
            outside = path.parent.parent.with_name("outside.txt")
            outside.write_text("a secret\nanother\n", encoding="utf-8")
            path.symlink_to(outside)
        case "loop":
            path.symlink_to(path)


def asked_for(page, id):
    """What is said where each reader of a list is asked for this one."""
    body = {"list": id, "model": "ngram"}
    yield page.get(f"/api/lists/{id}")
    yield page.get(f"/api/lists/{id}/report")
    for path in ("/api/preview", "/api/find-lr", "/api/runs"):
        yield page.post(path, body)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "loop"])
def test_what_is_no_plain_file_is_no_list(page, root, kind):
    if kind != "folder" and os.name == "nt":
        pytest.skip("links and pipes are made with rights there")
    lists = root / ".lists"
    lists.mkdir(exist_ok=True)
    odd(kind, lists / f"{kind}-1.txt")
    odd(kind, lists / "one-items-1.json")
    assert f"{kind}-1" not in [each["list"] for each in page.get("/api/lists").json()]
    for answer in asked_for(page, f"{kind}-1"):
        assert answer.status_code in (404, 422)
        assert "there is no" in answer.json()["error"]
    assert page.send("PUT", f"/api/lists/{kind}.txt", content=b"emma\nolivia\n").json() == {"list": f"{kind}-2"}
    kept = page.post("/api/runs/one/list", {}).json()
    assert kept["list"] == "one-items-2"
    for path in (lists / f"{kind}-1.txt", lists / "one-items-1.json"):
        path.rmdir() if kind == "folder" else path.unlink()
    (lists / "one-items-2.json").unlink()


def closed(path, opening):
    """What opens a file, but not this one."""

    def opened(self, *arguments, **more):
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return opening(self, *arguments, **more)

    return opened


@pytest.mark.parametrize("kind", ["gone", "closed"])
def test_a_list_that_cannot_be_read_any_more_is_refused_under_its_id(page, root, kind, monkeypatch):
    id = page.send("PUT", f"/api/lists/{kind}.txt", content="\n".join(made_items(40)).encode()).json()["list"]
    path = root / ".lists" / f"{id}.txt"

    if kind == "closed":
        for name in ("open", "read_bytes"):
            monkeypatch.setattr(Path, name, closed(path, getattr(Path, name)))
    else:
        monkeypatch.setattr(Lists, "path", lambda self, id: path)
        path.unlink()
    for answer in itertools.islice(asked_for(page, id), 4):
        assert answer.status_code == 422
        assert answer.json()["error"].startswith(id)
        assert str(root) not in answer.json()["error"]
