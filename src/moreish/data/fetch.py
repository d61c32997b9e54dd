"""Fetch: public lists by download, from the address that their makers gave them, verified by a pinned hash."""

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import Any

from moreish.data.sources import data_folder
from moreish.options import did_you_mean

PIECE = 2**16
TIMEOUT = 30.0  # seconds without a byte


@dataclass(frozen=True)
class PublicList:
    """A file on the web that never changes: its size in bytes and SHA-256 are known."""

    file: str
    url: str
    size: int
    sha256: str
    provenance: str


PUBLIC = {
    "names": PublicList(
        "names.txt",
        "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
        228_145,
        "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
        "the 32,033 first names of the makemore lectures (MIT); US Social Security Administration, public data",
    ),
    "shakespeare": PublicList(
        "tinyshakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        1_115_394,
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        "a million characters of Shakespeare from char-rnn; public domain",
    ),
}


def fetch(
    name: str, to: str | Path | None = None, progress: Callable[[int, int], None] = lambda done, size: None
) -> Path:
    """The file of a public list in the folder `to` (the data folder), downloaded unless it is there and whole.

    `progress` is called with the bytes so far and in all. Raises ValueError with one sentence where that fails; then
    nothing is left behind.
    """
    if name not in PUBLIC:
        raise ValueError(f'there is no public list "{name}"{did_you_mean(name, PUBLIC)}')
    return download(PUBLIC[name], data_folder() if to is None else Path(to), progress)


def download(public: PublicList, folder: Path, progress: Callable[[int, int], None]) -> Path:
    """As `fetch`, for any public list. The file appears under its name whole and verified, or not at all."""
    path = folder / public.file
    try:
        if path.is_file() and _sha256(path) == public.sha256:
            return path
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{public.file}.", delete=False) as part:
            try:
                for piece in _verified(public):
                    part.write(piece)
                    progress(part.tell(), public.size)
                part.flush()
                os.fsync(part.fileno())
                part.close()
                os.replace(part.name, path)
            except BaseException:
                part.close()
                os.unlink(part.name)
                raise
    except OSError as error:
        raise ValueError(f"{public.file} cannot be kept in {folder}: {error.strerror or error}") from None
    return path


def _verified(public: PublicList) -> Iterator[bytes]:
    """The body. Raises ValueError where it is cut short or too long, and at its end if it has another hash."""
    digest, done = hashlib.sha256(), 0
    for piece in _body(public):
        done += len(piece)
        if done > public.size:
            raise ValueError(f"{public.url} is longer than the {public.size:,} bytes it should have; refused")
        digest.update(piece)
        yield piece
    if done < public.size:
        raise ValueError(f"{public.url} broke off after {done:,} of {public.size:,} bytes; try again")
    if digest.hexdigest() != public.sha256:
        raise ValueError(f"{public.url} is not the file it was (its SHA-256 is {digest.hexdigest()}); refused")


def _body(public: PublicList) -> Iterator[bytes]:
    """What the server sends, whatever it is. Raises ValueError where it sends nothing."""
    try:
        with urllib.request.build_opener(_OnlyHttp).open(public.url, timeout=TIMEOUT) as response:
            while piece := response.read1(PIECE):
                yield piece
    except urllib.error.HTTPError as error:
        error.close()
        raise ValueError(f"{public.url} cannot be fetched: {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise ValueError(f"{public.url} cannot be fetched: {error.reason}") from None
    except (HTTPException, OSError) as error:
        raise ValueError(f"{public.url} cannot be fetched: {error!r}") from None


class _OnlyHttp(urllib.request.HTTPRedirectHandler):
    """A server may send us on, but to no other protocol."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.lower().startswith(("http://", "https://")):
            raise urllib.error.URLError(f"it redirects to {newurl}, which is not http")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
