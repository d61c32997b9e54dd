"""A browser for tests: the system's Chromium, or playwright's own; where none is to be had, the reason is printed."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
FLAGS = ["--disable-background-networking", "--no-sandbox"]
ENV = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def need_page():
    """Skip where the studio's page was not built."""
    from moreish.studio.page import NO_PAGE, document

    if document() is None:
        pytest.skip(NO_PAGE)


@contextlib.contextmanager
def chromium():
    """A browser; skips where playwright, or a browser for it, is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        except playwright.Error as error:
            pytest.skip(f"no Chromium is to be had here: {str(error).splitlines()[0]}")
        with browser:
            yield browser


@contextlib.contextmanager
def studio(root: Path, *flags: str):
    """A studio process of its own (playwright refuses to run inside an event loop); gives it and its address."""
    command = [
        sys.executable,
        "-m",
        "moreish",
        "studio",
        "--no-browser",
        "--port",
        "0",
        "--json",
        "--root",
        str(root),
    ]
    process = subprocess.Popen(
        [*command, *flags], env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)["url"]
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.communicate()
