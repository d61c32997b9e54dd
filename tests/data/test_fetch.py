"""Fetching public lists, from a real server on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from moreish.data import read
from moreish.data.fetch import PUBLIC, PublicList, download, fetch

BODY = b"emma\nava\n" * 20_000


class Handler(BaseHTTPRequestHandler):
    """/good, /short, /long, /other, /hang-up, /to-good, /to-file, /loop; everything else is not found."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        sends = {
            "/to-good": "/good",
            "/to-file": "file:///etc/passwd",
            "/to-ftp": "ftp://127.0.0.1/x",
            "/loop": "/loop",
        }
        if self.path in sends:
            self.send_response(302)
            self.send_header("Location", sends[self.path])
            self.end_headers()
            return
        bodies = {
            "/good": BODY,
            "/short": BODY[:-9],
            "/long": BODY + b"x",
            "/other": BODY[::-1],
            "/hang-up": BODY,
        }
        if self.path not in bodies:
            self.send_error(404)
            return
        body = bodies[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: 70_000 if self.path == "/hang-up" else None])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def public(server: ThreadingHTTPServer, path: str) -> PublicList:
    url = f"http://127.0.0.1:{server.server_port}{path}"
    return PublicList("list.txt", url, len(BODY), hashlib.sha256(BODY).hexdigest(), "made for this test")


@pytest.mark.parametrize("path", ["/good", "/to-good"])
def test_good_file_arrives_whole_and_alone(server, tmp_path, path):
    seen = []
    got = download(public(server, path), tmp_path / "new", lambda done, size: seen.append((done, size)))
    assert got.read_bytes() == BODY
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["list.txt"]
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/short", f"broke off after {len(BODY) - 9:,} of {len(BODY):,} bytes; try again"),
        ("/long", f"longer than the {len(BODY):,} bytes it should have"),
        ("/other", "is not the file it was"),
        ("/hang-up", "cannot be fetched: IncompleteRead|broke off"),
        ("/nothing", "cannot be fetched: 404"),
        ("/to-file", "cannot be fetched: 302 .*file:///etc/passwd' is not allowed"),
        ("/to-ftp", "redirects to ftp://127.0.0.1/x, which is not http"),
        ("/loop", "cannot be fetched: 302"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_leaves_nothing(server, tmp_path, path, sentence):
    with pytest.raises(ValueError, match=sentence):
        download(public(server, path), tmp_path, lambda done, size: None)
    assert not list(tmp_path.iterdir())


def test_failure_leaves_the_old_file_as_it_was(server, tmp_path):
    (tmp_path / "list.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not the file it was"):
        download(public(server, "/other"), tmp_path, lambda done, size: None)
    assert (tmp_path / "list.txt").read_text() == "mine"


def test_verified_file_is_not_fetched_again_and_a_changed_one_is(server, tmp_path):
    for _ in range(2):
        download(public(server, "/good"), tmp_path, lambda done, size: None)
    assert Handler.asked == ["/good"]
    (tmp_path / "list.txt").write_bytes(BODY[1:])
    download(public(server, "/good"), tmp_path, lambda done, size: None)
    assert (tmp_path / "list.txt").read_bytes() == BODY
    assert Handler.asked == ["/good", "/good"]


def test_stop_in_the_middle_leaves_nothing(server, tmp_path):
    def stop(done: int, size: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(public(server, "/good"), tmp_path, stop)
    assert not list(tmp_path.iterdir())


def test_no_server_is_one_sentence(server, tmp_path):
    gone = public(server, "/good")
    server.shutdown()
    server.server_close()
    with pytest.raises(ValueError, match=r"cannot be fetched: .*refused"):
        download(gone, tmp_path, lambda done, size: None)


def test_folder_that_cannot_be_made_is_one_sentence(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"list\.txt cannot be kept in"):
        download(public(server, "/good"), tmp_path / "file", lambda done, size: None)


def test_unknown_name_is_one_sentence():
    with pytest.raises(ValueError, match='no public list "nmaes"; did you mean "names"'):
        fetch("nmaes")


def test_fetched_file_lands_in_the_data_folder_and_is_read_by_its_name(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MOREISH_DATA", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PUBLIC, "list", public(server, "/good"))
    assert fetch("list") == tmp_path / "kept" / "list.txt"
    assert list(read("list.txt").items) == ["emma", "ava"]
    assert fetch("list", to=tmp_path / "other") == tmp_path / "other" / "list.txt"


@pytest.mark.parametrize("name", PUBLIC)
def test_public_lists_are_pinned(name):
    entry = PUBLIC[name]
    assert entry.url.startswith("https://")
    assert len(bytes.fromhex(entry.sha256)) == 32
    assert entry.size > 0
    assert entry.provenance
