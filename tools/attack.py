"""Trainings killed at random moments and resumed until they are done, compared byte for byte with undisturbed ones.

    python -m tools.attack [--kills 500] [--seed 0]

Each configuration is trained once in peace. Then again and again a process begins or resumes it and is killed after a
random share of that time: SIGKILL, or SIGINT and SIGTERM, which must end it with code 130; sent to the process, to
its whole group, or (SIGKILL) to one of the workers that it has, which must cost nothing. What is left is resumed to
the end; tensors of the last checkpoint and records, times left out, must be those of the undisturbed run. Processes
are forked from this one, which has loaded torch, so a kill costs a tenth of a second. Linux and macOS.
"""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from moreish import api
from moreish.fitting.workers import Worker  # noqa: F401 (loaded once, before anything is forked)
from moreish.models import MODELS, model_class
from moreish.runs.folder import open_run

assert sys.platform != "win32", "it forks and kills as only POSIX systems do"

SMALL = {"n_hidden": 8, "n_embd": 4, "n_layer": 1, "n_head": 2, "block_size": 4}
STEPS = {"steps": 60, "batch_size": 16, "eval_every": 6, "log_every": 2}
LONGEST = 120.0  # seconds for one process; one that takes longer hangs
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)

COLUMNS = ("kills", "process", "group", "worker", "runs", "lost", "differ", "wrong exits")

Options = dict[str, dict[str, Any]]


def configurations() -> dict[str, Options]:
    """What is trained, by name: every model; every optimizer; averages, float64, the doctor; a mixture; workers."""
    found: dict[str, Options] = {}
    for name in MODELS:
        fields = model_class(name).Options.__dataclass_fields__
        options = {key: value for key, value in SMALL.items() if key in fields}
        options |= {"dropout": 0.1} if "dropout" in fields else {}
        found[name] = {"model": {"name": name, **options}, "train": STEPS}
    gru = found["gru"]["model"]
    modes: dict[str, dict[str, Any]] = {
        "sgd": {"optimizer": "sgd", "lr": 0.1},
        "sgd with momentum": {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9},
        "ema": {"ema": 0.9},
        "float64": {"precision": "float64"},
        "by hand": {"backward": "by-hand"},
        "fused": {"backward": "fused"},
        "weight drop": {"weight_drop": 0.2},
        "doctor": {"doctor": True},
        "ema, sgd, float64": {"ema": 0.9, "optimizer": "sgd", "momentum": 0.5, "precision": "float64"},
    }
    for name, train in modes.items():
        found[name] = {"model": gru, "train": {**STEPS, **train}}
    parts = [{"name": "ngram"}, {**gru, "seed": 1}, {**found["mlp"]["model"], "seed": 2}]
    mixture = {"name": "mixture", "components": parts}
    found["mixture"] = {"model": mixture, "train": STEPS}
    found["mixture, workers"] = {"model": mixture, "train": {**STEPS, "processes": 2}}
    return found


def items() -> list[str]:
    """A list that is the same everywhere."""
    rng = random.Random(0)
    return sorted({"".join(rng.choices("abcdeiou", k=rng.randrange(2, 7))) for _ in range(120)})


def child(folder: Path, options: Options) -> int:
    """A process that begins or resumes a training; its number."""
    number = os.fork()
    if number:
        return number
    code = 130  # a request to stop may come before there is anything to save
    with suppress(BaseException), open(folder.parent / "log", "a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            begin_or_resume(folder, options)
            code = 0
        except KeyboardInterrupt:
            code = 130
        except Exception as error:
            code = 1
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(code)


def begin_or_resume(folder: Path, options: Options) -> None:
    """Train to the end."""
    if not (folder / "manifest.json").exists():
        shutil.rmtree(folder, ignore_errors=True)  # killed while it was made: nothing was trained yet
        api.train(items(), options=options, out=folder)
    elif not open_run(folder).finished:  # else it was killed after its last word
        api.resume(folder)


def ended(number: int, after: float) -> int | None:
    """The exit status of a process, waited for that long."""
    until = time.monotonic() + after
    while time.monotonic() < until:
        found, status = os.waitpid(number, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    return None


def struck(number: int, how: int, rng: random.Random) -> str:
    """Send the signal to the process, its group or one of its workers; which of them it was."""
    workers = [int(pid) for pid in children(number)]
    with suppress(ProcessLookupError):
        if workers and how == signal.SIGKILL and rng.random() < 0.7:
            os.kill(rng.choice(workers), how)
            return "worker"
        if rng.random() < 0.5:
            os.killpg(number, how)
            return "group"
        os.kill(number, how)
    return "process"


def children(number: int) -> list[str]:
    """The processes that this one has begun, where the system says so (Linux)."""
    with suppress(OSError):
        return Path(f"/proc/{number}/task/{number}/children").read_text().split()
    return []


def outcome(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """The bytes of all tensors of the last checkpoint, and the records without times."""
    run = open_run(folder)
    passing = ("network", "interrupted", "died", "quantities", "finding", "doctor")  # a doctor looks when he has time
    records = [r for r in run.records() if r["event"] not in passing]
    lines = [json.dumps({k: v for k, v in r.items() if k not in ("seconds", "cost", "run")}) for r in records]
    return {name: array.tobytes() for name, array in run.checkpoint("last").model().items()}, lines


def attack(name: str, options: Options, kills: int, rng: random.Random, root: Path) -> Counter[str]:
    """So many kills of one configuration."""
    counts: Counter[str] = Counter()
    began = time.monotonic()
    if ended(child(root / "whole", options), LONGEST) != 0:
        raise RuntimeError(f"{name} does not train: {(root / 'log').read_text()}")
    took, (tensors, records) = time.monotonic() - began, outcome(root / "whole")
    several = options["train"].get("processes", 1) > 1
    while counts["kills"] < kills:
        folder = root / f"run-{counts['runs']}"
        counts["runs"] += 1
        while True:
            number, how = child(folder, options), rng.choice(SIGNALS)
            code = ended(number, rng.uniform(0, took))
            if code is None:
                whom = struck(number, how, rng)
                counts["kills"] += 1
                counts[whom] += 1
                code = ended(number, LONGEST)
                fine = code in ((0,) if whom == "worker" else (0, -how) if how == signal.SIGKILL else (0, 130, -how))
                counts["wrong exits"] += not fine
                if counts["kills"] >= kills:
                    code = ended(child(folder, options), LONGEST) if code else code
            if code in (0, 1, None):
                break
        if code != 0:
            counts["lost"] += 1
            print(f"{name}: {code}, {(root / 'log').read_text()[-300:]}", file=sys.stderr, flush=True)
            continue
        found_tensors, found_records = outcome(folder)
        counts["differ"] += found_tensors != tensors or (not several and found_records != records)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = configurations()
    each, rng = -(-arguments.kills // len(found)), random.Random(arguments.seed)
    total: Counter[str] = Counter()
    print(f"{platform.machine()}, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}")
    print(f"| training | {' | '.join(COLUMNS)} |\n|{'---|' * (1 + len(COLUMNS))}", flush=True)
    for name, options in [*found.items(), ("all", None)]:
        if options is not None:
            with tempfile.TemporaryDirectory() as root:
                counts = attack(name, options, each, rng, Path(root))
            total += counts
        else:
            counts = total
        row = " | ".join(str(counts[key]) for key in COLUMNS)
        print(f"| {name} | {row} |", flush=True)
    raise SystemExit(bool(total["lost"] or total["differ"] or total["wrong exits"]))


if __name__ == "__main__":
    main()
