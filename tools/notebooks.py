"""JupyterLab and marimo in a real browser: lessons and a run that is watched, every cell run, with pictures.

    python -m tools.notebooks [LESSON ... or watch]

Both are installed by `make notebooks`. The pictures go to build/notebooks; it fails where a cell does, or where the
page says an error.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from moreish.lessons import cells
from moreish.lessons.table import lesson
from tests.support.browser import chromium

OUT = Path(__file__).resolve().parent.parent / "build" / "notebooks"
WAIT = 400_000  # milliseconds that all cells may take
RESTED = 5  # seconds without a running cell

WATCH = """# %% [markdown]
# # A run that is watched
# %%
import threading
import time
from pathlib import Path
import moreish
# %%
trained = moreish.train("minerals", model="mlp", options={"train": {"steps": 400}}, out="finished")
# %%
trained
# %%
options = {"train": {"steps": 20_000, "histograms": True}}
more = {"model": "mlp", "options": options, "out": "live", "watch": lambda event: None}
thread = threading.Thread(target=moreish.train, args=("names",), kwargs=more)
thread.start()
while not Path("live/manifest.json").exists():
    time.sleep(0.1)
# %%
watched = moreish.open_run("live").watch()
watched
# %%
thread.join()
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def served(command: Sequence[str], folder: Path, url: str) -> Iterator[None]:
    """A server, from when it answers."""
    with (folder / f"{command[1]}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, stdout=log, stderr=log, start_new_session=True, env=environment()
        )
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end and process.poll() is None:
                try:
                    with contextlib.closing(urllib.request.urlopen(url, timeout=2)):
                        break
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    time.sleep(0.3)
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def jupyter(folder: Path) -> tuple[list[str], str]:
    """How JupyterLab is started, and its address."""
    port = free_port()
    flags = [f"--ServerApp.port={port}", "--ServerApp.token=t", "--no-browser", "--LabApp.expose_app_in_browser=True"]
    command = ["-m", "jupyterlab", *flags, f"--ServerApp.root_dir={folder}", "--LabApp.news_url="]
    root = getattr(os, "geteuid", lambda: 1)() == 0
    return command + ["--allow-root"] * root, f"http://127.0.0.1:{port}"


def marimo(folder: Path, name: str) -> tuple[list[str], str]:
    """How marimo is started on one notebook, and its address."""
    port = free_port()
    return ["-m", "marimo", "edit", name, "--headless", "--no-token", "-p", str(port)], f"http://127.0.0.1:{port}"


def run_in_jupyter(page: Any, url: str, name: str) -> None:
    """Open a notebook, run every cell, wait for the last one."""
    page.goto(f"{url}/lab/tree/{name}?token=t")
    page.wait_for_function("window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')", timeout=WAIT)
    ready = "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    page.wait_for_function(ready, timeout=WAIT)
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")  # returns when all are done


def run_in_marimo(page: Any, url: str) -> None:
    """Open the notebook, which then runs every cell, and wait until none has run for a while."""
    page.goto(url)
    busy = "document.querySelector('[data-status=running], [data-status=queued]') !== null"
    page.wait_for_function(f"() => {busy}", timeout=WAIT)
    end, rested = time.monotonic() + WAIT / 1000, 0
    while rested < RESTED and time.monotonic() < end:
        page.wait_for_timeout(1000)
        rested = 0 if page.evaluate(busy) else rested + 1


def notebook_of(script: str) -> str:
    """A script of cells as the text of a notebook."""
    import jupytext

    notebook = jupytext.reads(script, "py:percent")
    notebook.metadata["kernelspec"] = cells.KERNEL
    return jupytext.writes(notebook, "ipynb")


def write_both(notebook: str, folder: Path, name: str) -> None:
    """NAME.ipynb, and NAME.py of marimo."""
    (folder / f"{name}.ipynb").write_text(notebook, encoding="utf-8")
    (folder / "pyproject.toml").write_text("[tool.marimo.runtime]\nauto_instantiate = true\n", encoding="utf-8")
    command = [sys.executable, "-m", "marimo", "convert", f"{name}.ipynb", "-o", f"{name}.py"]
    subprocess.run(command, cwd=folder, check=True)


DOWN = """(scroller) => {
    const at = document.querySelector(scroller);
    const before = at.scrollTop;
    at.scrollBy(0, 0.9 * at.clientHeight);
    return at.scrollTop > before + 2;
}"""
IN_JUPYTER = "[data-mime-type='application/vnd.jupyter.error']"
IN_MARIMO = ".output-area .text-error, [data-testid=marimo-error], .marimo-error"


def pictures(page: Any, name: str, scroller: str, most: int = 12) -> None:
    """The page from top to bottom, a picture for each height of the window."""
    page.evaluate("(scroller) => document.querySelector(scroller).scrollTo(0, 0)", scroller)
    for k in range(most):
        page.wait_for_timeout(700)
        page.screenshot(path=str(OUT / f"{name}-{k:02}.png"))
        if not page.evaluate(DOWN, scroller):
            break


def try_both(name: str, notebook: str) -> list[str]:
    """Run NAME in JupyterLab and in marimo; what went wrong."""
    wrong: list[str] = []
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    write_both(notebook, folder, name)
    with chromium() as browser:
        for what in ("jupyter", "marimo"):
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.set_default_timeout(WAIT)
            page.on("pageerror", lambda error, what=what: wrong.append(f"{what}: {error}"))  # noqa: B023
            command, url = jupyter(folder) if what == "jupyter" else marimo(folder, f"{name}.py")
            with served(command, folder, url + ("/api" if what == "jupyter" else "/health")):
                if what == "jupyter":
                    run_in_jupyter(page, url, f"{name}.ipynb")
                    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
                else:
                    run_in_marimo(page, url)
                found = page.locator(IN_JUPYTER if what == "jupyter" else IN_MARIMO).all_inner_texts()
                wrong += [f"{what}: {text[-500:]}" for text in found]
                pictures(page, f"{name}-{what}", ".jp-WindowedPanel-outer" if what == "jupyter" else "#App")
            page.close()
    return wrong + [f"jupyter: {error}" for error in errors_of(folder / f"{name}.ipynb")]


def errors_of(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]


def main(names: Sequence[str]) -> int:
    wrong: list[str] = []
    for name in names or ["watch", "1"]:
        text = notebook_of(WATCH) if name == "watch" else cells.to_notebook(lesson(int(name)).path)
        assert text is not None, "jupytext is not installed: make notebooks does"
        wrong += [f"{name}, {what}" for what in try_both(name if name == "watch" else f"lesson{name}", text)]
    print("\n".join(wrong) or f"every cell ran; pictures: {OUT}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
