"""Scoring a file of a million items, beside kenlm; and how many planted oddities of a list are found.

The n-gram is written as an ARPA file too, so that kenlm reads the same model. Its `query` is named by KENLM_QUERY,
and left out where that is not set. How the oddities are planted: `planting`.
"""

import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.measure import Row, names_file, race
from benchmarks.planting import KEPT_AWAY, plant, read_lists
from moreish import api
from moreish.data import DataOptions, from_items, sources
from moreish.inference.surprise import Listed, odd_ones
from moreish.ngram import Backoff

ITEMS = 1_000_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FOUND = 0.02  # of a list with oddities: the share that is looked at
SEEDS = 2


def rows(only: str = "") -> Iterator[Row]:
    """The table; only what has this word in its name."""
    if only in "scoring":
        yield from scoring()
    if only in "oddities":
        yield from oddities()


# ---- a million items ----


def scoring() -> Iterator[Row]:
    """From the command line, what one item takes taken off; and the model's part of it, beside walking its trie."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        run = api.train(names_file() or "names", model="ngram", out=work / "run")
        model = run.model
        assert isinstance(model, Backoff)
        varied = variations((names_file() or sources.find("names")).read_text(encoding="utf-8").split(), ITEMS)
        commands = {"ours": ([sys.executable, "-m", "moreish", "score", str(work / "run"), "-q"], "")}
        if query := os.environ.get("KENLM_QUERY"):
            write_arpa(model, run.vocab.symbols, work / "model.arpa")
            commands["kenlm"] = ([query, "-v", "sentence", str(work / "model.arpa")], " ")
        took = beyond_start_up(commands, varied, work)
        name, ours = "1,000,000 items scored from the command line", f"{took['ours']:.2f} s"
        if query:
            yield Row(name, ours, f"kenlm query {took['kenlm']:.2f} s", took["kenlm"] / took["ours"], "< 2 s")
        else:
            yield Row(name, ours, target="< 2 s")
        ids = Listed.of([run.vocab.encode(item) for item in varied[:100_000]], model.vocab_size)
        model.score(ids.ids, ids.offsets)  # makes the tables
        tables, trie = race(lambda: model.score(ids.ids, ids.offsets), lambda: model._walk(ids.ids), 3)
        each = 1e9 / len(ids.ids)
        yield Row("of it the model", f"{tables * each:.0f} ns a symbol", f"trie {trie * each:.0f} ns", trie / tables)


def beyond_start_up(
    commands: dict[str, tuple[list[str], str]], items: Sequence[str], work: Path, tries: int = 5
) -> dict[str, float]:
    """Processor time of each command for these items beyond what one takes: the best of some tries, in turns.

    A command reads items from standard input, each with its separator between the symbols.
    """
    best = dict.fromkeys(((name, size) for name in commands for size in (1, len(items))), float("inf"))
    for name, size in best:
        lines = (commands[name][1].join(item) + "\n" for item in items[:size])
        (work / f"{name}-{size}.txt").write_text("".join(lines), encoding="utf-8")
    for _ in range(tries):
        for name, size in best:
            best[name, size] = min(best[name, size], _seconds(commands[name][0], work / f"{name}-{size}.txt"))
    return {name: best[name, len(items)] - best[name, 1] for name in commands}


def _seconds(command: list[str], file: Path) -> float:
    import resource  # which Windows lacks

    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    with file.open("rb") as stream:
        subprocess.run(command, stdin=stream, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


def slip(item: str, letters: str, rng: random.Random) -> str:
    """The item with one letter put in, left out, replaced, or swapped with the next."""
    while True:
        at, kind = rng.randrange(len(item)), rng.randrange(4)
        before, here, after = item[:at], item[at], item[at + 1 :]
        changed = (
            before + rng.choice(letters) + here + after,
            before + after,
            before + rng.choice(letters) + after,
            before + after[:1] + here + after[1:],
        )[kind].strip()
        if changed not in ("", item):
            return changed


def variations(items: Sequence[str], count: int) -> list[str]:
    """Items of a list, half of them changed in a letter."""
    rng = random.Random(0)
    return [slip(item, LETTERS, rng) if rng.random() < 0.5 else item for item in rng.choices(items, k=count)]


def write_arpa(model: Backoff, symbols: Sequence[str], file: Path) -> None:
    """The model for kenlm: a symbol is a word, the boundary is <s> where it begins and </s> where it ends."""
    counts = model.counts
    words = ["</s>", *symbols]
    grams: list[list[int]] = [[]]
    for node in range(1, len(counts.keys)):
        grams.append([*grams[counts.parent[node]], int(counts.symbol[node])])
    lines: list[list[str]] = [[] for _ in range(counts.order + 1)]
    ten = np.log(10)
    for node, gram in enumerate(grams[1:], start=1):
        backoff = model.log_backoff[node] / ten if node < counts.contexts else 0.0
        named = [words[i] for i in gram]
        if gram[0] == 0 and len(gram) > 1:
            named[0] = "<s>"
        lines[len(gram)].append(f"{model.logprob[node] / ten:.7f}\t{' '.join(named)}\t{backoff:.7f}")
        if gram == [0]:  # as a context it is the opening boundary, as a prediction the closing one
            lines[1][-1] = f"{model.logprob[node] / ten:.7f}\t</s>"
            lines[1] += [f"-99\t<s>\t{backoff:.7f}", f"{model._shortest.min() / ten:.7f}\t<unk>"]
    with file.open("w", encoding="utf-8") as arpa:
        arpa.write("\\data\\\n" + "".join(f"ngram {k}={len(lines[k])}\n" for k in range(1, counts.order + 1)))
        for k in range(1, counts.order + 1):
            arpa.write(f"\n\\{k}-grams:\n" + "\n".join(lines[k]) + "\n")
        arpa.write("\n\\end\\\n")


# ---- planted oddities ----


def oddities() -> Iterator[Row]:
    """The lists that nothing was chosen on: the share of the planted that is among the first 2 %, by sort."""
    lists = read_lists()
    found, planted = Counter[str](), Counter[str]()
    for name in (name for name in KEPT_AWAY if name in lists):
        for seed in range(SEEDS):
            case = plant(lists, name, seed)
            listed = Listed.of_corpus(from_items(case.items, DataOptions(duplicates="keep")))
            first = {odd.place for odd in odd_ones(listed, round(FOUND * len(case.items)))}
            planted.update(case.sorts.values())
            found.update(sort for place, sort in case.sorts.items() if place in first)
    for sort in sorted(planted):
        yield Row(f"planted oddities, {sort}", f"{found[sort] / planted[sort]:.0%} of {planted[sort]} found")
    share = found.total() / planted.total()
    yield Row("planted oddities, all", f"{share:.1%} of {planted.total()} found", target=">= 90 %")


if __name__ == "__main__":
    for row in rows(*sys.argv[1:2]):
        print(row.line(), flush=True)
