"""Two processes against one, each with one thread: how fast a GRU learns from large batches (`torchrun` and DDP).

A busy machine says little by the clock, so the two are timed in turns and by processor time as well: a process of two
that had a core to itself would need as long as it works, so the speed-up is the work of one process alone over that
of the slower of two. What the processes wait for one another is in the clock's figures only.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 5
STEPS, BATCH = 12, 2048
SAID = {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "LOCAL_RANK": "0"}


def train() -> None:
    """One process's part: seconds by the clock and of the processor, the losses."""
    import torch

    from moreish import api
    from moreish.models import build_model
    from moreish.models.gru import GRUOptions
    from moreish.runs.events import Step
    from moreish.training import distributed, loop
    from moreish.training.launch import launched
    from moreish.training.options import TrainOptions

    torch.set_num_threads(1)
    corpus, backward = api.read("names"), sys.argv[3]
    options = TrainOptions(steps=STEPS, batch_size=BATCH, log_every=1, backward=backward)  # pyright: ignore
    model = build_model("gru", GRUOptions(n_embd=64, n_hidden=512, dropout=0.0), len(corpus.vocab), 0)
    process = launched()

    def measure() -> None:
        state = loop.start(model, options, 0)
        marks, losses = [], []
        for event in loop.train(state, corpus.split("train"), None):
            assert isinstance(event, Step)
            losses.append(event.loss)
            marks.append((time.perf_counter(), time.process_time()))
        wall, work = (marks[-1][k] - marks[1][k] for k in (0, 1))
        print(json.dumps({"wall": wall, "work": work, "losses": losses}))

    if process is None:
        measure()
    else:
        with distributed.joined(process):
            measure()


def timed(size: int, port: int, backward: str) -> list[dict]:
    """What each process of a training in so many says."""
    command = [sys.executable, "-m", "benchmarks.two_processes", "train", "as", backward]
    env = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")} | SAID | {"MASTER_PORT": str(port)}
    more = [{"RANK": str(r), "WORLD_SIZE": str(size)} if size > 1 else {} for r in range(size)]
    root = Path(__file__).parent.parent
    running = [subprocess.Popen(command, env=env | own, stdout=subprocess.PIPE, cwd=root) for own in more]
    return [json.loads(each.communicate()[0]) for each in running]


def main(backward: str) -> None:
    by_clock, by_work, apart = [], [], 0.0
    for k in range(ROUNDS):
        (one,), two = timed(1, 0, backward), timed(2, 29650 + k, backward)
        by_clock.append(one["wall"] / max(each["wall"] for each in two))
        by_work.append(one["work"] / max(each["work"] for each in two))
        apart = max(apart, *(abs(a - b) for a, b in zip(one["losses"], two[0]["losses"], strict=True)))
        print(f"round {k}: by the clock {by_clock[-1]:.2f}, by work {by_work[-1]:.2f}", flush=True)
    print(f"{backward}: by the clock {statistics.median(by_clock):.2f} (best {max(by_clock):.2f}), by work")
    print(f"{statistics.median(by_work):.2f}; losses apart by at most {apart:.1e}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["train"]:
        train()
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else "autograd")
