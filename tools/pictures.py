"""The README's pictures of the studio, taken of a real page with the recorded run: `python -m tools.pictures`.

With a folder, every view of runs that are trained for it is taken instead, in light and dark, at 400, 1280 and 2200
pixels, to be looked at; `--only light-1280` takes those whose names begin so.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import NAMES

DOCS = Path(__file__).resolve().parent.parent / "docs" / "img"
LONG = 180_000  # milliseconds, on a machine with other things to do
MOREISH = [sys.executable, "-m", "moreish"]
WATCHED = ["train.doctor=true", "train.histograms=true"]
RUNS = {
    "mlp": ["train.steps=1500", "model.hidden_gain=8", *WATCHED],
    "bigram": ["train.steps=1500", *WATCHED],
    "wavenet": ["train.steps=150", "model.n_hidden=48", *WATCHED],
    "transformer": ["train.steps=150", "model.n_layer=2", *WATCHED],
}


def press(name: str, then: str) -> Callable[[Page], None]:
    """Press a button and wait for what comes of it."""

    def done(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        page.locator(then).first.wait_for(timeout=LONG)

    return done


def wait(text: str) -> Callable[[Page], None]:
    """Wait until this is read on the page."""
    return lambda page: page.get_by_text(text).first.wait_for(timeout=LONG)


class Shot(NamedTuple):
    """A picture: its name, the view, the run, more of the address, and what to do first."""

    name: str
    view: str
    run: str = "mlp"
    more: str = ""
    before: Callable[[Page], None] | None = None


INSIDE = wait("In slow motion")
SHOTS = [
    Shot("list", "list", before=wait("set aside to measure")),
    Shot("model", "model", before=wait("first loss")),
    Shot("find-lr", "find-lr", before=press("Try them", ".uplot")),
    Shot("train", "train", before=wait("Inside the layers")),
    Shot("doctor", "doctor", before=press("Try it", "[aria-label='The remedy put to the test'] .uplot")),
    Shot("more", "more", before=press("Make them", ".made li")),
    Shot("inside", "inside", more="&item=quartzine", before=INSIDE),
    Shot("inside-loss", "inside", more="&item=quartzine&stage=1", before=INSIDE),
    Shot("inside-backward", "inside", more="&item=quartzine&stage=2", before=INSIDE),
    Shot("inside-update", "inside", more="&item=quartzine&stage=3", before=INSIDE),
    Shot("inside-wavenet", "inside", "wavenet", "&item=quartzine", wait("The tree:")),
    Shot("inside-transformer", "inside", "transformer", "&item=quartzine", wait("Attention:")),
    Shot("compare", "compare", more="&runs=minerals-mlp-1,minerals-bigram-1,minerals-wavenet-1"),
]


def trained(root: Path) -> None:
    for model, options in RUNS.items():
        flags = [part for option in options for part in ("--set", option)]
        out = str(root / f"minerals-{model}-1")
        subprocess.run([*MOREISH, "train", "minerals", "--model", model, *flags, "--out", out, "-q"], check=True)


def show(page: Page, address: str, shot: Shot) -> None:
    page.goto(f"{address}#/{shot.view}?run=minerals-{shot.run}-1&list=minerals&model=mlp{shot.more}")
    page.reload()  # what an earlier picture has opened is closed again
    page.locator("h1").wait_for(timeout=LONG)
    if shot.before:
        shot.before(page)
    page.wait_for_timeout(1200)


def main(arguments: list[str]) -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("folder", nargs="?", type=Path, help="where every view goes; else the README's are taken")
    flags.add_argument("--only", default="", help="names of pictures begin so")
    flags.add_argument("--runs", type=Path, help="the folder of the runs, trained where it has none")
    asked = flags.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        root: Path = asked.runs or Path(place) / "runs"
        root.mkdir(exist_ok=True)
        if asked.folder and not any(root.iterdir()):
            trained(root)
        own = ["--no-browser", "--port", "0", "--json", "--root", str(root)]
        command = [*MOREISH, "studio", *own, *([] if asked.folder else ["--open", "demo"])]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        try:
            with sync_playwright() as driver:
                path = next((found for name in NAMES if (found := shutil.which(name))), None)
                browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
                if asked.folder:
                    every_view(browser, url, asked.folder, asked.only)
                else:
                    for_the_readme(browser, url)
        finally:
            process.terminate()
            process.wait()
    return 0


def every_view(browser: Browser, url: str, folder: Path, only: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        for width in (400, 1280, 2200):
            wanted = [shot for shot in SHOTS if f"{scheme}-{width}-{shot.name}".startswith(only)]
            if not wanted:
                continue
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
            context.set_default_timeout(LONG)
            page = context.new_page()
            page.goto(url)
            for shot in wanted:
                show(page, url.partition("?")[0], shot)
                page.screenshot(path=folder / f"{scheme}-{width}-{shot.name}.png", full_page=True)
            context.close()


def for_the_readme(browser: Browser, url: str) -> None:
    for name, view in (("studio", "train"), ("studio-doctor", "doctor")):
        page = browser.new_page(viewport={"width": 1200, "height": 860})
        page.goto(url)
        page.goto(f"{url.partition('?')[0]}#/{view}?run=demo&step=1300")
        page.locator(".uplot, article").first.wait_for()
        page.wait_for_timeout(1500)
        page.screenshot(path=DOCS / f"{name}.png")
        page.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
