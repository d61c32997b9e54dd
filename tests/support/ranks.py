"""Every kind of training, alone and in step with others: `-m tests.support.ranks` prints what was learned."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from moreish.data import from_items
from moreish.models import MODELS, build_model, model_class
from moreish.options import build
from moreish.training import distributed
from moreish.training.launch import launched
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions
from moreish.training.state import TrainState
from tests.support.lists import made_items

ROOT = Path(__file__).parents[2]
SMALL = {"n_embd": 8, "n_hidden": 12, "n_layer": 2, "n_head": 2, "dropout": 0.0}
OPTIONS = {"steps": 6, "batch_size": 17, "log_every": 2, "eval_every": 3, "precision": "float64", "lr": 0.02}


@dataclass
class Case:
    model: str
    options: dict[str, object] = field(default_factory=dict)
    train: dict[str, object] = field(default_factory=dict)


CASES = {name: Case(name) for name in MODELS} | {
    "mlp, BatchNorm": Case("mlp", {"batch_norm": True, "head_norm": True}),
    "wavenet, norms by position": Case("wavenet", {"norm": "position"}),
    "wavenet-sliding, many rows": Case("wavenet-sliding", train={"batch_size": 160}),
    "gru, fused": Case("gru", train={"backward": "fused"}),
    "transformer, by hand": Case("transformer", train={"backward": "by-hand"}),
    "lstm, weights dropped, averaged": Case("lstm", train={"weight_drop": 0.3, "ema": 0.9}),
    "gru, one row for two": Case("gru", train={"batch_size": 2}),
    "mlp, sgd, smoothed": Case("mlp", train={"optimizer": "sgd", "label_smoothing": 0.1}),
}


def losses(case: Case) -> dict[str, object]:
    """The events of a short training, and a sum of what was learned."""
    corpus = from_items(made_items(300))
    kind = model_class(case.model).Options
    known = {key: value for key, value in SMALL.items() if key in kind.__dataclass_fields__}
    model = build_model(case.model, build(kind, known | case.options), len(corpus.vocab), 1)
    state: TrainState = start(model, build(TrainOptions, OPTIONS | case.train), 1)
    found = [getattr(e, "loss", None) or getattr(e, "val_loss", None) for e in train(state, *splits(corpus))]
    buffers = {name: float(np.float64(b.double().sum())) for name, b in model.named_buffers()}
    return {
        "losses": found,
        "learned": float(sum(p.detach().double().abs().sum() for p in model.parameters())),
        **buffers,
    }


def splits(corpus):
    return corpus.split("train"), corpus.split("val")


def main() -> None:
    torch.set_num_threads(1)
    process = launched()
    assert process is not None
    alone = {name: losses(case) for name, case in CASES.items()} if process.rank == 0 else {}
    with distributed.joined(process):
        together = {name: losses(case) for name, case in CASES.items()}
    if process.rank == 0:
        print(json.dumps([alone, together]))


@contextlib.contextmanager
def together(
    arguments: list[str], port: int, size: int = 2, cwd: Path = ROOT
) -> Iterator[list[subprocess.Popen[str]]]:
    """So many processes with what torchrun would say in their environment; none outlives the block."""
    said = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size), "OMP_NUM_THREADS": "1"}
    said |= {"TORCHELASTIC_ERROR_FILE": str(Path("logs", "all", "id_7", "attempt_0", "0", "error.json"))}
    processes = [
        subprocess.Popen(
            [sys.executable, *arguments],
            cwd=cwd,
            env=os.environ | said | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


if __name__ == "__main__":
    main()
