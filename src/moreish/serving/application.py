"""The application: a FastAPI app that makes and scores items of one model, behind the guard."""

import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from fastapi import FastAPI, HTTPException, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException

from moreish import __version__, api
from moreish.errors import BAD_INPUT, describe
from moreish.fitting.fitted import Fitted
from moreish.options import did_you_mean
from moreish.recipes import Overrides
from moreish.serving import answers
from moreish.serving.answers import About, ErrorAnswer, MoreAnswer, ScoreAnswer
from moreish.serving.bodies import MoreBody, ScoreBody, Scoring
from moreish.serving.guard import Guard, check_token, new_token
from moreish.serving.work import Busy, Clock, Ended, Limits, Workers

log = logging.getLogger("moreish.serving")
TOKEN = HTTPBearer(auto_error=False, description="The token that the server printed when it was started.")
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": says}
    for status, says in {
        401: "The token is missing, or another one.",
        403: "Asked for under another name, or by a page of another origin.",
        413: "The body is too large.",
        422: "The request makes no sense, or nothing can meet it; the sentence says why.",
        503: "Too many requests wait, or this one took too long.",
    }.items()
}


def app(
    run: Fitted | str | Path,
    *,
    token: str | Literal[False] | None = None,
    hosts: Collection[str] = (),
    limits: Limits | None = None,
    root: str | Path = "runs",
) -> FastAPI:
    """An application for any ASGI server: `uvicorn.run(moreish.serving.app("names-quick-1"), port=8000)`.

    run    : what is asked: a run's folder or short name, a list, or what `open_run`, `train` and `count` give
    token  : what a client must send as Authorization: Bearer TOKEN; None: a new one, which is then
             `app.state.token`; False: none, so that every program on the machine may ask
    hosts  : what the header Host may be beside the addresses of this machine: "moreish.example.org" behind a proxy
    limits : how much is taken on at once

    `app.state.workers.stop()` ends what is being worked on. Raises ValueError for what is no run and no list.
    """
    source = run if isinstance(run, Fitted) else api.open_or_count(str(run), Path(root), Overrides())
    limits = limits or Limits()
    made = FastAPI(
        title=f"moreish: {answers.name_of(source)}",
        version=__version__,
        summary="More items like those of a list, and how likely items are.",
        docs_url=None,  # FastAPI's pages load their scripts from elsewhere
        redoc_url=None,
        responses=ERRORS,
    )
    made.state.token = new_token() if token is None else check_token(token) if token is not False else None
    made.state.workers = Workers(limits)
    made.router.route_class = _Route
    _add_endpoints(made, source)
    made.add_exception_handler(RequestValidationError, _invalid)
    made.add_exception_handler(StarletteHTTPException, _refused)
    made.add_exception_handler(Exception, _failed)
    made.add_middleware(Guard, token=made.state.token, hosts=hosts, limits=limits)
    return made


def _add_endpoints(made: FastAPI, source: Fitted) -> None:
    found = answers.about(source)
    workers: Workers = made.state.workers

    @made.get("/", include_in_schema=False)
    @made.get("/about")
    async def about() -> About:
        """The model, and the list that it was fitted to."""
        return found

    @made.post("/more", response_model=MoreAnswer, dependencies=[Security(TOKEN)])
    async def more(body: MoreBody, request: Request) -> Response:  # pyright: ignore[reportInvalidTypeForm]
        """Items like those of the list, exactly as they are wished for."""
        wishes = body.model_dump(exclude_unset=True)
        return await _answer(workers, request, lambda clock: answers.more(source, wishes, clock))

    @made.post("/score", response_model=ScoreAnswer, dependencies=[Security(TOKEN)])
    async def score(body: ScoreBody, request: Request) -> Response:  # pyright: ignore[reportInvalidTypeForm]
        """How likely items are, symbol by symbol."""
        try:
            scoring = Scoring(**{k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None})
        except ValueError as error:
            return _error(422, str(error))
        return await _answer(workers, request, lambda clock: answers.score(source, scoring, clock))


async def _answer(workers: Workers, request: Request, work: Callable[[Clock], BaseModel]) -> Response:
    """What the workers make of it, as JSON; every fault as a status and a sentence."""
    try:
        body = await workers.run(lambda clock: work(clock).model_dump_json().encode(), _gone(request))
        return Response(body, media_type="application/json")
    except Busy as error:
        return _error(503, str(error), {"retry-after": "1"})
    except Ended as error:
        return _error(503, str(error))
    except Exception as error:
        return _fault(error)


def _gone(request: Request) -> Callable[[], Coroutine[Any, Any, None]]:
    """What comes to its end when the client is gone."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return gone


class _JsonRequest(Request):
    """A request whose body is JSON, whatever it is called."""

    async def json(self) -> Any:
        """The body. Raises HTTPException with what is wrong with it."""
        body = await self.body()
        try:
            return msgspec.json.decode(body)
        except (ValueError, RecursionError) as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise HTTPException(422, f"the body is not JSON in UTF-8: {why}") from None


class _Route(APIRoute):
    """A route whose requests are read by `_JsonRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI documents it for requests of one's own."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method == "POST":
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json":
                    return _error(422, "the body is to be JSON: send the header Content-Type: application/json")
            return await handler(_JsonRequest(request.scope, request.receive))

        return handle


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    known = ScoreBody.model_fields if request.url.path == "/score" else MoreBody.model_fields
    found = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")  # a slip in writing first
    return _error(422, sentence_of(found[0], [*known]))


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
    return 'the body is to be a JSON object, such as {"count": 20}'


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    said = {404: "there is nothing here: ask /more, /score, /about or /openapi.json", 405: "not by this method"}
    return _error(error.status_code, said.get(error.status_code, str(error.detail)), error.headers)


async def _failed(_: Request, error: Exception) -> Response:
    return _fault(error)


def _fault(error: Exception) -> Response:
    code, sentence = describe(error)
    if code == BAD_INPUT and not isinstance(error, OSError | MemoryError):
        return _error(422, sentence)
    log.error(sentence, exc_info=error)
    return _error(500, sentence)


def _error(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in sentence)
    return JSONResponse({"error": line}, status, headers)
