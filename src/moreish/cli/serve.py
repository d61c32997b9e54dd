"""moreish serve: a model that programs ask over HTTP."""

import os
import socket
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from moreish.cli.flags import (
    DEFAULT_ROOT,
    READING,
    Background,
    File,
    Json,
    Quiet,
    Reading,
    Root,
    Set,
    Whole,
    number,
    sources_of,
)
from moreish.errors import how_to_install

if TYPE_CHECKING:
    from fastapi import FastAPI


LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONNECTIONS = 512  # open at once
CLOSING = 1  # seconds until what is still being answered is cut off
BACKLOG = 128


def serve(
    *runs_or_files: File,
    host: str = "127.0.0.1",
    port: Whole = 8000,
    token: Annotated[str | None, Parameter(env_var="MOREISH_TOKEN", show_env_var=True)] = None,
    no_token: Annotated[bool, Parameter(negative=())] = False,
    allow: Annotated[list[str] | None, Parameter(negative=())] = None,
    seconds: Annotated[float, Parameter(converter=number)] = 30.0,
    background: Background = None,
    root: Root = DEFAULT_ROOT,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer programs over HTTP: POST /more and /score, GET /about and /openapi.json, until Ctrl-C.

    Parameters
    ----------
    runs_or_files
        A run folder or its short name; or a list (several files are one list), of which an n-gram is then counted; of
        fewer than 1,000 items, the background net reads it as well.
    host
        The address to listen at; other machines reach any but that of the loopback.
    port
        The port; 0 takes any that is free.
    token
        What programs must send as "Authorization: Bearer TOKEN"; a new one each time unless said.
    no_token
        Let every program on this machine ask.
    allow
        Another name under which programs may ask, as they write it: box.local:8000; may be given several times.
    seconds
        The most that one request may take.
    """
    _refuse(host, port, token, no_token)
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import tell_reading, telling, warn

    names = sources_of(runs_or_files)
    with telling(f"loading {' '.join(runs_or_files) or names}", quiet or json):
        from moreish.api import open_or_count
        from moreish.options import build
        from moreish.serving import Limits, app
        from moreish.serving.guard import check_token

        limits = build(Limits, {"seconds": seconds})
        token = None if token is None else check_token(token)
        source = open_or_count(names, root, overrides_of(reading, set=set), background)
        _ = source.model  # loaded here, while it is said so
    for sentence in source.passed_over:
        warn(sentence)
    tell_reading(source.corpus.report, quiet or json)
    with bound(host, port) as listening:
        hosts = [*(allow or ()), f"{host}:{listening.getsockname()[1]}"]
        made = app(source, token=False if no_token else token, hosts=hosts, limits=limits)
        _tell(made, listening, host, given=token is not None, json=json, quiet=quiet)
        run_server(made, listening)


def _refuse(host: str, port: int, token: str | None, no_token: bool) -> None:
    """Raises ValueError where it cannot be served so."""
    try:
        import fastapi
        import uvicorn

        _ = fastapi, uvicorn
    except ImportError:
        raise ValueError(f"serving needs fastapi and uvicorn: {how_to_install('serve')}") from None
    if no_token and token is not None:
        raise ValueError("--no-token and --token exclude each other: leave one of them out")
    if no_token and host not in LOOPBACK:
        raise ValueError(f"without a token, whoever reaches {host} could ask: leave --no-token or --host out")
    if not 0 <= port < 2**16:
        raise ValueError(f"a port is a number from 0 to 65535, not {port}")


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ValueError where that cannot be."""
    try:
        found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE)
    except OSError:
        raise ValueError(f"{host} is no address of this machine: give another --host") from None
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)  # asyncio sends at once where the protocol is known to be TCP
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise ValueError(
            f"cannot listen at {host}, port {port} ({why}): give another --port, or --port 0 for any that is free"
        ) from None
    return listening


def _tell(made: "FastAPI", listening: socket.socket, host: str, *, given: bool, json: bool, quiet: bool) -> None:
    """The address and the token on stdout, what to do with them beside it."""
    from moreish.cli.show import emit, note, out, printable, warn

    url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    token: str | None = made.state.token
    if json:
        emit({"url": url, "token": token})
    else:
        out.print(f"address {url}")
        shown = "none: every program on this machine may ask" if token is None else token
        out.print(f"token   {printable('as given' if given else shown)}")
    out.file.flush()
    if host not in LOOPBACK:
        warn(f"other machines reach {url}, and what is sent there is not encrypted: put a proxy with TLS before it")
    if not quiet and not json:
        header = "" if token is None else "-H 'Authorization: Bearer TOKEN' "
        note(f"curl {url}/more {header}--json '{{\"count\": 5}}'\nCtrl-C ends it")


def run_server(made: "FastAPI", listening: socket.socket) -> None:
    """Answer until Ctrl-C or SIGTERM; what is being worked on then ends between its batches."""
    import uvicorn

    from moreish.serving.running import settings

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            made.state.workers.stop()
            super().handle_exit(sig, frame)

    Server(settings(made, closing=CLOSING, connections=CONNECTIONS)).run(sockets=[listening])
