"""The application: a FastAPI app that makes and scores items of one model, behind the guard."""

import logging
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI, Request, Response, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from moreish import __version__, api
from moreish.fitting.fitted import Fitted
from moreish.recipes import Overrides
from moreish.serving import answers
from moreish.serving.answers import About, ErrorAnswer, MoreAnswer, ScoreAnswer
from moreish.serving.bodies import MoreBody, ScoreBody, Scoring
from moreish.serving.guard import Guard, check_token, new_token
from moreish.serving.naming import in_fields, of_fields
from moreish.serving.routes import answer_in_sentences, error_answer, fault_answer
from moreish.serving.work import Busy, Clock, Ended, Limits, Workers

log = logging.getLogger("moreish.serving")
TOKEN = HTTPBearer(auto_error=False, description="The token that the server printed when it was started.")
ERRORS: dict[int | str, dict[str, object]] = {
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
    answer_in_sentences(made, "/more, /score, /about or /openapi.json")
    _add_endpoints(made, source)
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
        return await _answer(workers, request, lambda clock: of_fields(answers.more(source, wishes, clock)))

    @made.post("/score", response_model=ScoreAnswer, dependencies=[Security(TOKEN)])
    async def score(body: ScoreBody, request: Request) -> Response:  # pyright: ignore[reportInvalidTypeForm]
        """How likely items are, symbol by symbol."""
        try:
            scoring = Scoring(**{k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None})
        except ValueError as error:
            return error_answer(422, str(error))
        return await _answer(workers, request, lambda clock: answers.score(source, scoring, clock))


async def _answer(workers: Workers, request: Request, work: Callable[[Clock], BaseModel]) -> Response:
    """What the workers make of it, as JSON; every fault as a status and a sentence."""
    try:
        body = await workers.run(lambda clock: work(clock).model_dump_json().encode(), _gone(request))
        return Response(body, media_type="application/json")
    except Busy as error:
        return error_answer(503, str(error), {"retry-after": "1"})
    except Ended as error:
        return error_answer(503, str(error))
    except Exception as error:
        return fault_answer(error, in_fields)


def _gone(request: Request) -> Callable[[], Coroutine[Any, Any, None]]:
    """What comes to its end when the client is gone."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return gone
