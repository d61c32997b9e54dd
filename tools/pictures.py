"""The README's pictures of the studio, taken of a real page with the recorded run: `python -m tools.pictures`.

With a folder, every view of a run that is trained for it is taken instead, in light and dark, at 400, 1280 and 2200
pixels, to be looked at.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import NAMES

DOCS = Path(__file__).resolve().parent.parent / "docs" / "img"
STEPS = 1500
VIEWS = ("list", "model", "find-lr", "train", "doctor", "more", "inside", "compare")
MOREISH = [sys.executable, "-m", "moreish"]


def trained(root: Path) -> None:
    options = [f"train.steps={STEPS}", "train.doctor=true", "train.histograms=true", "model.hidden_gain=8"]
    flags = [part for option in options for part in ("--set", option)]
    for model in ("mlp", "bigram"):
        chosen = flags if model == "mlp" else flags[:-2]
        out = str(root / f"minerals-{model}-1")
        subprocess.run([*MOREISH, "train", "minerals", "--model", model, *chosen, "--out", out, "-q"], check=True)


def show(page: Page, address: str, view: str, more: str = "") -> None:
    page.goto(f"{address}#/{view}?run=minerals-mlp-1&list=minerals&model=mlp{more}")
    page.locator("h1").wait_for()
    if view == "more":
        page.get_by_role("button", name="Make them").click()
        page.locator(".made li").first.wait_for(timeout=120_000)
    if view == "inside":
        page.get_by_text("In slow motion").wait_for(timeout=120_000)
    if view == "model":
        page.get_by_text("first loss").wait_for(timeout=120_000)
    page.wait_for_timeout(1200)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "runs"
        root.mkdir()
        opened = [] if arguments else ["--open", "demo"]
        if arguments:
            trained(root)
        own = ["--no-browser", "--port", "0", "--json", "--root", str(root)]
        command = [*MOREISH, "studio", *own, *opened]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        try:
            with sync_playwright() as driver:
                path = next((found for name in NAMES if (found := shutil.which(name))), None)
                browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
                if arguments:
                    every_view(browser, url, Path(arguments[0]))
                else:
                    for_the_readme(browser, url)
        finally:
            process.terminate()
            process.wait()
    return 0


def every_view(browser: Browser, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        for width in (400, 1280, 2200):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
            page = context.new_page()
            page.goto(url)
            for view in VIEWS:
                show(page, url.partition("?")[0], view)
                page.screenshot(path=folder / f"{view}-{scheme}-{width}.png", full_page=True)
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
