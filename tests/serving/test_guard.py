"""The guard, one test for each of its promises, around an application that answers everything."""

import asyncio

import httpx
import pytest

from moreish.serving import Guard, Limits
from tests.serving.conftest import TOKEN, URL, Client, sentence

METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")


async def echo(scope, receive, send):
    """Answers whatever comes with the size of its body."""
    size, more = 0, True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        size, more = size + len(message["body"]), message["more_body"]
    headers = [(b"content-type", b"text/plain"), (b"referrer-policy", b"unsafe-url")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
def guarded():
    return Client(Guard(echo, TOKEN, ["moreish.example.org", "box.local:8000"]))


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LocalHost:8000"])
def test_the_names_of_the_loopback_with_our_port_are_ours(guarded, host):
    assert guarded.get("/", headers={"host": host}, token=None).text == "0"
    assert guarded.post("/", {}, headers={"host": host}).text == "2"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000", "localhost", "localhost:80", "localhost:8001", "127.0.0.1",
        "127.0.0.1.evil.example:8000",
        "localhost.:8000", "[::1]", "::1:8000", "[::1]:8000.evil.example", "localhost:8000@evil.example", "",
        "127.1:8000", "0.0.0.0:8000", "localhost:8000:8000", "localhost:08000", "xn--localhost:8000", "[::2]:8000",
        "localhost:8000, evil.example", "moreish.example.org:8000", "box.local", "a.moreish.example.org",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_host_is_refused_by_every_method(guarded, host, method):
    sentence(guarded.send(method, "/", headers={"host": host}), 400 if host in ODD else 403)


ODD = ("", "::1:8000", "[::1]:8000.evil.example", "localhost:8000@evil.example", "localhost:8000:8000",
       "localhost:8000, evil.example")  # fmt: skip


def test_without_a_port_the_host_is_that_of_port_80(guarded):
    assert guarded.get("/", url="http://127.0.0.1", headers={"host": "localhost"}, token=None).status_code == 200
    assert guarded.get("/", url="http://127.0.0.1", headers={"host": "localhost:80"}, token=None).status_code == 200
    sentence(guarded.get("/", url="http://127.0.0.1", headers={"host": "localhost:8000"}), 403)


def test_hosts_that_were_named_are_ours_but_always_need_the_token(guarded):
    for host in ("moreish.example.org", "box.local:8000"):
        assert guarded.get("/", headers={"host": host}).status_code == 200
        sentence(guarded.get("/", headers={"host": host}, token=None), 401)


def test_the_address_that_the_request_came_in_at_is_ours_but_always_needs_the_token(guarded):
    there = {"url": "http://192.168.1.5:8000"}
    assert guarded.get("/", **there).status_code == 200
    sentence(guarded.get("/", **there, token=None), 401)
    sentence(guarded.get("/", **there, headers={"host": "192.168.1.6:8000"}), 403)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_but_get_and_head_needs_the_token_on_every_path(guarded, method):
    for path in ("/", "/more", "/openapi.json", "/static/x.css", "//", "/..", "/%2e%2e/"):
        sentence(guarded.send(method, path, token=None), 401)
        assert guarded.send(method, path).status_code == 200


def test_get_and_head_need_none_on_the_loopback(guarded):
    assert guarded.get("/anything", token=None).status_code == 200
    assert guarded.send("HEAD", "/anything", token=None).status_code == 200


def test_the_token_is_sent_as_a_bearer_or_by_itself(guarded):
    assert guarded.post("/", {}, headers={"authorization": f"bearer {TOKEN}"}, token=None).status_code == 200
    assert guarded.post("/", {}, headers={"x-token": TOKEN}, token=None).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Basic {TOKEN}"}, {"authorization": TOKEN}, {"authorization": "Bearer"},
        {"authorization": f"Bearer {TOKEN}x"}, {"authorization": f"Bearer {TOKEN[:-1]}"}, {"x-token": TOKEN.upper()},
        {"cookie": f"token={TOKEN}"}, {"x-token": "é"}, {"authorization": "Bearer é"},
    ],
)  # fmt: skip
def test_nothing_else_is_the_token(guarded, headers):
    refused = guarded.send("POST", "/", token=None, headers={k: v.encode("latin-1") for k, v in headers.items()})
    sentence(refused, 401)
    assert refused.headers["www-authenticate"].startswith("Bearer")


def test_a_token_in_the_address_is_none(guarded):
    sentence(guarded.post(f"/?token={TOKEN}", {}, token=None), 401)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "", "https://127.0.0.1:8000", "http://127.0.0.1", "http://127.0.0.1:80",
        "http://127.0.0.1:8000.evil.example", "http://127.0.0.1:8000/", "http://127.0.0.1:80001", "file://",
        "http://localhost:8000", "HTTP://127.0.0.1:8000", "http://evil@127.0.0.1:8000",
    ],
)  # fmt: skip
def test_an_origin_that_is_not_exactly_ours_is_refused_though_the_token_is_right(guarded, origin):
    for method in ("POST", "DELETE", "OPTIONS"):
        sentence(guarded.send(method, "/", headers={"origin": origin}), 403)


def test_our_own_origin_may_ask(guarded):
    assert guarded.post("/", {}, headers={"origin": URL}).status_code == 200
    for scheme in ("http", "https"):
        proxied = {"host": "moreish.example.org", "origin": f"{scheme}://moreish.example.org"}
        assert guarded.post("/", {}, headers=proxied).status_code == 200


def test_without_a_token_host_and_origin_are_still_looked_at():
    free = Client(Guard(echo, None))
    assert free.post("/", {}, token=None).status_code == 200
    sentence(free.post("/", {}, headers={"origin": "http://evil.example"}, token=None), 403)
    sentence(free.get("/", headers={"host": "evil.example:8000"}, token=None), 403)


@pytest.mark.parametrize("name", ["host", "authorization", "origin", "x-token"])
def test_a_header_that_decides_may_not_come_twice(guarded, name):
    async def ask():
        transport = httpx.ASGITransport(app=guarded.application)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            value = {"host": "127.0.0.1:8000", "origin": URL}.get(name, f"Bearer {TOKEN}")
            twice = httpx.Headers([(name, value), (name, "evil.example:8000")])
            return await client.post("/", headers=twice)

    assert "twice" in sentence(asyncio.run(ask()), 400)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("token", [TOKEN, None])
def test_every_answer_has_the_headers_and_none_allows_another_origin(guarded, method, token):
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"} if method == "OPTIONS" else {}
    answer = guarded.send(method, "/", token=token, headers=asked)
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert answer.headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


def limited(**limits):
    return Client(Guard(echo, TOKEN, limits=Limits(**limits)))


def test_a_body_is_let_through_up_to_the_limit_and_no_further():
    small = limited(body=100)
    assert small.send("POST", "/", content=b"x" * 100).text == "100"
    assert "100 bytes" in sentence(small.send("POST", "/", content=b"x" * 101), 413)


def test_a_body_without_a_length_is_counted_as_it_comes():
    sent = []

    async def pieces():
        for _ in range(1000):
            sent.append(10)
            yield b"x" * 10

    sentence(limited(body=100).send("POST", "/", content=pieces()), 413)
    assert len(sent) < 20, "the rest is not read"


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999999", "1,1", " "])
def test_a_length_that_is_none_is_refused(guarded, length):
    sentence(guarded.send("POST", "/", headers={"content-length": length}, content=b""), 400)


def test_a_body_that_does_not_come_is_given_up():
    async def slow():
        yield b"x"
        await asyncio.sleep(60)
        yield b"x"

    assert "seconds" in sentence(limited(body_seconds=0.05).send("POST", "/", content=slow()), 408)


def test_what_the_application_makes_of_a_cut_body_is_not_sent():
    async def swallows(scope, receive, send):
        try:
            await receive()
        except Exception:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"fine"})

    asked = Client(Guard(swallows, TOKEN, limits=Limits(body=10)))

    async def pieces():
        yield b"x" * 11

    sentence(asked.send("POST", "/", content=pieces()), 413)


def test_a_websocket_is_closed_before_it_opens():
    sent = []

    async def keep(message):
        sent.append(message)

    asyncio.run(Guard(echo, TOKEN)({"type": "websocket", "headers": [], "path": "/"}, None, keep))
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("token", ["", "short", "with a space", "naïveté-naïveté", "line\nbreak-break", "x" * 513])
def test_a_token_that_cannot_stand_in_a_header_or_is_soon_guessed_is_refused(token):
    with pytest.raises(ValueError, match="token"):
        Guard(echo, token)
