"""The studio, measured: what watching costs a training, how late a frame is, how soon Ctrl-C ends it, its size.

    python -m benchmarks.studio

Training is measured by processor time, in turns, in one process: half of the turns are watched as by an open page.
"""

import contextlib
import gzip
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import torch
from torch import nn

import moreish
from moreish.data import Corpus, read
from moreish.runs import commands
from moreish.studio.page import BUILT
from moreish.training.histograms import SHARE, SPACING, Histograms
from tools.browser import NAMES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAINTS = 7
TURNS, STEPS = 10, 600
LATENCY = """async ([runs, seconds]) => new Promise((done) => {
  const late = [], stream = new EventSource(`/api/events?runs=${runs}`);
  stream.addEventListener("live", (message) => requestAnimationFrame(() => requestAnimationFrame(() => {
    for (const record of JSON.parse(message.data).records)
      if (record.event === "histograms") late.push(Date.now() / 1000 - record.time);
  })));
  setTimeout(() => { stream.close(); done(late); }, 1000 * seconds);
})"""

TRAIN = """async (body) => {
  const headers = {"content-type": "application/json"};
  return (await fetch("/api/runs", {method: "POST", body: JSON.stringify(body), headers})).json();
}"""


def trained(corpus: Corpus, folder: Path, watched: bool) -> float:
    """Processor seconds of the training loop, events written included."""
    window, over = commands.Window(folder), threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            window.look()

    looking = threading.Thread(target=look)
    if watched:
        looking.start()
    began = time.process_time()
    options = {"train": {"steps": STEPS, "doctor": True, "histograms": True, "threads": 1}, "model": {"n_layer": 2}}
    moreish.train(corpus, model="mlp", options=options, out=folder)
    took = time.process_time() - began
    over.set()
    if watched:
        looking.join()
    return took


def cost(place: Path) -> None:
    corpus = read("names")
    trained(corpus, place / "warm", False)
    ratios = []
    for turn in range(TURNS):
        alone, watched = (trained(corpus, place / f"{turn}-{w}", w) for w in (False, True))
        ratios.append(watched / alone)
    print(f"training while a page looks: {100 * (statistics.median(ratios) - 1):+.1f} % (turns: {shown(ratios)})")


def looks() -> None:
    """What a look at 25 histograms costs the training, and how many a second fit in its share of the processor."""
    model = nn.Sequential(*[layer for _ in range(3) for layer in (nn.Linear(200, 200), nn.Tanh())])
    optimizer = torch.optim.AdamW(model.parameters())
    histograms, x, costs, count = Histograms(model, optimizer), torch.randn(256, 200), [], 0
    torch.set_num_threads(1)
    for _ in range(200):
        histograms.begin()
        model(x).square().mean().backward()
        optimizer.step()
        layers = histograms.end()
        optimizer.zero_grad()
        costs.append(histograms.cost)
        fields = ("activation", "gradient", "weight", "weight_gradient", "update")
        count = sum(getattr(layer, name) is not None for layer in layers for name in fields)
    cost = statistics.median(costs) * 25 / count
    print(f"a look at 25 histograms: {1000 * cost:.2f} ms of processor time")
    print(f"frames a second that fit: {min(1 / SPACING, SHARE / cost):.1f}")


def shown(ratios: list[float]) -> str:
    return ", ".join(f"{100 * (r - 1):+.1f}" for r in ratios)


@contextlib.contextmanager
def studio(root: Path):
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
    process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.wait()


def first_paint(browser: "Browser", place: Path) -> float:
    """Seconds from the command to the page's first words, in a tab of its own."""
    page = browser.new_page()
    began = time.monotonic()
    with studio(place) as (_, url):
        page.goto(url)
        page.locator("h1").wait_for()
        seconds = time.monotonic() - began
    page.close()
    return seconds


def frames(place: Path) -> None:
    from playwright.sync_api import sync_playwright

    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        paints = sorted(first_paint(browser, place) for _ in range(PAINTS))
        print(
            f"first paint, from the command on, in a browser that runs: median {statistics.median(paints):.2f} s, "
            f"{paints[0]:.2f} to {paints[-1]:.2f} in {PAINTS} starts"
        )
        page = browser.new_page()
        with studio(place) as (_, url):
            page.goto(url)
            model = {"list": "names", "model": "mlp", "options": {"train": {"steps": 10**6}, "model": {"n_layer": 2}}}
            run = page.evaluate(TRAIN, model)["run"]
            page.goto(f"{url.partition('?')[0]}#/train?run={run}")
            page.get_by_role("button", name="Pause").wait_for(timeout=120_000)
            page.get_by_text("Inside the layers").wait_for(timeout=120_000)
            late = page.evaluate(LATENCY, [run, 20])
            quick = statistics.quantiles(late, n=20)
            middle, most = statistics.median(late), quick[-1]
            print(f"a frame after its step: median {1000 * middle:.0f} ms, 95 % {1000 * most:.0f} ms")
            print(f"frames a second: {len(late) / 20:.1f}")
        browser.close()


def leaving(place: Path) -> None:
    with studio(place) as (process, url):
        parts = urlsplit(url)
        headers = {"authorization": f"Bearer {parts.query.partition('=')[2]}"}
        client = httpx.Client(base_url=f"{parts.scheme}://{parts.netloc}", headers=headers, timeout=30)
        with contextlib.ExitStack() as open_streams:
            for _ in range(3):
                next(open_streams.enter_context(client.stream("GET", "/api/events")).iter_bytes())
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(20)
            print(f"Ctrl-C with three tabs open: {time.monotonic() - began:.2f} s, exit code {process.returncode}")


def main() -> int:
    size = sum(len(gzip.compress(p.read_bytes(), 9)) for p in BUILT.rglob("*") if p.is_file())
    print(f"the page, compressed: {size / 1000:.1f} KB")
    with tempfile.TemporaryDirectory() as place:
        looks()
        leaving(Path(place) / "leaving")
        frames(Path(place) / "frames")
        cost(Path(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
