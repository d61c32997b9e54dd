"""What routes have in common: bodies that are JSON whatever they are called, and every fault as one sentence."""

import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException

from moreish.errors import BAD_INPUT, describe
from moreish.options import did_you_mean

log = logging.getLogger("moreish.serving")


def answer_in_sentences(made: FastAPI, asked: str) -> None:
    """Let the routes that are added from here on read JSON, and every refusal be one sentence.

    asked : what there is to be asked, for whoever asked for something else
    """

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        said = {404: f"there is nothing here: ask {asked}", 405: "not by this method"}
        known = said.get(error.status_code) if error.detail in ("Not Found", "Method Not Allowed") else None
        return error_answer(error.status_code, known or str(error.detail), error.headers)

    made.router.route_class = JsonRoute
    made.add_exception_handler(RequestValidationError, _invalid)
    made.add_exception_handler(StarletteHTTPException, refused)
    made.add_exception_handler(Exception, _failed)


class JsonRequest(Request):
    """A request whose body is JSON, whatever it is called."""

    async def json(self) -> Any:
        """The body. Raises HTTPException with what is wrong with it."""
        body = await self.body()
        try:
            return msgspec.json.decode(body)
        except (ValueError, RecursionError) as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise HTTPException(422, f"the body is not JSON in UTF-8: {why}") from None


class JsonRoute(APIRoute):
    """A route whose requests are read by `JsonRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI documents it for requests of one's own."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method == "POST":
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json":
                    return error_answer(422, "the body is to be JSON: send the header Content-Type: application/json")
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    body = getattr(request.scope.get("route"), "body_field", None)
    known = getattr(getattr(body, "field_info", None), "annotation", None)
    fields = getattr(known, "model_fields", {})
    found = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")  # a slip in writing first
    return error_answer(422, sentence_of(found[0], [*fields]))


def sentence_of(error: Mapping[str, Any], known: Collection[str]) -> str:
    """What pydantic found, in the words of the command line; `known` are the names that a body may have."""
    place = [str(part) for part in error["loc"] if part != "body"]
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "extra_forbidden":
            return f'there is no "{place[-1][:200]}" to be asked for{did_you_mean(place[-1][:200], known)}'
        case "missing" if place:
            return f'"{place[-1]}" is missing'
        case kind if place:
            wrong = _bound(kind, error.get("ctx", {})) or f"cannot be read: {error['msg']}"
            return f'"{place[-1][:200]}" {wrong}'
    return 'the body is to be a JSON object, such as {"count": 20}'


def _bound(kind: str, limits: Mapping[str, Any]) -> str:
    """What a value is that lies outside of its bounds; "" for what else may be wrong with it."""
    match kind:
        case "string_too_long":
            return f"has more than {limits['max_length']:,} characters: give fewer"
        case "string_too_short":
            return "is empty" if limits["min_length"] == 1 else f"has fewer than {limits['min_length']:,} characters"
        case "too_long":
            return f"has more than {limits['max_length']:,} entries: give fewer"
        case "greater_than":
            return f"must be more than {_plain(limits['gt'])}"
        case "greater_than_equal":
            return f"must be at least {_plain(limits['ge'])}"
        case "less_than":
            return f"must be less than {_plain(limits['lt'])}"
        case "less_than_equal":
            return f"must be at most {_plain(limits['le'])}"
    return ""


def _plain(limit: float) -> str:
    """As people write it: 1,000,000 and 0.5, whatever type it has."""
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:,.15g}"


async def _failed(_: Request, error: Exception) -> Response:
    return fault_answer(error)


def fault_answer(error: Exception, named: Callable[[str], str] = str) -> Response:
    """422 for what is wrong with a request, 500 for what is wrong here; with its sentence, flags `named` anew."""
    code, sentence = describe(error)
    sentence = named(sentence)
    if code == BAD_INPUT and not isinstance(error, OSError | MemoryError):
        return error_answer(422, sentence)
    log.error(sentence, exc_info=error)
    return error_answer(500, sentence)


def error_answer(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """{"error": the sentence}, on one line."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in sentence)
    return JSONResponse({"error": line}, status, headers)
