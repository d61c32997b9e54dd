"""The studio from its first moment on: the page at once, everything else as soon as FastAPI is loaded.

A page is three files, which take no framework to serve; loading FastAPI takes longer than a browser needs to show
them. So the application is made in a thread, and what cannot be answered without it waits. The thread begins when
something asks for more than the page: loading beside them would keep the page's files waiting for the interpreter's
lock. Both stand behind the same guard.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from moreish.serving.guard import SAFE
from moreish.studio.guard import StudioGuard
from moreish.studio.page import asset, document

ASSETS = "/assets/"
LOOK = 0.01  # seconds between two looks whether the application is made
UNASKED = 1.0  # seconds after which the application is made though nothing asked for it


class Front:
    """An ASGI application around one that is still being made.

    make : makes it, in a thread; it has `state.close()` and `state.closing`, as `application.app` gives them
    """

    def __init__(self, make: Callable[[], Any], token: str, hosts: tuple[str, ...] = ()) -> None:
        self._make = make
        self._made: Any = None
        self._error: BaseException | None = None
        self._closing = False
        self._asked = threading.Event()
        self._page: ASGIApp = StudioGuard(_page, token=token, hosts=hosts)
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._thread.start()

    def _load(self) -> None:
        self._asked.wait(UNASKED)
        try:
            made = self._make()
            if self._closing:
                made.state.closing.set()
            self._made = made
        except BaseException as error:  # whoever asks is told
            self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Raises what making the application has raised."""
        if self._made is None and self._error is None and scope["type"] == "http" and _is_page(scope):
            await self._page(scope, receive, send)
            return
        if scope["type"] != "lifespan":
            self._asked.set()
        made = await self._whole()
        if made is not None:
            await made(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, 503, "text/plain", b"the server is closing")

    async def _whole(self) -> ASGIApp | None:
        """The application, once it is made; None where the server closes before."""
        while self._made is None and self._error is None and not self._closing:
            await asyncio.sleep(LOOK)
        if self._error is not None:
            raise self._error
        return self._made

    def close(self) -> None:
        """Trainings are asked to save and end."""
        if self._made is not None:
            self._made.state.close()

    def end_streams(self) -> None:
        """Open streams end."""
        self._closing = True
        if self._made is not None:
            self._made.state.closing.set()


def _is_page(scope: Scope) -> bool:
    return scope["method"] in SAFE and _file(scope["path"]) is not None


def _file(path: str) -> tuple[bytes, str] | None:
    """What the page is made of, and its type."""
    if path == "/":
        page = document()
        return None if page is None else (page, "text/html")
    return asset(path.removeprefix(ASSETS)) if path.startswith(ASSETS) else None


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    body, kind = _file(scope["path"]) or (b"", "text/plain")
    await _answer(send, 200, kind, body, scope["method"] == "HEAD")


async def _answer(send: Send, status: int, kind: str, body: bytes, head: bool = False) -> None:
    headers = [(b"content-type", f"{kind}; charset=utf-8".encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
