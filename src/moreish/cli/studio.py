"""moreish studio: the page that shows a model as it learns."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from moreish.cli.flags import DEFAULT_ROOT, Json, Quiet, Root, Whole
from moreish.errors import how_to_install

if TYPE_CHECKING:
    from fastapi import FastAPI

    from moreish.studio.front import Front

PORT = 8010
NEXT_PORTS = 20  # that are tried where the first is taken
CLOSING = 2  # seconds until what is still open is cut off


def studio(
    *,
    open: Annotated[list[str] | None, Parameter(negative=())] = None,
    export: Annotated[str | None, Parameter(negative=())] = None,
    to: Path | None = None,
    host: str = "127.0.0.1",
    port: Whole | None = None,
    browser: bool = True,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """One page in the browser: paste a list, watch a model learn it, break it, heal it, make more.

    Parameters
    ----------
    open
        A run folder or short name to look at, without training and without PyTorch; "demo" is one that comes along.
    export
        Write this run as one HTML file to send to somebody, instead of a server.
    to
        The file that --export writes; else RUN.html.
    host
        The address to listen at; other machines reach any but that of the loopback.
    port
        The port; unless said, 8010 or the next that is free; 0 takes any.
    browser
        Open the address in a browser.
    """
    if export is not None:
        _export(export, to, root)
        return
    if to is not None:
        raise ValueError("--to names the file that --export writes: say which run, with --export RUN")
    from moreish.cli.serve import LOOPBACK, bound

    listening = bound(host, port) if port is not None else _first_free(host)
    with listening:
        _needs_fastapi()
        from moreish.serving.guard import new_token

        token, shown = new_token(), f"[{host}]" if ":" in host else host
        number = listening.getsockname()[1]
        opened = tuple(_opened(name, root) for name in open or ())
        url = f"http://{shown}:{number}/?token={token}{_view_of(opened)}"
        _tell(url, host not in LOOPBACK, json, quiet)
        if browser and not json:
            _show_in_browser(url)  # it starts while this loads, and waits at the socket
        hosts = (f"{shown}:{number}",)

        def make() -> "FastAPI":
            from moreish.studio.application import app

            return app(root, opened=opened, token=token, hosts=hosts)

        from moreish.studio.front import Front

        run_server(Front(make, token, hosts), listening)


def _needs_fastapi() -> None:
    from importlib.util import find_spec

    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        raise ValueError(f"the studio needs fastapi and uvicorn: {how_to_install('studio')}")


def _first_free(host: str) -> Any:
    from moreish.cli.serve import bound

    for port in range(PORT, PORT + NEXT_PORTS):
        try:
            return bound(host, port)
        except ValueError as error:
            if "no address" in str(error):
                raise
    return bound(host, 0)


def _opened(name: str, root: Path) -> Path:
    from moreish.runs.folder import open_run

    if name == "demo":
        from moreish.studio.demo import demo

        return demo()
    return open_run(name, root).folder


def _view_of(opened: tuple[Path, ...]) -> str:
    """The view that the page opens with, as the rest of its address."""
    from urllib.parse import quote

    return f"#/train?run={quote(opened[0].resolve().name, safe='')}" if opened else ""


def _export(run: str, to: Path | None, root: Path) -> None:
    from moreish.runs.folder import Run
    from moreish.studio.export import exported

    opened = Run(_opened(run, root))
    target = to or Path(f"{opened.name}.html")
    page = exported(opened)
    target.write_bytes(page)
    print(target)


def _tell(url: str, strangers: bool, json: bool, quiet: bool) -> None:
    from moreish.cli.show import emit, note, out, warn

    if json:
        emit({"url": url})
    else:
        out.print(f"studio {url}")
    out.file.flush()
    if strangers:
        warn("other machines reach this address, and nothing sent is encrypted: put a proxy with TLS before it")
    if not quiet and not json:
        note("Ctrl-C ends it; what trains then is saved")


def _show_in_browser(url: str) -> None:
    import threading
    import webbrowser

    def show() -> None:
        with contextlib.suppress(webbrowser.Error):
            if not takes_terminal():
                webbrowser.open(url)

    threading.Thread(target=show, daemon=True).start()


def takes_terminal() -> bool:
    """Whether the browser there is shows text, as over ssh: it runs no scripts, and would take the terminal.

    What $BROWSER says is as it is wanted. Raises webbrowser.Error where there is none.
    """
    import webbrowser

    return "BROWSER" not in os.environ and type(webbrowser.get()) in (webbrowser.GenericBrowser, webbrowser.Elinks)


def run_server(front: "Front", listening: Any) -> None:
    """Answer until Ctrl-C or SIGTERM; open streams end at once, and trainings are asked to save and end."""
    import uvicorn

    from moreish.serving.running import settings

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            front.close()
            super().handle_exit(sig, frame)

        async def shutdown(self, sockets: Any = None) -> None:
            front.end_streams()
            await super().shutdown(sockets)

    Server(settings(front, closing=CLOSING)).run(sockets=[listening])
