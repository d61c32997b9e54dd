"""JupyterLab and marimo in a real browser: a lesson and a run that is watched, with every cell run and a picture of each.

    python -m tools.notebooks [LESSON]

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

from tests.support.browser import chromium

OUT = Path(__file__).resolve().parent.parent / "build" / "notebooks"
WAIT = 240_000  # milliseconds that all cells may take

WATCH = """# %% [markdown]
# # A run that is watched
# %%
import threading
import moreish
# %%
trained = moreish.train("minerals", model="mlp", options={"train": {"steps": 400, "histograms": True}}, out="finished")
# %%
trained
# %%
options = {"train": {"steps": 20_000, "doctor": True, "histograms": True}}
thread = threading.Thread(
    target=moreish.train, args=("names",), kwargs={"model": "mlp", "options": options, "out": "live", "watch": lambda event: None}
)
thread.start()
# %%
import time
while not __import__("pathlib").Path("live/metrics.jsonl").exists():
    time.sleep(0.1)
watched = moreish.open_run("live").watch()
watched
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
    return os.environ | {"MOREISH_SHORT": "1", "OMP_NUM_THREADS": "1"}


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
    page.wait_for_timeout(2500)  # the kernel
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    done = """() => {
        const prompts = [...document.querySelectorAll('.jp-CodeCell')].map((c) => c.querySelector('.jp-InputPrompt')?.textContent ?? '');
        return prompts.length && prompts.every((p) => /\\[\\d+\\]/.test(p));
    }"""
    page.wait_for_function(done, timeout=WAIT)


def run_in_marimo(page: Any, url: str) -> None:
    """Open the notebook, run every cell, wait until none runs."""
    page.goto(url)
    page.get_by_test_id("run-button").first.wait_for(timeout=WAIT)
    page.wait_for_timeout(1500)
    page.keyboard.press("Control+Shift+r")
    page.wait_for_timeout(1500)
    idle = """() => !document.querySelector('[data-status=running], [data-status=queued]')
        && document.querySelectorAll('[data-status=idle], [data-status=disabled-transitively]').length > 2"""
    page.wait_for_function(idle, timeout=WAIT)


def write_notebook(script: str, folder: Path, name: str) -> None:
    """The same cells for both: NAME.ipynb and NAME.py of marimo."""
    import jupytext

    notebook = jupytext.reads(script, "py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (folder / f"{name}.ipynb").write_text(jupytext.writes(notebook, "ipynb"), encoding="utf-8")
    command = [sys.executable, "-m", "marimo", "convert", f"{name}.ipynb", "-o", f"{name}.py"]
    subprocess.run(command, cwd=folder, check=True)


def errors_of(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]
