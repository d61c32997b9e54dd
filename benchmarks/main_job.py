"""The main job: reading, making items, starting up, and a list of ten million."""

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import Row, names_file, process_seconds, race
from moreish.data import DataOptions, read
from moreish.data.batches import windows
from moreish.data.bundled import BUNDLED
from moreish.fitting.counting import fit_ngram
from moreish.inference import sample
from moreish.inference.network import Network
from moreish.models import build_model
from moreish.models.gru import GRUOptions
from moreish.recipes import NGramOptions

ITEMS = 4000
LONGEST = 20
ROWS = 200_000
BIG = 10_000_000

EMPTY_PROGRAM = """
from cyclopts import App
app = App(name="empty")
@app.default
def main(): ...
app(["--help"], result_action="return_value")
"""

# The peak is that of /proc: getrusage would count what the process had inherited before it became Python.
PEAK = """
def peak():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
"""

READ_BIG = """
import sys
from moreish.data import DataOptions, read
read("words")
before = peak()
corpus = read(sys.argv[1], DataOptions(duplicates="keep"))
print(peak() - before, len(corpus.split("all").ids))
"""

FIT_BIG = """
import sys, time
from moreish.data import DataOptions, read
from moreish.ngram import KneserNey
whole = read(sys.argv[1], DataOptions(duplicates="keep")).split("all")
began = time.perf_counter()
KneserNey.fit(whole.ids, whole.offsets, 27, 5)
print(time.perf_counter() - began, peak())
"""


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (reading, table, making, starting, ten_million):
        if only in part.__name__ or only in __name__:
            yield from part()


def lecture_reading(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Reading and windows as the lectures write them: one symbol at a time into lists, then two tensors."""
    words = path.read_text().splitlines()
    stoi = {s: i + 1 for i, s in enumerate(sorted(set("".join(words))))} | {".": 0}
    xs, ys = [], []
    for word in words:
        context = [0] * 3
        for symbol in word + ".":
            xs.append(context)
            ys.append(stoi[symbol])
            context = [*context[1:], stoi[symbol]]
    return torch.tensor(xs), torch.tensor(ys)


def our_reading(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The same rows, with everything that reading does besides: strict decoding, counts, duplicates, the split."""
    return windows(read(path, DataOptions(duplicates="keep")).split("all"), 3)


def reading() -> Iterable[Row]:
    """A list of names, and one twenty times as long."""
    path = names_file() or BUNDLED / "names.txt"
    ours, theirs = race(lambda: our_reading(path), lambda: lecture_reading(path))
    n = len(our_reading(path)[1])
    yield Row(f"read {path.name}, {n:,} windows", _ms(ours), _ms(theirs), theirs / ours)
    words = path.read_text().split()
    with tempfile.TemporaryDirectory() as folder:
        longer = Path(folder) / "longer.txt"
        rng = np.random.default_rng(0)
        pairs = rng.integers(len(words), size=(20 * len(words), 2))
        longer.write_text("\n".join(words[a] + words[b][:3] for a, b in pairs))
        ours, theirs = race(lambda: our_reading(longer), lambda: lecture_reading(longer), tries=3)
        n = len(our_reading(longer)[1])
        yield Row(f"read a list 20 times as long, {n:,} windows", _ms(ours), _ms(theirs), theirs / ours, ">= 60x")


def table() -> Iterable[Row]:
    """A column of a CSV file, beside the same column by the standard library and read as a list."""
    words = read("names").items[:]
    with tempfile.TemporaryDirectory() as folder:
        path, plain = Path(folder) / "names.csv", Path(folder) / "names.txt"
        rng = np.random.default_rng(0)
        pairs = rng.integers(len(words), size=(ROWS, 2)).tolist()
        names = [words[a] + words[b][:3] for a, b in pairs]
        path.write_text("id,name,n\n" + "".join(f"{i},{name},{i % 97}\n" for i, name in enumerate(names)))

        def by_hand() -> None:
            with open(path, newline="", encoding="utf-8") as file:
                plain.write_text("\n".join(row["name"] for row in csv.DictReader(file)))
            read(plain)

        ours, theirs = race(lambda: read(path), by_hand, tries=3)
        yield Row(
            f"read a column of a CSV of {ROWS:,} rows, beside DictReader", _ms(ours), _ms(theirs), theirs / ours
        )


def lecture_sampling(module: torch.nn.Module, count: int) -> torch.Tensor:
    """A padded batch, the whole prefix read again for every symbol, as makemore's `generate` does."""
    idx = torch.zeros(count, 1, dtype=torch.long)
    with torch.no_grad():
        for _ in range(LONGEST):
            logits = module(idx)[:, -1]
            idx = torch.cat([idx, torch.multinomial(logits.softmax(-1), 1)], 1)
    return idx


def making() -> Iterable[Row]:
    """Items from a GRU of 66,555 parameters, trained a little so that its items end, and from an n-gram."""
    from moreish.training.loop import start, train
    from moreish.training.options import TrainOptions

    torch.set_num_threads(1)
    corpus = read(names_file() or "names")
    module = build_model("gru", GRUOptions(n_embd=32, n_hidden=128), len(corpus.vocab), 0).eval()
    options = TrainOptions(steps=150, lr=6e-3, batch_size=128, backward="fused", device="cpu")
    list(train(start(module, options, 0), corpus.split("train"), None))
    net, rng = Network(module.eval()), np.random.default_rng(0)
    ours, theirs = race(lambda: sample(net, ITEMS, rng), lambda: lecture_sampling(module, ITEMS), tries=4)
    rate, their_rate = ITEMS / ours, ITEMS / theirs
    yield Row("GRU items a second, one thread", f"{rate:,.0f}", f"{their_rate:,.0f}", theirs / ours, ">= 10x")
    train_split, val = corpus.split("train"), corpus.split("val")
    ngram = fit_ngram(NGramOptions(), train_split, val, len(corpus.vocab))
    ours, _ = race(lambda: sample(ngram, 50_000, rng), lambda: None, tries=4)
    yield Row(
        "n-gram items a second", f"{50_000 / ours:,.0f}", f"{their_rate:,.0f}", 50_000 / ours / their_rate, ">= 10x"
    )


def starting() -> Iterable[Row]:
    """Wall-clock time of whole processes."""
    empty, _ = process_seconds(["-c", EMPTY_PROGRAM], tries=7)
    ours, _ = process_seconds(["-m", "moreish", "--help"], tries=7)
    yield Row("moreish --help, beside an empty cyclopts program", _ms(ours), _ms(empty), None, "<= 300 ms")
    with tempfile.TemporaryDirectory() as folder:
        path = names_file() or BUNDLED / "names.txt"
        options = ["--model", "ngram", "--split", "lecture", "-q", "--root", folder]
        wall, cpu = process_seconds(["-m", "moreish", "train", str(path), *options], tries=5)
        yield Row(f"moreish train {path.name} --model ngram", _ms(wall), f"{_ms(cpu)} processor", None, "<= 800 ms")
        wall, _ = process_seconds(["-m", "moreish", "more", str(path), "-n", "20"], tries=5)
        yield Row(f"moreish more {path.name}", _ms(wall))
    torch_alone, _ = process_seconds(["-c", "import torch"], tries=3)
    yield Row("for comparison: import torch", "", _ms(torch_alone))


def ten_million() -> Iterable[Row]:
    """Ten million items of about seven symbols, duplicates kept, read in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.txt"
        characters = _write_big(path)
        grown, ids = map(int, _python(READ_BIG, path))
        beyond = (grown - ids) / characters
        yield Row(
            f"memory to read {BIG:,} items, bytes a character", f"{beyond:.2f} beyond ids", "", None, "<= 4 bytes"
        )
        took, peak = map(float, _python(FIT_BIG, path))
        yield Row(f"Kneser-Ney of order 5 on {BIG:,} items", f"{took:.1f} s", "", None, "<= 90 s")
        yield Row("  the process at its largest", f"{peak / 2**30:.2f} GiB", "", None, "<= 3 GiB")


def _write_big(path: Path) -> int:
    """The beginning of one name and the end of another; returns how many characters, line ends left out."""
    whole = read("names").split("all")
    names = [(96 + whole.symbols(i)).tobytes() for i in range(len(whole))]
    rng = np.random.default_rng(0)
    written = 0
    with open(path, "wb") as file:
        for _ in range(BIG // 500_000):
            a, b = rng.integers(len(names), size=(2, 500_000)).tolist()
            cut = rng.integers(2, 6, size=500_000).tolist()
            block = b"\n".join([names[i][:k] + names[j][-3:] for i, j, k in zip(a, b, cut, strict=True)])
            written += len(block) - 499_999
            file.write(block + b"\n")
    return written


def _python(code: str, path: Path) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PEAK + code, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.1f} ms"
