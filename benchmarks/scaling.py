"""Lists of 10 MB, 100 MB and 1 GB: sharded, counted (order 5) and trained on, each within 2 GiB of memory.

`python -m benchmarks.scaling [MEGABYTES ...]`; the lists are made of the bundled ones, all items different. Every
stage runs in a process of its own whose peak memory is read from the system, children included.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from moreish.data.bundled import BUNDLED

STAGES = {
    "shard": "from moreish.cli import run\n"
    "code = run(['shard', 'list.txt', '--out', 'shards', '-q', '--processes', '2'])",
    "count": "from moreish.shards.corpus import open_shards; from moreish.shards.counting import count_sharded\n"
    "from pathlib import Path; corpus = open_shards(Path('shards'))\n"
    "found = count_sharded(corpus.split('train'), len(corpus.vocab), 5); code = 0; note = len(found.keys)",
    "train": "from moreish.cli import run\n"
    "code = run(['train', 'shards', '--model', 'gru', '--steps', '200', '--out', 'run', '-q',"
    " '--set', 'model.n_hidden=64', '--set', 'train.eval_every=200'])",
}


def make_list(path: Path, size: int) -> None:
    """Pairs of bundled items with a word between and a number: they look like things and are all different."""
    words = [
        w for name in ("names", "towns", "words") for w in (BUNDLED / f"{name}.txt").read_text("utf-8").split("\n")
    ]
    words = [w for w in words if w.isascii() and w]
    rng, written, n = np.random.default_rng(0), 0, 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            pairs = rng.integers(len(words), size=(100_000, 2)).tolist()
            lines = [f"{words[a]} {words[b]} {n + i:x}" for i, (a, b) in enumerate(pairs)]
            n += len(lines)
            text = "\n".join(lines) + "\n"
            file.write(text)
            written += len(text)


def measured(code: str, folder: Path) -> dict[str, float]:
    """Seconds of the wall and of processors, and the largest memory of any process, in MiB."""
    told = (
        "import resource, json, time, sys\n"
        + code.replace("code = ", "began = time.perf_counter(); code = ", 1)
        + (
            "\nown, kids = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))\n"
            "print(json.dumps({'cpu': own.ru_utime + own.ru_stime + kids.ru_utime + kids.ru_stime,"
            " 'own': own.ru_maxrss / 1024, 'child': kids.ru_maxrss / 1024, 'code': code,"
            " 'note': globals().get('note')}), file=sys.stderr)"
        )
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", told], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stderr.strip().split("\n")[-1]) | {"wall": time.monotonic() - began}


def main(sizes: list[int]) -> None:
    rows = []
    for megabytes in sizes:
        with tempfile.TemporaryDirectory(dir=os.environ.get("MOREISH_SCRATCH")) as place:
            folder = Path(place)
            make_list(folder / "list.txt", megabytes * 10**6)
            row: dict[str, object] = {"MB": megabytes}
            for stage, code in STAGES.items():
                found = measured(code, folder)
                peak = found["own"] + 2 * found["child"] if stage == "shard" else found["own"]
                row[stage] = f"{found['cpu']:.1f} s cpu, {found['wall']:.1f} s, {peak:.0f} MiB"
                print(megabytes, stage, row[stage], found["note"], flush=True)
            row["bytes"] = sum(p.stat().st_size for p in (folder / "shards").iterdir())
            row["run"] = sum(p.stat().st_size for p in (folder / "run").rglob("*") if p.is_file())
            print(row, flush=True)
            rows.append(row)
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [10, 100, 1000])
