"""Eight hours of a training in the studio, played fast: what page and server hold in memory. Linux only.

    python -m benchmarks.long_stream [HOURS]

A run's records and its pictures of the moment are written as a training would that is watched for so long: a record
of a step every 50 ms, 25 histograms ten times a second, new items every second. The server looks for them more often
than it does otherwise, so that the page is sent nearly every one of them.
"""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from moreish.runs import folder
from moreish.runs.commands import Window
from tools.browser import NAMES

FRAMES, STEPS = 10, 20  # a second
PAUSE = 0.0016  # seconds between two frames, so that the server has time to see each
SERVER = """
import json, socket, sys
from pathlib import Path
from moreish.studio import stream
from moreish.studio.application import app
from moreish.studio.front import Front
from moreish.cli.studio import run_server
stream.LOOKS = 2000
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
token = "a-token-of-a-benchmark"
print(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}/?token={token}"}), flush=True)
run_server(Front(lambda: app(Path(sys.argv[1]), token=token), token), listening)
"""


def histograms(rng: random.Random, step: int) -> dict[str, Any]:
    """Five layers, five pictures of each."""
    names = ("activation", "gradient", "weight", "weight_gradient", "update")
    shown = [
        {"name": f"hidden.{k}", "type": "Linear(200, 200)"}
        | {
            name: {
                "low": -1.0 - rng.random(),
                "high": 1.0 + rng.random(),
                "counts": [rng.randrange(400) for _ in range(64)],
                "mean": rng.random(),
                "std": 1.0,
                "extreme": 0.0,
            }
            for name in names
        }
        for k in range(5)
    ]
    return {"event": "histograms", "step": step, "at": step - 1, "layers": shown, "component": 0}


def played(run: folder.Run, hours: float, told: Callable[[], str]) -> None:
    window, rng = Window(run.folder), random.Random(8)
    frames = [histograms(rng, 1) for _ in range(32)]
    total = int(hours * 3600)
    with run.writing() as writer:
        for second in range(total):
            step = second * STEPS
            for _ in range(STEPS):
                step += 1
                record = {
                    "event": "step",
                    "step": step,
                    "loss": 3 - 2 * second / total + rng.random() / 9,
                    "lr": 1e-3,
                }
                more = {"tokens": 256, "seconds": second, "progress": second / total, "component": 0}
                writer.append(record | more)
            for k in range(FRAMES):
                window.show(frames[(second + k) % 32] | {"step": step, "at": step - 1})
                time.sleep(PAUSE)
            items = ["".join(rng.choices("abcdefgh", k=7)) for _ in range(8)]
            window.show({"event": "samples", "step": step, "items": items, "known": ["new"] * 8})
            if second % 1800 == 1799:
                print(f"after {(second + 1) / 3600:.1f} h: {told()}", flush=True)


def held(page: Page) -> str:
    """What the page's scripts hold after a collection of garbage, and how many elements there are."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return f"heap {metrics['JSHeapUsedSize'] / 1e6:.1f} MB, nodes {metrics['Nodes']:.0f}"


def resident(process: int) -> str:
    """Megabytes in memory: its own; with its part of what several processes share, such as the browser's libraries,
    each page of memory divided by how many hold it; and with all of what it shares.
    """
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
    kinds = (int(rollup.partition(f"\n{kind}:")[2].split()[0]) / 1000 for kind in ("Anonymous", "Pss", "Rss"))
    return "{:.0f}, {:.0f}, {:.0f} MB".format(*kinds)


def worked(process: int) -> float:
    """Seconds on the processor."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def renderers(browser: int) -> list[int]:
    """The processes of the browser that hold pages."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if int(entry.name) > browser and b"--type=renderer" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@contextlib.contextmanager
def server(root: Path) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-c", SERVER, str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    try:
        yield process.pid, json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def browser(profile: Path, url: str) -> Iterator[int]:
    """A browser that shows this address; nobody looks into it, because an inspector keeps what the page receives."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert path is not None, "there is no Chromium here"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    own = [f"--user-data-dir={profile}", "--remote-debugging-port=0", "--window-size=1280,900"]
    process = subprocess.Popen([path, *options, *own, url], stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def looked_at(profile: Path) -> str:
    """What an inspector says of the page that the browser shows, and the last step there."""
    port = (profile / "DevToolsActivePort").read_text(encoding="utf-8").split()[0]
    with sync_playwright() as driver:
        page = driver.chromium.connect_over_cdp(f"http://127.0.0.1:{port}").contexts[0].pages[0]
        return f"{held(page)}, step {page.locator('dl dd').first.inner_text()}"


def main(arguments: list[str]) -> int:
    hours = float(arguments[0]) if arguments else 8.0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        root, profile = Path(place) / "runs", Path(place) / "profile"
        run = folder.create(root / "long", {"model": {"name": "mlp"}}, {"symbols": ["a"]})
        began = time.monotonic()
        with server(root) as (pid, url), browser(profile, f"{url}#/train?run=long") as shown:
            time.sleep(5)

            def page() -> int:
                return max(renderers(shown), key=worked)

            def told() -> str:
                return f"page {resident(page())}; server {resident(pid)}"

            print("own, with its part of what is shared, with all of it")
            print(f"at the beginning: {told()}", flush=True)
            played(run, hours, told)
            time.sleep(2)
            print(f"{hours:g} h in {time.monotonic() - began:.0f} s: {told()}")
            took = worked(page()) / (hours * 3600 * FRAMES)
            print(f"the page's processor time: {1000 * took:.2f} ms a frame that was written")
            print(f"at the end: {looked_at(profile)} of {hours * 3600 * STEPS:,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
