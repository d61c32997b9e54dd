"""Requests that nobody would send: whatever is asked for is answered in a sentence, and stays inside the root.

Paths, methods and names of fields come from the described contract; what stands in them is nonsense, or nearly right.
`make fuzz` sends 10,000.
"""

import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.studio.application import app
from tests.attacks.judging import cases_asked_for
from tests.studio.conftest import ORIGIN, TOKEN, Page

EXAMPLES = cases_asked_for(100)
ENDLESS = "/api/events"  # a stream: tested by itself
IDS = st.sampled_from(
    ["one", "minerals", "names", "mlp", "ngram", "neuron", "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "\u202e",
     "C:%5cx", "x" * 300, ".lists", "commands.jsonl", "one%2f..%2fone", "con", "-", "%f0%9f%92%a9", "index.js"]
)  # fmt: skip
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["../../x", "mlp", "minerals", "emma", "a", "F04", "clip", "set_lr", "<b>", "a" * 5000])
    | st.just("(a+)+$"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["train", "model", "data", "steps", "norm", "n_embd", "x"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
RIGHT = {
    "list": "minerals", "model": "bigram", "item": "anna", "items": ["anna"], "prefix": "a", "command": "pause",
    "remedy": "clip", "arguments": {"norm": 1}, "steps": 20, "seeds": 1, "count": 3, "seed": 1, "fault": "F04",
    "factor": 0.5, "temperature": 1.0, "options": {"train": {"batch_size": 16}},
}  # fmt: skip


@pytest.fixture(scope="module")
def place(root, tmp_path_factory):
    """A studio of a copy of the run, with something beside its root that it must leave alone."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("canary\n")
    shutil.copytree(root, outside / "runs")
    made = app(outside / "runs", token=TOKEN)
    made.state.listing.start = lambda stem, arguments: f"{stem}-1"[:80]  # no process for each request
    made.state.listing.resume = lambda id: made.state.listing.run(id).goes_aside()
    client = Page(made)
    paths = client.get("/openapi.json").json()["paths"]
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    return client, outside, paths, schemas


def fields_of(operation, schemas):
    """The names that a body may have."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = body.get("$ref", "").rpartition("/")[2]
    return sorted(schemas.get(name, {}).get("properties", {}))


@st.composite
def requests(draw, paths, schemas):
    path = draw(st.sampled_from(sorted(set(paths) - {ENDLESS})))
    known = sorted(paths[path])
    method = draw(st.sampled_from(known) | st.sampled_from(["get", "head", "post", "put", "delete", "patch"]))
    fields = fields_of(paths[path].get(method, {}), schemas)
    for part in [piece for piece in path.split("/") if piece.startswith("{")]:
        path = path.replace(part, draw(st.just("one") | IDS))
    if draw(st.integers(0, 9)) == 0:
        path += "/" + draw(IDS)
    body = {}
    for name in fields:
        right = name in RIGHT and draw(st.booleans())
        if right or draw(st.integers(0, 2)) == 0:
            body[name] = RIGHT[name] if right else draw(JUNK)
    if "find-lr" in path:
        body |= {name: RIGHT[name] for name in ("steps", "seeds") if not isinstance(body.get(name), str)}
    whole = draw(st.just(body) | st.just(body) | JUNK)
    raw = draw(st.none() | st.none() | st.none() | st.binary(max_size=200))
    return method.upper(), path, json.dumps(whole).encode() if raw is None else raw, draw(st.text(max_size=8))


@pytest.mark.slow
@settings(max_examples=max(EXAMPLES, 60), deadline=None)
@given(data=st.data())
def test_whatever_is_asked_for_is_answered_in_a_sentence(place, data):
    client, outside, paths, schemas = place
    method, path, content, query = data.draw(requests(paths, schemas))
    headers = {**ORIGIN, "content-type": "application/json"}
    more = {} if method in ("GET", "HEAD") else {"content": content}
    answer = client.send(method, path, params={"q": query, "after": query}, headers=headers, **more)
    assert answer.status_code < 500 or "page is not built" in answer.text, (
        method,
        path,
        content,
        answer.status_code,
        answer.text,
    )
    assert "Traceback" not in answer.text
    assert "canary" not in answer.text
    assert sorted(p.name for p in outside.iterdir()) == ["runs", "secret.txt"]
    assert (outside / "secret.txt").read_text() == "canary\n"
