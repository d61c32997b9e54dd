"""The studio's application: a FastAPI app behind its guard, that lists, trains, streams, asks and shows the page."""

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, StreamingResponse

from moreish import __version__
from moreish.runs import commands
from moreish.serving.guard import new_token
from moreish.serving.routes import answer_in_sentences, error_answer, fault_answer
from moreish.serving.work import Busy, Clock, Ended, Limits, Workers
from moreish.studio import tail
from moreish.studio.asking import Asker
from moreish.studio.bodies import (
    CommandBody,
    DataOptions,
    FindLrBody,
    InsideBody,
    ModelBody,
    MoreBody,
    NextBody,
    ScoreBody,
    TrainBody,
    TrialBody,
    options_in,
)
from moreish.studio.guard import StudioGuard
from moreish.studio.listing import Listing
from moreish.studio.lists import Lists, described
from moreish.studio.page import NO_PAGE, asset, document
from moreish.studio.stream import METRICS, Stream, chosen

UPLOAD = 33 * 2**20  # bytes of a body; a list's own limit is below
WORK_SECONDS = 120.0
MOST_STREAMS = 64  # tabs; each is looked after many times a second
HEADERS = {"content-type": "application/json"}


def app(
    root: Path, *, opened: tuple[Path, ...] = (), token: str | None = None, hosts: tuple[str, ...] = ()
) -> FastAPI:
    """The application for an ASGI server.

    root : the folder of the runs; `opened` are others that are shown beside them, wherever they lie
    `app.state` has the token, `closing` (an asyncio.Event that ends the streams, made by the server) and `close()`.
    """
    limits = Limits(seconds=WORK_SECONDS, threads=2, body=UPLOAD)
    made = FastAPI(title="moreish studio", version=__version__, docs_url=None, redoc_url=None)
    made.state.token = token or new_token()
    made.state.closing = asyncio.Event()
    made.state.listing = listing = Listing(root, opened)
    made.state.workers = workers = Workers(limits)
    made.state.close = lambda: (workers.stop(), listing.close())
    answer_in_sentences(made, "/ for the page, or /openapi.json")
    lists, asker = Lists(root), Asker(listing)
    _add_page(made)
    _add_runs(made, listing, lists)
    _add_records(made, listing)
    _add_lists(made, lists, workers)
    _add_work(made, lists, asker, workers)
    _add_looks(made, asker, workers)
    _add_unknown(made)
    made.add_middleware(StudioGuard, token=made.state.token, hosts=hosts, limits=limits)
    return made


def _add_page(made: FastAPI) -> None:
    @made.get("/", include_in_schema=False)
    async def page() -> Response:
        found = document()
        if found is None:
            return PlainTextResponse(NO_PAGE, 503)
        return Response(found, media_type="text/html; charset=utf-8")

    @made.get("/assets/{name}", include_in_schema=False)
    async def assets(name: str) -> Response:
        found = asset(name)
        if found is None:
            raise HTTPException(404)
        return Response(found[0], media_type=found[1])

    @made.get("/api/about")
    async def about() -> dict[str, object]:
        """What this is."""
        return {"version": __version__, "page": document() is not None}

    @made.get("/api/forms")
    async def all_forms() -> dict[str, object]:
        """Every option of reading and training, the rungs of the ladder, the recipes, the bundled lists."""
        from moreish.studio import forms

        return await asyncio.to_thread(forms.everything)

    @made.get("/api/forms/{model}")
    async def model_form(model: str) -> list[dict[str, object]]:
        """The options of one model."""
        from moreish.studio import forms

        return await _in_sentences(lambda: forms.of_model(model))

    @made.get("/api/graph/{example}")
    async def scalar_graph(example: str) -> dict[str, object]:
        """A scalar graph, and its backward pass step by step."""
        from moreish.studio.graph import graph

        return await _in_sentences(lambda: graph(example))


def _add_runs(made: FastAPI, listing: Listing, lists: Lists) -> None:
    @made.get("/api/runs")
    async def runs() -> list[dict[str, object]]:
        """Every run, in a few words."""
        return await asyncio.to_thread(listing.summaries)

    @made.post("/api/runs", status_code=201)
    async def train(body: TrainBody) -> dict[str, str]:
        """Train a new run, in a process of its own."""
        return {"run": await _in_sentences(lambda: listing.start(*_training(body, lists)))}

    @made.get("/api/runs/{run}")
    async def one(run: str) -> dict[str, object]:
        """The configuration of a run, and where its list came from."""

        def found() -> dict[str, object]:
            config = listing.run(run).config
            return {"run": run, "options": config.get("options"), "source": config.get("source")}

        return await _in_sentences(found)

    @made.post("/api/runs/{run}/commands")
    async def command(run: str, body: CommandBody) -> dict[str, bool]:
        """Pause, go on, one step, another learning rate, break, heal, stop."""

        def told() -> dict[str, bool]:
            said = {name: value for name, value in body.model_dump().items() if value is not None}
            listing.steer(run, commands.decode(msgspec.json.encode(said)))
            return {"written": True}

        return await _in_sentences(told)

    @made.post("/api/runs/{run}/list")
    async def own(run: str) -> dict[str, object]:
        """The run's own list, to be learned again: its id, how it is read, and the run's model."""
        from moreish.studio.own import own_list

        return await _in_sentences(lambda: own_list(listing.run(run), lists))

    @made.post("/api/runs/{run}/resume")
    async def resume(run: str) -> dict[str, bool | str]:
        """Go on with a run that was stopped; `aside` says what of its records is kept elsewhere from now on."""
        return {"started": True, "aside": await _in_sentences(lambda: listing.resume(run))}


def _add_records(made: FastAPI, listing: Listing) -> None:
    @made.get("/api/runs/{run}/records")
    async def records(run: str) -> list[dict[str, object]]:
        """Everything that a run has said, thinned."""
        return await _in_sentences(lambda: tail.whole(listing.run(run).folder / METRICS))

    @made.get("/api/runs/{run}/export", response_class=HTMLResponse)
    async def export(run: str) -> Response:
        """The run as one page that needs no server."""
        from moreish.studio.export import exported

        page = await _in_sentences(lambda: exported(listing.run(run)))
        name = re.sub(r"[^\w-]", "", run, flags=re.ASCII) or "run"
        headers = {"content-disposition": f'attachment; filename="{name}.html"'}
        return Response(page, media_type="text/html; charset=utf-8", headers=headers)

    streams: set[Stream] = set()

    async def kept_open(stream: Stream) -> AsyncIterator[bytes]:
        streams.add(stream)
        try:
            async for message in stream.messages(made.state.closing):
                yield message
        finally:
            streams.discard(stream)

    @made.get("/api/events", responses={503: {"description": "Too many tabs are open"}})
    async def events(request: Request, runs: str = "", after: str = "") -> Response:
        """The stream of one tab: see `studio.stream`; `runs` are ids with commas between them."""
        if len(streams) >= MOST_STREAMS:
            raise HTTPException(503, f"{MOST_STREAMS} tabs are open already: close some of them")
        ids = [id for id in runs.split(",") if id]
        folders = await asyncio.to_thread(lambda: chosen(ids, listing.followed))
        places = tail.understood(request.headers.get("last-event-id") or after)
        stream = Stream(folders, places, listing.summaries, watch=True)
        headers = {"content-type": "text/event-stream", "x-accel-buffering": "no"}
        return StreamingResponse(kept_open(stream), headers=headers)


def _add_lists(made: FastAPI, lists: Lists, workers: Workers) -> None:
    @made.put("/api/lists/{name}", status_code=201)
    async def upload(name: str, request: Request) -> dict[str, str]:
        """Keep a list: the body is its text, raw; its name with the file's suffix, which tells how it is read."""

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in request.stream():
                yield piece

        try:
            return {"list": await lists.receive(name, pieces())}
        except ValueError as error:
            raise HTTPException(422, str(error)) from None

    @made.get("/api/lists")
    async def uploaded() -> list[dict[str, object]]:
        """The lists that were uploaded, the newest first: the id of each, and what it begins with."""
        return await asyncio.to_thread(lambda: [{"list": id, "begins": lists.begins(id)} for id in lists.uploaded()])

    @made.get("/api/lists/{id}", response_class=PlainTextResponse, responses={404: {"description": "No such list"}})
    async def text(id: str) -> Response:
        """A list as it was given, as plain text."""
        found = await _in_sentences(lambda: lists.text(id))
        if found is None:
            raise HTTPException(404, "there is no such list")
        return PlainTextResponse(found)

    @made.get("/api/lists/{id}/report")
    async def report(id: str, request: Request, data: DataOptions = "{}") -> Response:
        """What is in a list, as it is read with these options of the section data, a JSON object."""
        return await _work(workers, request, lambda clock: described(lists.read(id, options_in(data)), id))


def _add_work(made: FastAPI, lists: Lists, asker: Asker, workers: Workers) -> None:
    @made.post("/api/runs/{run}/more")
    async def more(run: str, body: MoreBody, request: Request) -> Response:  # pyright: ignore[reportInvalidTypeForm]
        """More items, exactly as they are wished for."""
        wishes = body.model_dump(exclude_unset=True)
        return await _work(workers, request, lambda clock: asker.more(run, wishes, clock))

    @made.post("/api/runs/{run}/score")
    async def score(run: str, body: ScoreBody, request: Request) -> Response:  # pyright: ignore[reportInvalidTypeForm]
        """How likely items are, symbol by symbol."""
        wanted = body.model_dump(exclude_unset=True)
        return await _work(workers, request, lambda clock: asker.score(run, wanted, clock))

    @made.post("/api/runs/{run}/next")
    async def following(run: str, body: NextBody, request: Request) -> Response:
        """How likely each symbol is after these."""
        return await _work(workers, request, lambda clock: asker.following(run, body))

    @made.post("/api/preview")
    async def preview(body: ModelBody, request: Request) -> Response:
        """A net before any training: parameters, first loss, widths of its layers."""

        def work(clock: Clock) -> dict[str, object]:
            from moreish.studio.forms import config_of
            from moreish.studio.preview import preview

            config = config_of(body.model, body.recipe, {**body.options, "seed": body.seed})
            return preview(lists.read(body.list, body.options.get("data", {})), config)

        return await _work(workers, request, work)

    @made.post("/api/find-lr")
    async def find_lr(body: FindLrBody, request: Request) -> Response:
        """The learning-rate range test of a model on a list."""

        def work(clock: Clock) -> dict[str, object]:
            from moreish.studio.forms import config_of
            from moreish.studio.preview import range_test

            config = config_of(body.model, body.recipe, {**body.options, "seed": body.seed})
            return range_test(lists.read(body.list, body.options.get("data", {})), config, body.steps, body.seeds)

        return await _work(workers, request, work)


def _add_looks(made: FastAPI, asker: Asker, workers: Workers) -> None:
    @made.get("/api/runs/{run}/faults")
    async def faults(run: str, request: Request) -> Response:
        """The ways in which this run's network can be broken."""
        return await _work(workers, request, lambda clock: asker.faults(run))

    @made.post("/api/runs/{run}/inside")
    async def inside(run: str, body: InsideBody, request: Request) -> Response:
        """One item through every layer of the run's network."""
        return await _work(workers, request, lambda clock: asker.inside(run, body.item))

    @made.post("/api/runs/{run}/trial")
    async def trial(run: str, body: TrialBody, request: Request) -> Response:
        """So many steps with a remedy and without, from the run's newest checkpoint."""
        return await _work(workers, request, lambda clock: asker.trial(run, body, clock))

    @made.get("/api/runs/{run}/embedding")
    async def embedding(run: str, request: Request) -> Response:
        """A map of the symbols' vectors: their first two principal components."""
        return await _work(workers, request, lambda clock: asker.embedding(run))


def _add_unknown(made: FastAPI) -> None:
    """What no name can be, as one with a slash, is said to be unknown like any other name that nothing has."""

    async def unknown(request: Request) -> None:
        parts = request.scope.get("raw_path", b"").decode("ascii", "replace").split("/")
        if len(parts) < 4 or "%2F" not in parts[3].upper():
            raise HTTPException(404)
        noun = {"runs": "run", "lists": "list"}.get(parts[2], "model")
        raise HTTPException(404, f'there is no {noun} "{unquote(parts[3])[:200]}" here')

    for kind in ("runs", "lists", "forms"):
        path = f"/api/{kind}/{{name:path}}"
        made.add_api_route(path, unknown, methods=["GET", "POST"], include_in_schema=False)


def _training(body: TrainBody, lists: Lists) -> tuple[str, list[str]]:
    """The name of a run, and the arguments of the command that trains it.

    Raises ValueError for no list, and for options with which that command would only fail.
    """
    from moreish.studio import forms

    path = lists.path(body.list)
    if path is None:
        raise ValueError(f'there is no list "{body.list}" here')
    if body.model is not None and body.model not in forms.LADDER:
        raise ValueError(f'there is no model "{body.model}" here')
    chosen = ["--model", body.model] if body.model else ["--recipe", body.recipe or "quick"]
    arguments = ["train", *chosen, "--seed", str(body.seed)]
    options = {section: dict(values) for section, values in body.options.items()}
    if forms.is_watched(body.model):
        watched = {"doctor": True, "histograms": True, "processes": 1}
        options["train"] = {**watched, **options.get("train", {})}
    for section, values in options.items():
        for name, value in values.items():
            if not (section in ("data", "model", "train") and name.isidentifier()):
                raise ValueError(f'there is no option "{section}.{name}"')
            arguments += ["--set", f"{section}.{name}={msgspec.json.encode(value).decode()}"]
    forms.config_of(body.model, None if body.model else body.recipe or "quick", {**options, "seed": body.seed})
    return body.name or f"{body.list}-{body.model or body.recipe or 'quick'}", [*arguments, str(path.resolve())]


async def _in_sentences(work: Callable[[], Any]) -> Any:
    """What a short piece of work gives, done in a thread; what is wrong becomes a refusal."""
    try:
        return await asyncio.to_thread(work)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


async def _work(workers: Workers, request: Request, work: Callable[[Clock], Any]) -> Response:
    """What a long piece of work gives, as JSON; it ends when nobody waits for it any more."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        encoded = functools.partial(_encoded, work)
        return Response(await workers.run(encoded, gone), media_type="application/json")
    except (Busy, Ended) as error:
        return error_answer(503, str(error), {"retry-after": "1"})
    except Exception as error:
        return fault_answer(error)


def _encoded(work: Callable[[Clock], Any], clock: Clock) -> bytes:
    return msgspec.json.encode(work(clock), enc_hook=_plain)


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value.item()
