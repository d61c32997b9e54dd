"""What is answered, in the same process, beside the same from the library."""

import json
import math
import random
import re

import pytest

import moreish
from moreish.data.sources import Files
from moreish.inference.asking import Request
from moreish.inference.rules import Rules
from moreish.inference.sample import Sampling
from moreish.serving import app
from tests.serving.conftest import TOKEN, Client, sentence
from tests.support.lists import made_items


def as_json(items):
    return json.loads(json.dumps([item._asdict() for item in items]))


@pytest.mark.parametrize(
    "wishes",
    [
        {}, {"count": 7}, {"count": 0}, {"starts_with": "qu"}, {"ends_with": "a", "length": "3-6"}, {"contains": "a"},
        {"contains": ["a", "e"]}, {"pattern": "_a*"}, {"regex": "[a-m]+n?"}, {"only": "a-m"}, {"without": "e"},
        {"best": True, "count": 5}, {"best": True, "apart": 2, "count": 5}, {"new_only": True, "nearest": True},
        {"new_by": 2, "nearest": True, "count": 5}, {"temperature": 0.5, "top_k": 5}, {"top_p": 0.9, "unique": False},
        {"min_p": 0.1},
        {"max_length": 4}, {"not_in": ["quill"], "starts_with": "qu"}, {"temperature": 0.8, "ends_with": "a"},
        {"starts_with": None, "seed": 3}, {"length": 4},
    ],
)  # fmt: skip
def test_the_same_items_come_as_from_the_library(client, counted, wishes):
    wishes = {"seed": 5, "count": 20} | wishes
    answer = client.post("/more", wishes).json()
    wanted = {k: tuple(v) if isinstance(v, list) else v for k, v in wishes.items() if k != "count"}
    wanted |= {"length": str(wanted["length"])} if "length" in wanted else {}
    assert answer["items"] == as_json(counted.more(wishes["count"], **wanted))
    assert answer["seed"] == wishes["seed"]
    assert answer["short"] is None or len(answer["items"]) < wishes["count"]


def test_without_a_seed_others_come_each_time_and_the_seed_that_is_told_brings_them_back(client):
    one, other = client.post("/more", {}).json(), client.post("/more", {}).json()
    assert one["items"] != other["items"]
    assert client.post("/more", {"seed": one["seed"]}).json() == one


def test_how_rare_it_is_and_what_the_list_never_shows_is_said(client, counted):
    asked = counted.ask(Request.of(starts_with="qu", ends_with="a"))
    answer = client.post("/more", {"starts_with": "qu", "ends_with": "a", "seed": 1}).json()
    assert math.isclose(answer["probability"], asked.probability)
    assert answer["rare"] == asked.rare
    assert answer["rare"].startswith("1 in ")
    (hint,) = client.post("/more", {"starts_with": "llu", "seed": 1}).json()["hints"]
    assert hint == 'no item of this list begins with "llu"'


def test_of_the_best_it_is_said_how_certain_their_order_is(client):
    assert client.post("/more", {"best": True, "count": 3}).json()["verdict"] == "exact"


def test_why_fewer_came_is_said(client):
    answer = client.post("/more", {"count": 5, "regex": "quill|quil"}).json()
    assert len(answer["items"]) < 5
    assert answer["short"].startswith(f"only {len(answer['items'])} ")


def test_weighted_draws_say_what_they_are_worth(client):
    answer = client.post("/more", {"ends_with": "a", "temperature": 0.9, "count": 4}).json()
    assert answer["effective"] > 1
    assert "independent draws" in answer["worth"]


def test_items_are_scored_as_by_the_library(client, counted):
    texts = ["quill", "anna", "zß", ""]
    answer = client.post("/score", {"items": texts, "runners_up": 2}).json()["items"]
    for got, want in zip(answer, counted.score(texts), strict=True):
        assert got["text"] == want.item
        assert got["unknown"] == list(want.unknown)
        assert got["known"] == counted.corpus.where(want.item)
        if want.unknown:
            assert (got["logprob"], got["loss"]) == (None, None)
            continue
        assert (got["logprob"], got["loss"]) == (want.score.logprob, want.score.loss)
        assert [(s["symbol"], s["logprob"]) for s in got["symbols"]] == want.per_symbol
        assert all(len(s["runners_up"]) == 2 for s in got["symbols"])
        assert all(s["symbol"] not in {r["symbol"] for r in s["runners_up"]} for s in got["symbols"])
    assert answer[2]["unknown"] == ["z", "ß"] or "ß" in answer[2]["unknown"]


def test_totals_alone_are_scored_where_symbols_are_not_wanted(client):
    (item,) = client.post("/score", {"items": ["quill"], "symbols": False}).json()["items"]
    assert item["symbols"] is None
    assert item["logprob"] < 0


def test_what_is_served_is_said(client, counted):
    for path in ("/", "/about"):
        about = client.get(path, token=None).json()
        assert about["items"] == len(counted.corpus)
        assert about["symbols"] == list(counted.vocab.symbols)
        assert about["splits"] == {name: len(counted.corpus.split(name)) for name in ("train", "val", "test")}
        assert math.isclose(about["loss"], counted.evaluate()["loss"])
        assert about["model"] == "ngram"


def test_the_folders_of_a_list_are_not_said(tmp_path):
    (tmp_path / "things.txt").write_text("anna\nava\nemma\nolivia\n", encoding="utf-8")
    about = Client(app(moreish.count(tmp_path / "things.txt"), token=TOKEN)).get("/about")
    assert about.json()["name"] == "things.txt"
    assert str(tmp_path) not in about.text
    assert str(tmp_path) not in Client(app(moreish.count(tmp_path / "things.txt"))).get("/openapi.json").text


def test_kinds_are_asked_for(tmp_path):
    listed = "\n".join(["name,kind", *(f"{a}ra,elf" for a in "bcdfghjkl"), *(f"{a}um,dwarf" for a in "bcdfghjkl")])
    (tmp_path / "list.csv").write_text(listed, encoding="utf-8")
    kinds = moreish.count(moreish.read(tmp_path / "list.csv", column="name", by="kind"))
    asked = Client(app(kinds, token=TOKEN))
    assert asked.get("/about").json()["kinds"] == list(kinds.corpus.kinds)
    for of in ("elf", "elf:0.7,dwarf:0.3", {"elf": 0.7, "dwarf": 0.3}):
        answer = asked.post("/more", {"of": of, "seed": 2, "count": 5}).json()
        assert answer["items"] == as_json(kinds.more(5, of=of, seed=2))
    assert "orc" in sentence(asked.post("/more", {"of": "orc"}))
    assert "shares" in sentence(asked.post("/more", {"of": {"elf": -1}}))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"count": -1}, "count is -1, but must be at least 0"),
        ({"count": 10_001}, "at most 10,000"),
        ({"count": 2.5}, "count is a whole number"),
        ({"count": True}, "count is a whole number"),
        ({"cuont": 3}, 'did you mean "count"'),
        ({"rules": {}}, "rules"),
        ({"temperature": "hot"}, "temperature is a number"),
        ({"temperature": -1}, "temperature is -1"),
        ({"length": "long"}, 'the length "long" is none of 4-8'),
        ({"starts_with": "ß"}, "ß"),
        ({"starts_with": ["a"]}, "starts_with is text"),
        ({"starts_with": "a" * 2001}, "2,001 characters"),
        ({"contains": ["a"] * 10_001}, "10,001 texts"),
        ({"regex": "["}, "regular expression"),
        ({"best": True, "temperature": 0.5}, "the best items are not drawn"),
        ({"starts_with": "qu", "length": "1"}, '"length": "1" leaves no room'),
        ({"of": "elf"}, "elf"),
        ({"of": 3}, "of is a kind"),
        ({"count": 10_000, "max_length": 1001, "seed": 1}, "lower count or max_length"),
        ([], "JSON object"),
        ("more", "JSON object"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(client, body, said):
    assert said in sentence(client.post("/more", body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, '"items" is missing'),
        ({"itmes": ["a"]}, 'did you mean "items"'),
        ({"items": [3.5, []]}, "items is a list, each text"),
        ({"items": ["a"] * 10_001}, "10,001"),
        ({"items": ["a" * 2001]}, "2,001 characters"),
        ({"items": ["a" * 2000] * 300}, '"symbols": false'),
        ({"items": ["a"], "runners_up": 21}, "at most 20"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(client, body, said):
    assert said in sentence(client.post("/score", body))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff", b'{"count": NaN}', b'{"temperature": Infinity}', b'{"starts_with": "\\ud800"}',
        b"[" * 100_000,
        b'{"count": ' + b"9" * 5000 + b"}", b'{"a":' * 5000, b'{"\xc3\x28": 1}', b"count=3", b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_what_is_no_json_is_one_sentence(client, content):
    sentence(client.raw("/more", content))


def test_a_form_cannot_ask(client):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        said = sentence(client.send("POST", "/more", content=b"{}", headers={"content-type": kind}))
        assert "application/json" in said


def test_what_is_not_there_is_one_sentence(client):
    sentence(client.get("/nothing"), 404)
    sentence(client.get("/docs"), 404)
    sentence(client.get("/more"), 405)
    sentence(client.send("DELETE", "/about"), 405)


def test_a_body_that_is_too_large_is_one_sentence(client):
    sentence(client.raw("/score", b'{"items": ["' + b"a" * 2**23 + b'"]}'), 413)

    async def pieces():
        for _ in range(2**8):
            yield b" " * 2**15

    sentence(client.raw("/score", pieces()), 413)


def test_items_are_json_and_never_markup():
    evil = ["<script>alert(1)</script>", "<b>bold</b>", '"quoted"', "</title>"]
    answer = Client(app(moreish.count(evil), token=TOKEN)).post("/more", {"count": 50, "unique": False})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert any("<" in item["text"] for item in answer.json()["items"])


def test_every_wish_and_its_range_stand_in_the_description(client):
    schemas = client.get("/openapi.json", token=None).json()["components"]["schemas"]
    wishes = schemas["MoreBody"]["properties"]
    declared = {name: f for cls in (Rules, Sampling, Request) for name, f in cls.__dataclass_fields__.items()}
    for name in ("rules", "sampling"):
        del declared[name]
    assert set(wishes) == {*declared, "count", "seed", "of"}
    for name, field in declared.items():
        assert wishes[name]["description"] == field.metadata["help"]
    assert (wishes["new_by"]["minimum"], wishes["new_by"]["maximum"]) == (0, 20)
    assert wishes["count"]["default"] == 20
    assert schemas["ScoreBody"]["required"] == ["items"]
    assert schemas["ScoreBody"]["additionalProperties"] is False


def test_nothing_comes_from_elsewhere(client):
    assert not re.search("cdn|unpkg|jsdelivr|<script", client.get("/openapi.json").text, re.IGNORECASE)


def test_a_request_that_takes_too_long_ends(counted):
    short = Client(app(counted, token=TOKEN, limits=moreish.serving.Limits(seconds=1e-4)))
    assert "seconds" in sentence(short.post("/more", {"regex": "(a|b)*a(a|b){8}"}), 503)
    assert "seconds" in sentence(short.post("/score", {"items": ["a"] * 10_000}), 503)


# ---- strangers ----

WORDS = [
    "",
    "a",
    "qu",
    "zß",
    "\u202e",
    "é",
    "[",
    "(a|b)*",
    "(?i)x",
    "4-8",
    "*",
    "\\",
    "\0",
    "\n",
    "0",
    "😀",
    "a" * 300,
]
LEAVES = [None, True, False, 0, 1, -1, 3, 2**31, -(2**63), 1e308, 1e-308, 0.5, *WORDS]


def stray(rng, depth=0):
    """Any JSON value."""
    if depth < 2 and rng.random() < 0.2:
        return [stray(rng, depth + 1) for _ in range(rng.randrange(4))]
    if depth < 2 and rng.random() < 0.2:
        return {rng.choice(WORDS): stray(rng, depth + 1) for _ in range(rng.randrange(4))}
    return rng.choice(LEAVES)


def fuzzed(rng, names):
    """A body that is nearly one: mostly names that there are, with values that they may have, or any."""
    body = {}
    for _ in range(rng.randrange(5)):
        name = rng.choice(names) if rng.random() < 0.95 else rng.choice(WORDS)
        body[name] = stray(rng) if rng.random() < 0.5 else rng.choice(WORDS)
    return body


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_strangers_get_an_answer_or_a_sentence(client, seed):
    rng = random.Random(seed)
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    met = set()
    for _ in range(400):
        path = rng.choice(["/more", "/score"])
        names = [*schemas["MoreBody" if path == "/more" else "ScoreBody"]["properties"]]
        content = json.dumps(fuzzed(rng, names)).encode()
        if rng.random() < 0.1:
            cut = rng.randrange(len(content) + 1)
            content = content[:cut] + rng.randbytes(rng.randrange(3)) + content[cut + rng.randrange(3) :]
        answer = client.raw(path, content)
        met.add(answer.status_code)
        if answer.status_code != 200:
            sentence(answer)
        else:
            json.loads(answer.text, parse_constant=pytest.fail)
    assert met == {200, 422}


def test_how_a_pasted_list_was_read_is_said_without_its_folders(tmp_path):
    for name in ("first.txt", "second.txt"):
        (tmp_path / name).write_text("".join(f"- {item}\n" for item in made_items(20)), encoding="utf-8")
    counted = moreish.count(Files((tmp_path / "first.txt", tmp_path / "second.txt")))
    about = Client(app(counted, token=TOKEN)).get("/about")
    assert "-" not in about.json()["symbols"]
    assert [note.split(" is ")[0] for note in about.json()["notes"]] == ["first.txt", "second.txt"]
    assert all('marks="keep"' in note for note in about.json()["notes"])
    assert str(tmp_path) not in about.text


def test_what_somebody_can_change_is_named_as_a_request_has_it(client):
    short = client.post("/more", {"count": 5, "regex": "quill|quil", "min_p": 0.9}).json()["short"]
    assert "--" not in short
    assert 'a smaller "min_p" dares more, and "unique": false allows the same again' in short
    refused = sentence(client.post("/more", {"starts_with": "qu", "regex": 'x"?'}))
    assert '"regex": "x\\"?"' in refused
