"""Lists of 10 MB, 100 MB and 1 GB: sharded, counted (order 5) and trained on, each within 2 GiB of memory.

`python -m benchmarks.scaling [MEGABYTES ...]`; the lists are made of the bundled ones, all items different, and
written below MOREISH_SCRATCH. Every stage is a process of its own. Its memory is the largest sum over the process and
those that it starts, looked at twenty times a second; mapped files count where they are in memory. With kenlm's lmplz
(LMPLZ says where it is) the items of train are counted by it too, each symbol a word, with 1 GiB to sort in.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import which
from typing import NamedTuple

import numpy as np
import psutil

from moreish.data.bundled import BUNDLED
from moreish.shards.corpus import open_shards

ORDER = 5
OURS = [sys.executable, "-m", "moreish"]
COUNT = f"""
from pathlib import Path
from moreish.shards.corpus import open_shards
from moreish.shards.counting import count_sharded
corpus = open_shards(Path("shards"))
print(len(count_sharded(corpus.split("train"), len(corpus.vocab), {ORDER}).keys) - 1)
"""
GRU = ["--set", "model.n_hidden=64", "--set", "train.eval_every=200"]
TRAIN = [*OURS, "train", "shards", "-q", "--model"]
STAGES: dict[str, list[str]] = {
    "shard": [*OURS, "shard", "list.txt", "--out", "shards", "-q", "--processes", "2"],
    "count": [sys.executable, "-c", COUNT],
    "train ngram": [*TRAIN, "ngram", "--set", f"model.order={ORDER}", "--out", "n"],
    "train gru": [*TRAIN, "gru", "--steps", "200", *GRU, "--out", "run"],
}


class Measured(NamedTuple):
    """Of a process and all that it starts: seconds of processors and by the clock, MiB, what it said."""

    work: float
    wall: float
    peak: float
    own: float
    said: str

    def line(self) -> str:
        """As text."""
        return f"{self.work:7.1f} s of processors, {self.wall:7.1f} s, {self.peak:6.0f} MiB ({self.own:.0f} its own)"


def make_list(path: Path, size: int) -> None:
    """Pairs of bundled items with a number after them: they look like things and are all different."""
    words = [w for name in ("names", "towns", "words") for w in (BUNDLED / f"{name}.txt").read_text("utf-8").split()]
    words = [w for w in words if w.isascii()]
    rng, written, n = np.random.default_rng(0), 0, 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            pairs = rng.integers(len(words), size=(100_000, 2)).tolist()
            lines = [f"{words[a]} {words[b]} {n + i:x}" for i, (a, b) in enumerate(pairs)]
            n += len(lines)
            written += file.write("\n".join(lines) + "\n")


def measured(command: Sequence[str], folder: Path) -> Measured:
    """Run it. Ends everything where it fails."""
    began, before = time.monotonic(), os.times()
    with (folder / "said").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        peaks = [(0.0, 0.0)]
        watcher = threading.Thread(target=watch, args=(process.pid, lambda: process.poll() is None, peaks))
        watcher.start()
        process.wait()
        watcher.join()
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(text)
    after, (whole, own) = os.times(), np.max(peaks, 0).tolist()
    work = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(work, time.monotonic() - began, whole / 2**20, own / 2**20, text)


def watch(pid: int, runs: Callable[[], bool], peaks: list[tuple[float, float]]) -> None:
    """What the tree of processes holds and what of that is no mapped file, as long as it runs."""
    while runs():
        whole = own = 0
        try:
            root = psutil.Process(pid)
            for each in [root, *root.children(recursive=True)]:
                memory = each.memory_info()
                whole, own = whole + memory.rss, own + memory.rss - getattr(memory, "shared", 0)
        except psutil.Error:  # it ended meanwhile
            continue
        peaks.append((whole, own))
        time.sleep(0.05)


def write_symbols(folder: Path) -> None:
    """The items of train, each symbol a word."""
    corpus = open_shards(folder / "shards")
    letter = np.frombuffer("\n".join(["", *corpus.vocab.symbols]).replace(" ", "_").encode(), np.uint8)
    table = np.append(np.uint8(ord("\n")), letter[1::2])
    assert len(table) == len(corpus.vocab), "every symbol is one byte"
    with (folder / "symbols.txt").open("wb") as file:
        for part in corpus.split("train").parts():
            spaced = np.full((len(part.ids) - 1, 2), ord(" "), np.uint8)
            spaced[:, 0] = table[part.ids[1:]]
            file.write(spaced.tobytes())


def beside(lmplz: str, folder: Path) -> None:
    """What kenlm takes for the same counts, and for its whole model."""
    write_symbols(folder)
    command = [lmplz, "-o", str(ORDER), "-S", "1G", "-T", str(folder / "kenlm-"), "--discount_fallback"]
    found = measured([*command, "--text", "symbols.txt", "--arpa", os.devnull], folder)
    print(f"  lmplz       {found.line()}")
    print(
        "   ", " | ".join(re.findall(r"^(?:Unigram tokens|Statistics|\d \d+|RSSMax|Name:lmplz).*", found.said, re.M))
    )


def main(sizes: Sequence[int]) -> None:
    lmplz = os.environ.get("LMPLZ") or which("lmplz")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory(dir=os.environ.get("MOREISH_SCRATCH")) as place:
            folder = Path(place)
            make_list(folder / "list.txt", megabytes * 10**6)
            print(f"{megabytes} MB", flush=True)
            for stage, command in STAGES.items():
                found = measured(command, folder)
                note = f", {int(found.said):,} n-grams" if stage == "count" else ""
                print(f"  {stage:<11} {found.line()}{note}", flush=True)
            for name in ("shards", "n", "run"):
                size = sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
                print(f"  {name:<11} {size:,} bytes", flush=True)
            if lmplz:
                beside(lmplz, folder)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [10, 100, 1000])
