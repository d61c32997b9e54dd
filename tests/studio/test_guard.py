"""The studio's guard: a test for each sentence of what it promises, on the real application."""

import pytest

from moreish.studio.application import app
from tests.studio.conftest import TOKEN, Page

PATHS = ["/", "/api/runs", "/api/events?runs=one", "/assets/index.js", "/openapi.json", "/nothing", "/api/lists/x"]
HOSTS = ["evil.example", "127.0.0.1:80", "localhost", "[::2]:8000", "127.0.0.1.evil.example:8000", ""]
ELSEWHERE = ["http://127.0.0.1:80001", "http://127.0.0.1", "https://127.0.0.1:8000", "null", "http://evil.example"]
TOO_MUCH = b"a" * (34 * 2**20)
CHANGING = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MADEUP"]


@pytest.mark.parametrize("path", PATHS)
def test_a_token_is_needed_on_every_path_events_and_static_files_included(page, path):
    answer = page.get(path, token=None)
    assert answer.status_code == 401
    assert page.get(path, token="another-token").status_code == 401


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", PATHS)
def test_another_host_is_refused_on_every_path(page, path, host):
    assert page.get(path, headers={"host": host}).status_code in (400, 403)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_the_loopback_is_known_by_its_three_names(page, host):
    assert page.get("/api/about", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("method", CHANGING)
@pytest.mark.parametrize("path", PATHS)
def test_every_method_but_get_and_head_needs_an_origin_that_is_exactly_ours(page, path, method):
    for origin in ELSEWHERE:
        assert page.send(method, path, headers={"origin": origin}).status_code == 403
    without = page.application
    assert type(page).__mro__[1](without).send(method, path).status_code == 403


@pytest.mark.parametrize("method", CHANGING)
def test_every_method_but_get_and_head_needs_the_token(page, method):
    assert page.send(method, "/api/runs", token=None).status_code == 401


def test_no_answer_lets_another_origin_read_it(page):
    for path in PATHS[:2]:
        answer = page.get(path, headers={"origin": "http://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_says_that_only_our_own_files_may_run(page):
    for path in ("/", "/api/runs", "/nothing"):
        headers = page.get(path).headers
        assert headers["content-security-policy"] == "default-src 'self'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_first_address_gives_a_cookie_with_the_port_and_sends_on_without_the_token(page):
    answer = page.get(f"/?token={TOKEN}", token=None)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("moreish-8000=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    name, _, value = cookie.partition(";")[0].partition("=")
    assert page.get("/api/runs", token=None, headers={"cookie": f"{name}={value}"}).status_code == 200
    assert page.get("/api/runs", token=None, headers={"cookie": f"moreish-8001={value}"}).status_code == 401
    assert page.get("/?token=another", token=None).status_code == 401
    assert page.get(f"/?token={TOKEN}", token=None, headers={"host": "evil.example"}).status_code in (400, 403)


@pytest.mark.parametrize("id", ["..", "../one", "%2e%2e%2fone", "one%2f..", "/etc", "C:%5c", "one%00", ".lists"])
def test_a_run_is_addressed_by_an_id_from_the_listing_and_by_nothing_else(page, id):
    for path in (f"/api/runs/{id}", f"/api/runs/{id}/export", f"/api/runs/{id}/records"):
        assert page.get(path).status_code in (404, 422), path
    assert page.post(f"/api/runs/{id}/commands", {"command": "pause"}).status_code in (404, 405, 422)


@pytest.mark.parametrize("name", ["..%2f..%2fpage.py", "index.html", "x.py", "%00.js", "a/b.js"])
def test_no_file_outside_the_page_is_served(page, name):
    assert page.get(f"/assets/{name}").status_code == 404


def test_an_upload_is_raw_text_kept_inside_the_root_and_served_back_as_plain_text(page, root):
    sent = page.send("PUT", "/api/lists/..%5c..%5cevil%20<b>", content=b"<script>alert(1)</script>\nemma\n")
    assert sent.status_code == 201
    id = sent.json()["list"]
    assert (root / ".lists" / f"{id}.txt").is_file()
    answer = page.get(f"/api/lists/{id}")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("<script>")


@pytest.mark.parametrize(("content", "status"), [(b"a\0b", 422), (TOO_MUCH, 413)], ids=["binary", "too large"])
def test_an_upload_that_is_no_text_or_too_large_is_cut_off_and_nothing_of_it_is_kept(page, root, content, status):
    before = sorted((root / ".lists").iterdir()) if (root / ".lists").exists() else []
    assert page.send("PUT", "/api/lists/big", content=content).status_code == status
    assert (sorted((root / ".lists").iterdir()) if (root / ".lists").exists() else []) == before


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_an_origin_with_tls_is_never_ours_where_we_listen_ourselves(root, host):
    studio = Page(app(root, token=TOKEN, hosts=(host, "moreish.example")))
    command = {"command": "go"}
    refused = studio.send(
        "POST", "/api/runs/no/commands", headers={"host": host, "origin": f"https://{host}"}, json=command
    )
    assert refused.status_code == 403
    proxied = {"host": "moreish.example", "origin": "https://moreish.example"}
    assert studio.send("POST", "/api/runs/no/commands", headers=proxied, json=command).status_code == 422


def test_a_browser_without_the_token_is_told_so_in_a_sentence(page):
    answer = page.get("/", token=None, headers={"accept": "text/html,*/*"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "open the address that moreish studio has printed: it holds the token\n"
    assert answer.headers["content-security-policy"] == "default-src 'self'"
