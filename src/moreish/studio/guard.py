"""The studio's guard: as strict as that of `serving`, for a page, which shows its token as a cookie.

    token   is needed by every request, static files and events included: as the cookie that the first address sets,
            or as Authorization: Bearer
    Origin  is needed by every method but GET and HEAD, and is exactly ours
    Host    is localhost, 127.0.0.1 or [::1] with our port, or one that `--host` made

The first address (/?token=TOKEN) answers with the cookie and sends the browser on to the same place without it. The
cookie's name has the port in it, because browsers do not tell ports apart.
"""

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, quote

from starlette.types import Receive, Scope, Send

from moreish.serving.guard import HEADERS, SAFE, Guard, Headers, Refusal, addresses

OPENING = "open the address that moreish studio has printed: it holds the token"


class StudioGuard(Guard):
    """An application behind the studio's guard; see `serving.guard.Guard` for the arguments."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and (cookie := self._first_visit(scope)) is not None:
            headers = [(b"location", b"/"), (b"set-cookie", cookie), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 303, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope["type"] == "http" and (refusal := self._to_a_person(scope)) is not None:
            body = f"{refusal.sentence}\n".encode()
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(body)),
                *HEADERS,
            ]
            await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await super().__call__(scope, receive, send)

    def _to_a_person(self, scope: Scope) -> Refusal | None:
        """The refusal, where a browser wants to show the page: a sentence, and no JSON."""
        if scope["path"] != "/" or scope["method"] != "GET" or "text/html" not in Headers(scope).get("accept"):
            return None
        return self.refusal(scope)

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why this request is turned away; None: it may come in."""
        headers = Headers(scope)
        refusal = headers.refusal(self.limits.body) or self._stranger(scope, headers)
        if refusal:
            return refusal
        if scope["method"] not in SAFE and headers.get("origin") not in self.origins(
            scope, headers.get("host").lower()
        ):
            return Refusal(403, "only the studio's own page may change something: the header Origin is to be its own")
        if not self._knows_token(scope, headers):
            return Refusal(401, OPENING)
        return None

    def _stranger(self, scope: Scope, headers: Headers) -> Refusal | None:
        host, ours = headers.get("host").lower(), addresses(scope)
        if host in ours or host in self.hosts:
            return None
        return Refusal(403, f'this server is {ours[0]}, and was asked for as "{host[:200]}"')

    def _knows_token(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization").partition(" ")
        token = given.strip() if scheme.lower() == "bearer" else self._cookie(scope, headers)
        return self._is_token(token)

    def _cookie(self, scope: Scope, headers: Headers) -> str:
        try:
            found = SimpleCookie(headers.get("cookie")).get(cookie_name(scope))
        except CookieError:
            return ""
        return found.value if found else ""

    def _is_token(self, token: str) -> bool:
        assert self.token is not None, "a studio has a token"
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token)

    def _first_visit(self, scope: Scope) -> bytes | None:
        """The cookie for a browser that comes with the token in the address, and may come in."""
        headers = Headers(scope)
        if scope["path"] != "/" or scope["method"] != "GET" or headers.refusal(self.limits.body):
            return None
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", "")
        if self._stranger(scope, headers) or not given or not self._is_token(given):
            return None
        return f"{cookie_name(scope)}={quote(given)}; Path=/; HttpOnly; SameSite=Strict".encode()


def cookie_name(scope: Scope) -> str:
    """moreish-8010: browsers send the cookies of one port to the others."""
    _, port = scope.get("server") or ("", 0)
    return f"moreish-{port}"
