"""A training step of the lectures' nets, batch 32: compiled, by autograd, as the lectures write it, and by JAX.

JAX runs in a Python of its own, which MOREISH_JAX_PYTHON names or which is made under build/jax the first time. All
take turns, CHUNK steps at a time, on one thread; shown are medians of processor time, with the quartiles, in
microseconds.
"""

import ctypes
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.measure import Row, names_file, seconds
from moreish.data import Corpus, DataOptions, read
from moreish.data.batches import windows
from moreish.data.bundled import BUNDLED
from moreish.fast.compiled import CompiledStep
from moreish.fast.plan import Op
from moreish.models import build_model
from moreish.models.net import Net
from moreish.recipes import resolve
from moreish.training.loop import start, train

CHUNK = {"mlp": 1000, "batchnorm": 1000, "wavenet": 200}
ROUNDS = 15
LONG = 10**7  # steps: never reached
RECIPES = {"mlp": "lecture-mlp", "batchnorm": "lecture-batchnorm", "wavenet": "wavenet"}
TARGETS = {"mlp": (">= 8x", ">= 1.3x"), "batchnorm": (">= 8x", ">= 1.3x"), "wavenet": (">= 5x", ">= 1x")}
JAX_FOLDER = Path(__file__).resolve().parent.parent / "build" / "jax"
Chunk = Callable[[], float]
"""Some steps, and the processor time that they took."""


def rows(only: str = "") -> Iterable[Row]:
    """All nets, or those whose name holds `only`."""
    torch.set_num_threads(1)
    corpus = read(names_file() or BUNDLED / "names.txt", DataOptions(split="lecture"))
    for net in RECIPES:
        if only in net or only in __name__:
            yield from _compared(net, corpus)


def _compared(net: str, corpus: Corpus) -> Iterator[Row]:
    config = resolve(RECIPES[net])
    block = 8 if net == "wavenet" else 3
    x, y = windows(corpus.split("train"), block)
    with _jax(net, x, y) as jax:
        chunks: dict[str, Chunk] = {
            "compiled": _ours(net, corpus, "fused"),
            "products": _products(net, corpus),
            "autograd": _ours(net, corpus, "autograd"),
            "loop": _loop(net, config.model.options, x, y, len(corpus.vocab)),
        } | ({} if jax is None else {"JAX": jax})
        for chunk in chunks.values():
            chunk()
        took = {name: np.zeros(ROUNDS) for name in chunks}
        for i in range(ROUNDS):
            for name, chunk in chunks.items():
                took[name][i] = chunk() * 1e6 / CHUNK[net]
    told = {name: _spread(us) for name, us in took.items()}
    against_loop, against_jax = TARGETS[net]
    beside = {"loop": against_loop, "JAX": against_jax, "autograd": "", "products": "<= 2x the products alone"}
    for name, target in beside.items():
        if name in took:
            ratio = float(np.median(took[name] / took["compiled"]))
            label = {"loop": "the lectures' loop", "JAX": "JAX, lax.scan", "products": "its products alone"}
            yield Row(f"{net}: compiled, beside {label.get(name, name)}", told["compiled"], told[name], ratio, target)


def _spread(us: np.ndarray) -> str:
    low, middle, high = np.quantile(us, [0.25, 0.5, 0.75])
    return f"{middle:.1f} us ({low:.1f}-{high:.1f})"


def _ours(net: str, corpus: Corpus, backward: str) -> Chunk:
    """Steps of the training loop, with everything that belongs to it, between two of its events."""
    config = resolve(RECIPES[net])
    values: dict[str, object] = {"backward": backward, "steps": LONG, "log_every": CHUNK[net], "time_budget": None}
    options = replace(config.train, **values)
    model = build_model(config.model.name, config.model.options, len(corpus.vocab), 0)
    training = train(start(model, options, 0), corpus.split("train"), None)
    return lambda: seconds(lambda: next(training))


def _products(net: str, corpus: Corpus) -> Chunk:
    """The matrix products of the compiled step alone, forwards and backwards, in the same buffers."""
    config = resolve(RECIPES[net])
    model = build_model(config.model.name, config.model.options, len(corpus.vocab), 0)
    step = CompiledStep(model)
    block = model.block_size or 1
    step(torch.zeros(32, block, dtype=torch.long), torch.zeros(32, dtype=torch.long), 1.0)
    linear = [op for op in step.plan.ops if op.rule == step.library.rules["linear"]]
    ops, count = (Op * len(linear))(*linear), CHUNK[net]
    numbers = [ctypes.c_int64(n) for n in (len(linear), 32, count)]

    def run() -> None:  # it holds the step, in whose memory all of this is
        step.library.handle.moreish_there_and_back_float32(ops, *numbers)

    return lambda: seconds(run)


def _loop(net: str, options: object, x: np.ndarray, y: np.ndarray, size: int) -> Chunk:
    """Random rows, forward, backward, `p.data += -0.1 * p.grad`, and the loss kept, as the lectures write it."""
    xs, ys = (torch.from_numpy(a.astype(np.int64)) for a in (x, y))
    if net == "wavenet":
        module = build_model("wavenet", options, size, 0)
        parameters, forward = list(module.parameters()), _through(module)
    else:
        parameters, forward = _raw(net, size)
    losses: list[float] = []

    def run() -> None:
        for _ in range(CHUNK[net]):
            rows = torch.randint(0, len(xs), (32,))
            loss = F.cross_entropy(forward(xs[rows]), ys[rows])
            for p in parameters:
                p.grad = None
            loss.backward()
            for p in parameters:
                assert p.grad is not None
                p.data += -0.1 * p.grad
            losses.append(loss.log10().item())

    return lambda: seconds(run)


def _through(module: Net) -> Callable[[Tensor], Tensor]:
    return lambda idx: module(idx)


def _raw(net: str, size: int) -> tuple[list[Tensor], Callable[[Tensor], Tensor]]:
    """The MLP of the lectures in raw tensors, with BatchNorm or without."""
    c, w1, w2 = torch.randn(size, 10), torch.randn(30, 200) * (5 / 3) / 30**0.5, torch.randn(200, size) * 0.01
    b2 = torch.zeros(size)
    b1, gain, bias = torch.randn(200) * 0.01, torch.ones(1, 200), torch.zeros(1, 200)
    mean_running, std_running = torch.zeros(1, 200), torch.ones(1, 200)
    parameters = [c, w1, w2, b2, *([b1] if net == "mlp" else [gain, bias])]
    for p in parameters:
        p.requires_grad = True

    def forward(idx: Tensor) -> Tensor:
        nonlocal mean_running, std_running
        h = c[idx].view(len(idx), -1) @ w1
        if net == "mlp":
            h = h + b1
        else:
            mean, std = h.mean(0, keepdim=True), h.std(0, keepdim=True)
            h = gain * (h - mean) / std + bias
            with torch.no_grad():
                mean_running = 0.999 * mean_running + 0.001 * mean
                std_running = 0.999 * std_running + 0.001 * std
        return torch.tanh(h) @ w2 + b2

    return parameters, forward


@contextmanager
def _jax(net: str, x: np.ndarray, y: np.ndarray) -> Iterator[Chunk | None]:
    """Steps by JAX in a process of its own; None where there is no JAX to be had."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "windows.npz"
        np.savez(data, x=x, y=y)
        with jax_process("jax_peer.py", net, str(data)) as steps:
            yield steps and (lambda: steps(CHUNK[net]))


@contextmanager
def jax_process(script: str, *arguments: str) -> Iterator[Callable[[int], float] | None]:
    """A number of steps -> the processor time that they took, by a script in the Python that has JAX; else None."""
    python = jax_python()
    if python is None:
        yield None
        return
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    alone = {"XLA_FLAGS": flags, "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | alone
    command = [python, str(Path(__file__).with_name(script)), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, of = process.stdin, process.stdout

        def steps(count: int) -> float:
            print(count, file=to, flush=True)
            return float(of.readline().split()[0])

        try:
            yield steps
        finally:
            to.close()


def jax_python() -> str | None:
    """A Python that has JAX; None, with a line on standard error, where none can be made."""
    if chosen := os.environ.get("MOREISH_JAX_PYTHON"):
        return chosen
    python = JAX_FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(JAX_FOLDER, with_pip=True)
    install = [str(python), "-m", "pip", "install", "-q", "jax"]
    have = [str(python), "-c", "import jax"]
    for command in (have, install):
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return str(python)
    print("no JAX could be installed, so it is left out", file=sys.stderr)
    return None
