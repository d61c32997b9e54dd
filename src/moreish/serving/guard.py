"""The guard: who may ask, before anything else is looked at. Pure ASGI, around any application.

A server on one's own machine is reached by every page that is open in a browser there: by its address (a form or a
script that posts to 127.0.0.1), and by a name that the page's owner points at 127.0.0.1 when the page is loaded (DNS
rebinding). So on every path:

    Host    is localhost, 127.0.0.1 or [::1] with our port, the address that the request came in at, or one of `hosts`
    token   is needed by every method but GET and HEAD, and by these too where Host is none of the loopback's names
    Origin  where one is sent with any other method than GET and HEAD, is exactly that of Host

No CORS headers are ever sent, so no page elsewhere reads an answer. Bodies are counted as they come and cut off at
the limit, of size and of time.
"""

import asyncio
import contextlib
import hmac
import json
import re
import secrets
from collections.abc import Collection
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moreish.serving.work import Limits
from moreish.wording import in_a_terminal

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
SAFE = ("GET", "HEAD")
HTTP_PORT = 80
NETLOC = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?")
TOKEN = re.compile(r"[!-~]{8,512}")
HEADERS = (
    (b"content-security-policy", b"default-src 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Refusal(NamedTuple):
    """The status and the sentence with which a request is turned away."""

    status: int
    sentence: str


class Cut(Exception):
    """What the application gets instead of the rest of a body that is too large, or takes too long to come."""


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


def check_token(token: str) -> str:
    """The token. Raises ValueError where it cannot stand in a header, or is soon guessed."""
    if not TOKEN.fullmatch(token):
        raise ValueError("a token has 8 to 512 letters, digits or signs of ASCII, and no spaces")
    return token


class Guard:
    """An application behind the guard.

    token : what Authorization: Bearer, or X-Token, must say; None: nothing (Host and Origin are still looked at)
    hosts : what else Host may be, exactly, in small letters: "box.local:8000", or "moreish.example.org" for a proxy
    """

    def __init__(
        self, app: ASGIApp, token: str | None, hosts: Collection[str] = (), limits: Limits | None = None
    ) -> None:
        self.app, self.limits = app, limits or Limits()
        self.token = None if token is None else check_token(token).encode()
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        exchange = _Exchange(receive, send, self.limits)
        exchange.refusal = self.refusal(scope)
        if exchange.refusal is None:
            with contextlib.suppress(Cut), in_a_terminal():  # flags, which become fields of a request or of a form
                await self.app(scope, exchange.receive, exchange.send)
        await exchange.refuse()

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why this request is turned away; None: it may come in."""
        headers = Headers(scope)
        if refusal := headers.refusal(self.limits.body):
            return refusal
        host = headers.get("host").lower()
        ours = addresses(scope)
        if host not in ours and host not in self.hosts:
            return Refusal(403, f'this server is {ours[0]}, and was asked for as "{host[:200]}"')
        safe = scope["method"] in SAFE
        if not safe and headers.has("origin") and headers.get("origin") not in self.origins(scope, host):
            return Refusal(403, "a page of another origin may not ask this server")
        if safe and host in ours and is_loopback(host):
            return None
        return self._token_refusal(headers)

    def origins(self, scope: Scope, host: str) -> list[str]:
        """What Origin may be where Host is this one: with TLS only for a name of `hosts`, whose proxy may have it."""
        schemes = ("http", "https") if host in self.hosts and host not in addresses(scope) else ("http",)
        return [f"{scheme}://{host}" for scheme in schemes]

    def _token_refusal(self, headers: "Headers") -> Refusal | None:
        if self.token is None:
            return None
        scheme, _, given = headers.get("authorization").partition(" ")
        token = given.strip() if scheme.lower() == "bearer" else headers.get("x-token")
        if not token:
            return Refusal(401, "this needs the token: send it as the header Authorization: Bearer TOKEN")
        if not hmac.compare_digest(token.encode("latin-1"), self.token):
            return Refusal(401, "this is not the token")
        return None


def addresses(scope: Scope) -> list[str]:
    """What Host may be: our port at the loopback's names, and at the address that the request came in at."""
    name, port = scope.get("server") or ("", None)
    port = port or HTTP_PORT
    names = [*LOOPBACK]
    if re.fullmatch(r"[0-9a-fA-F:.]+", name or "") and name not in ("0.0.0.0", "::"):
        own = f"[{name.lower()}]" if ":" in name else name
        names = [own, *(each for each in LOOPBACK if each != own)]
    return [f"{name}:{port}" for name in names] + (names if port == HTTP_PORT else [])


def is_loopback(host: str) -> bool:
    """Whether a Host that can be one is a name of the loopback."""
    found = NETLOC.fullmatch(host)
    return bool(found) and found[1] in LOOPBACK


class Headers:
    """The headers of a request that the guard looks at, each at most once."""

    def __init__(self, scope: Scope) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            self._values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return name in self._values

    def get(self, name: str) -> str:
        """Its value, or nothing."""
        return self._values.get(name, [""])[0]

    def refusal(self, most: int) -> Refusal | None:
        """Where the headers themselves are not as they should be."""
        for name in ("host", "origin", "authorization", "x-token", "content-length"):
            if len(self._values.get(name, [])) > 1:
                return Refusal(400, f"the header {name} is sent twice")
        if not NETLOC.fullmatch(self.get("host").lower()):
            return Refusal(400, "the header Host is no name with a port")
        length = self.get("content-length") or "0"
        if not re.fullmatch("[0-9]{1,18}", length):
            return Refusal(400, "the header Content-Length is no number")
        return _too_large(most) if int(length) > most else None


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"the body has more than {most:,} bytes: send less at once")


class _Exchange:
    """One request and its answer: the body as far as the limits go, the answer with our headers."""

    def __init__(self, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive, self._send, self._limits = receive, send, limits
        self._until = asyncio.get_running_loop().time() + limits.body_seconds
        self._size, self._whole, self._started = 0, False, False
        self.refusal: Refusal | None = None

    async def receive(self) -> Message:
        """The next piece of the body. Raises Cut where it is too much, or too slow."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            self.refusal = Refusal(408, f"the body did not come within {self._limits.body_seconds:g} seconds")
            raise Cut from None
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._size > self._limits.body:
                self.refusal = _too_large(self._limits.body)
                raise Cut
        return message

    async def send(self, message: Message) -> None:
        """A piece of the application's answer; nothing where the request was turned away meanwhile."""
        if self.refusal is not None and not self._started:
            return
        if message["type"] == "http.response.start":
            self._started = True
            own = {name for name, _ in HEADERS}
            kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in own]
            message = {**message, "headers": [*kept, *HEADERS]}
        await self._send(message)

    async def refuse(self) -> None:
        """Answer with the refusal, where there is one and nothing was answered."""
        if self.refusal is None or self._started:
            return
        refusal, self.refusal = self.refusal, None
        body = json.dumps({"error": refusal.sentence}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if refusal.status == 401:
            headers.append((b"www-authenticate", b'Bearer realm="moreish"'))
        if refusal.status in (408, 413):
            headers.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
