"""A real server process and real clients, many at once."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import moreish
from moreish.cli import run
from moreish.data import from_items
from moreish.errors import how_to_install
from tests.support.lists import made_items
from tests.support.systems import needs_signals

ENV = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
SMALL = {"train": {"steps": 20, "batch_size": 64, "device": "cpu"}}
SIZES = {"gru": {"n_hidden": 8, "n_embd": 4}, "transformer": {"n_embd": 8, "n_head": 2}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of each family, by name: folder."""
    here = tmp_path_factory.mktemp("runs")
    corpus = from_items(made_items(300))
    moreish.train(corpus, model="ngram", out=here / "ngram")
    for model, size in SIZES.items():
        moreish.train(corpus, model=model, options=SMALL | {"model": size}, out=here / model)
    mixed = [moreish.open_run(here / model) for model in ("ngram", "gru")]
    moreish.mix(mixed, out=here / "mixed")
    return here


@contextlib.contextmanager
def served(what, *flags):
    """A server process on a free port; gives it, its address and its token."""
    command = [sys.executable, "-m", "moreish", "serve", str(what), "--port", "0", "--json", *flags]
    process = subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        told = json.loads(line)
        with httpx.Client(base_url=told["url"], headers={"x-token": told["token"] or ""}, timeout=60) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


ASKED = [
    {"count": 20}, {"count": 5, "starts_with": "a"}, {"count": 5, "ends_with": "a"},
    {"count": 200, "temperature": 0.8},
    {"count": 3, "best": True}, {"count": 5, "new_by": 2, "nearest": True}, {"count": 10, "length": "4-5"},
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("model", ["ngram", "gru", "transformer", "mixed"])
def test_32_clients_at_once_each_get_what_one_alone_gets(runs, model):
    source = moreish.open_run(runs / model)
    bodies = [{**ASKED[i % len(ASKED)], "seed": i % 2} for i in range(64)]
    texts = [[str(item) for item in source.corpus[i : i + 5]] for i in range(32)]

    def ask(i):
        own = httpx.Client(base_url=client.base_url, headers=client.headers, timeout=120)
        with own:
            made = [own.post("/more", json=bodies[k]) for k in (i, i + 32)]
            return made, own.post("/score", json={"items": texts[i]})

    with served(runs / model) as (_, client), ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(ask, range(32)))
    alone = {}
    for i, (made, scored) in enumerate(answers):
        for k, answer in zip((i, i + 32), made, strict=True):
            assert answer.status_code == 200, answer.text
            wishes = {name: value for name, value in bodies[k].items() if name != "count"}
            asked = json.dumps(bodies[k])
            want = alone[asked] = alone.get(asked) or source.more(bodies[k]["count"], **wishes)
            assert [item["text"] for item in answer.json()["items"]] == [item.text for item in want]
            assert [item["logprob"] for item in answer.json()["items"]] == [item.logprob for item in want]
        want = [each.score.logprob for each in source.score(texts[i])]
        assert [item["logprob"] for item in scored.json()["items"]] == want


@pytest.mark.slow
@needs_signals
@pytest.mark.parametrize("busy", [False, True])
def test_ctrl_c_ends_it_within_a_second_also_in_the_middle_of_work(busy):
    with served("minerals", "--seconds", "100") as (process, client), ThreadPoolExecutor(3) as clients:
        work = [clients.submit(_ask_for_much, client) for _ in range(3 * busy)]
        if busy:
            time.sleep(0.5)
        assert client.get("/about").status_code == 200, "it answers while it works"
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, said = process.communicate(timeout=30)
        took = time.monotonic() - began
        ended = [each.result() for each in work]
    assert process.returncode == 130
    assert json.loads(said.splitlines()[-1]) == {"error": "interrupted"}  # uvicorn may tell before of what it cut off
    assert set(ended) <= {"closing", "gone"}
    assert took < 10  # a second where the machine has nothing else to do


def _ask_for_much(client):
    try:
        answer = client.post("/more", json={"regex": "(a|b)*a(a|b){12}"})
    except httpx.TransportError:
        return "gone"
    return "closing" if answer.status_code == 503 else answer.text


@pytest.mark.slow
def test_too_many_at_once_are_told_to_come_again():
    source = moreish.count(made_items(200))
    code = (
        "import sys, uvicorn, moreish\n"
        "from moreish.serving import Limits, app\n"
        "from tests.support.lists import made_items\n"
        "limits = Limits(threads=1, waiting=1, seconds=3)\n"
        "made = app(moreish.count(made_items(200)), token='a-token-of-tests', limits=limits)\n"
        "uvicorn.run(made, port=int(sys.argv[1]), log_level='error')\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", code, str(port)], env=ENV)
    try:
        own = {"x-token": "a-token-of-tests"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=own, timeout=60) as client:
            _until_it_answers(client)
            with ThreadPoolExecutor(8) as clients:
                asked = {"regex": "(a|e)*a(a|e){12}", "count": 1}
                answers = list(clients.map(lambda _: client.post("/more", json=asked), range(8)))
            codes = [answer.status_code for answer in answers]
            assert codes.count(503) >= 6
            assert any("ask again" in answer.text for answer in answers)
            again = client.post("/more", json={"count": 3, "seed": 1})
        assert [item["text"] for item in again.json()["items"]] == [item.text for item in source.more(3, seed=1)]
    finally:
        process.kill()
        process.communicate()


def _until_it_answers(client):
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            client.get("/about")
            return
        time.sleep(0.1)
    pytest.fail("it does not answer")


@pytest.mark.slow
def test_without_a_token_every_program_may_ask_but_no_page():
    with served("minerals", "--no-token") as (_, client):
        client.headers = httpx.Headers()
        assert client.post("/more", json={"count": 2}).status_code == 200
        assert client.post("/more", json={}, headers={"origin": "http://evil.example"}).status_code == 403
        assert client.post("/more", json={}, headers={"host": "evil.example"}).status_code == 403


@pytest.mark.slow
def test_a_token_of_ones_own_is_taken_and_that_of_others_is_not():
    with served("minerals", "--token", "mine-and-only-mine") as (_, client):
        assert client.post("/more", json={"count": 2}).status_code == 200
        client.headers["x-token"] = "somebody-elses"
        assert client.post("/more", json={}).status_code == 401


@pytest.mark.slow
def test_a_request_that_is_broken_off_leaves_the_server_as_it_was():
    with served("minerals") as (process, client):
        host, port = client.base_url.host, client.base_url.port
        for sent in (
            b"",
            b"POST /more HTTP/1.1\r\n",
            b"\x16\x03\x01\x02\x00\x01",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\n" * 99,
        ):
            with socket.create_connection((host, port)) as line:
                line.sendall(sent)
        with pytest.raises(httpx.ReadTimeout):
            client.post("/more", json={"regex": "(a|b)*a(a|b){12}"}, timeout=0.2)
        assert client.post("/more", json={"count": 2}).status_code == 200
        assert process.poll() is None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--no-token", "--host", "0.0.0.0"], "whoever reaches 0.0.0.0 could ask"),
        (["--no-token", "--token", "mine-and-only-mine"], "exclude each other"),
        (["--port", "0", "--token", "x"], "a token has 8 to 512"),
        (["--port", "65536"], "from 0 to 65535"),
        (["--port", "eight"], "not a whole number"),
        (["--port", "0", "--seconds", "0"], "seconds is 0"),
        (["--host", "no.such.host.invalid", "--port", "0"], "no address of this machine"),
    ],
)
def test_what_cannot_be_served_so_is_one_sentence(flags, said, capfd):
    assert run(["serve", "minerals", *flags]) == 2
    out, err = capfd.readouterr()
    assert not out
    assert said in err
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_one_sentence(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["serve", "minerals", "--port", str(taken.getsockname()[1])]) == 2
    assert "give another --port" in capfd.readouterr().err


def test_what_is_no_run_and_no_list_is_one_sentence(capfd):
    assert run(["serve", "no-such-list", "--port", "0"]) == 2
    assert "no-such-list" in capfd.readouterr().err


def test_without_the_extra_it_says_how_to_get_it(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert run(["serve", "minerals"]) == 2
    assert how_to_install("serve") in capfd.readouterr().err


@pytest.mark.slow
def test_nothing_of_it_is_loaded_unless_it_is_asked_for():
    code = (
        "import sys; from moreish.cli import run; import moreish.api; run(['more', 'minerals', '-n', '1']); "
        "assert not {'fastapi', 'uvicorn', 'starlette', 'pydantic', 'moreish.serving'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_an_ngram_is_served_without_torch():
    code = (
        "import sys, moreish, moreish.serving; moreish.serving.app(moreish.count(['emma', 'ava', 'anna'])); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
