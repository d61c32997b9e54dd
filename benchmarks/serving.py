"""Serving: requests of 20 items a second over HTTP, beside the same asked of the library directly."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

import moreish
from benchmarks.measure import Row
from moreish.fitting.fitted import Fitted

REQUESTS, CLIENTS, ITEMS, TRIES = 200, 8, 20, 3


def rows(only: str = "") -> Iterable[Row]:
    """An n-gram and a GRU; those whose name holds `only`."""
    with tempfile.TemporaryDirectory() as folder:
        for model in ("ngram", "gru"):
            if only in model or only in __name__:
                out = Path(folder) / model
                options = {} if model == "ngram" else {"train": {"steps": 200}}
                yield from served(moreish.train("names", model=model, options=options, out=out), out, model)


def served(source: Fitted, run: Path, model: str) -> Iterable[Row]:
    """Wall-clock time, since two processes work on it; the two sides take turns."""
    command = [sys.executable, "-m", "moreish", "serve", str(run), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())
        headers = {"x-token": told["token"]}
        with httpx.Client(base_url=told["url"], headers=headers, timeout=60) as client:
            one = best = direct = float("inf")
            for _ in range(TRIES):
                direct = min(direct, _seconds(lambda: [source.more(ITEMS, seed=i) for i in range(REQUESTS)]))
                one = min(one, _seconds(lambda: [_ask(client, i) for i in range(REQUESTS)]))
                with ThreadPoolExecutor(CLIENTS) as clients:
                    best = min(best, _seconds(lambda: list(clients.map(lambda i: _ask(client, i), range(REQUESTS)))))
    finally:
        process.kill()
        process.communicate()
    for name, took in (("one client", one), (f"{CLIENTS} clients", best)):
        yield Row(
            f"{model}, requests of {ITEMS} items, {name}",
            f"{REQUESTS / took:,.0f} a second",
            f"{REQUESTS / direct:,.0f} called",
            direct / took,
        )


def _ask(client: httpx.Client, seed: int) -> None:
    client.post("/more", json={"count": ITEMS, "seed": seed}).raise_for_status()


def _seconds(work: object) -> float:
    began = time.perf_counter()
    assert callable(work)
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    for row in rows():
        print(row.line(), flush=True)
