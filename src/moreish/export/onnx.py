"""A network as an ONNX graph, compared with torch at several shapes in onnxruntime before it is written.

    a net that reads windows      idx (B, block_size)           -> logits (B, V)
    a net without a memory        idx (B, T)                    -> logits (B, T, V)
    a net with a memory           idx (B,), state (B, ...)      -> logits (B, V), next_state (B, ...)

The last is one step, because graphs of whole sequences of recurrent layers freeze the length. `moreish.json` holds
the state before the first step, the symbols, and how ids are read where a list has kinds: id i of kind k as k V + i.
"""

import copy
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from moreish.errors import Unmet, how_to_install
from moreish.export.exported import Contents, Subject
from moreish.models.net import Net, Stepwise
from moreish.rng import rng_for
from moreish.runs.files import encode

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

TOLERANCE = 1e-5
STEPS_COMPARED = 6
OPSET = 18


class Step(nn.Module):
    """One step with its state as an input: what is exported of a net with a memory."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, idx: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits after reading one id a row, and the next state."""
        assert isinstance(self.net, Stepwise)
        logits, state = self.net.step(idx, state)
        return logits, state


@dataclass(frozen=True)
class Form:
    """How a network reads, and the inputs that it is exported with and compared at.

    start : the state before the first step (1, ...), of a net with a memory
    longest : how many ids it can read at once; None: no limit
    """

    reads: str
    module: nn.Module
    start: Tensor | None = None
    longest: int | None = None

    @property
    def remembers_ids(self) -> bool:
        """Whether the state is made of ids, as those of a sliding window, which begin as the kind's boundary."""
        return self.start is not None and self.start.dtype == torch.int64

    @property
    def example(self) -> tuple[Tensor, ...]:
        """Inputs of a shape in which no dimension that is to stay free is 1."""
        if self.start is not None:
            return torch.zeros(2, dtype=torch.int64), self.start.repeat(2, *[1] * (self.start.ndim - 1))
        return (torch.zeros(3, self._length, dtype=torch.int64),)

    @property
    def _length(self) -> int:
        if self.reads == "window":
            return self.longest or 1
        return min(self.longest or 5, 5)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the ids that are compared."""
        if self.start is not None:
            return [(1,), (2,), (7,)]
        if self.reads == "window":
            return [(1, self._length), (2, self._length), (9, self._length)]
        longest = self.longest or 23
        return [(1, 1), (1, longest), (4, min(3, longest)), (2, max(1, longest - 1))]


def onnx(subject: Subject) -> Contents:
    """The files of the folder. Raises Unmet where the packages are missing or the graph does not do the same."""
    _needed()
    module = copy.deepcopy(subject.module).float().cpu().eval()
    form = form_of(module)
    graph = graph_of(form)
    difference = compare(form, module, graph)
    if not difference <= TOLERANCE:
        raise Unmet(
            f"the graph of the {subject.family} gives logits that are {difference:.2g} off: it is not written"
        )
    described = subject.described() | {"reads": form.reads, "block_size": form.longest}
    if form.start is not None:
        start = form.start.tolist() if form.start.any() else 0
        described["state"] = {
            "shape": list(form.start.shape[1:]),
            "dtype": "int64" if form.remembers_ids else "float32",
            "start": start,
            "add_for_each_kind": module.vocab_size if form.remembers_ids else 0,
        }
    files = {"model.onnx": graph, "moreish.json": encode(described)}
    return Contents(files, difference, tuple(form.shapes))


def form_of(module: Net) -> Form:
    """How this network is exported."""
    if module.windowed:
        return Form("window", module, None, module.block_size)
    if not isinstance(module, Stepwise) or module.block_size is not None:
        return Form("sequence", module, None, module.block_size)
    start = start_of(module)
    return Form("sequence", module) if start is None else Form("step", Step(module), start)


def start_of(module: Net) -> Tensor | None:
    """The state (1, ...) that stands for None in `module.step`, found by what the module makes of it."""
    assert isinstance(module, Stepwise)
    with torch.no_grad():
        boundary = torch.zeros(1, dtype=torch.int64)
        _, after = module.step(boundary, None)
        if after is None:
            return None
        assert isinstance(after, Tensor), type(after)
        layers = list(getattr(module, "layers", ()))
        starts: list[Tensor] = [layer.start.detach() for layer in layers if hasattr(layer, "start")]
        if starts and len(starts) == len(layers):
            return torch.stack(starts)[None]
        return torch.zeros_like(after)


def graph_of(form: Form) -> bytes:
    """The graph, serialized, its first dimensions free."""
    batch, time = torch.export.Dim("batch", min=1), torch.export.Dim("time", min=1, max=form.longest or 2**20)
    names = ["idx"] if form.start is None else ["idx", "state"]
    outputs = ["logits"] if form.start is None else ["logits", "next_state"]
    idx = {0: batch} if form.reads != "sequence" else {0: batch, 1: time}
    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            form.module,
            form.example,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=names,
            output_names=outputs,
            dynamic_shapes=(idx,) if form.start is None else (idx, {0: batch}),
        )
    assert program is not None
    return program.model_proto.SerializeToString()


def compare(form: Form, module: Net, graph: bytes) -> float:
    """The largest difference of a logit between torch and onnxruntime, at the form's shapes and over some steps."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    rng = rng_for(0, "export")
    with torch.no_grad():
        compared = _compared_steps if form.start is not None else _compared_once
        return max(compared(form, module, session, shape, rng) for shape in form.shapes)


def _compared_once(
    form: Form, module: Net, session: "InferenceSession", shape: Sequence[int], rng: np.random.Generator
) -> float:
    idx = rng.integers(module.vocab_size * module.kinds, size=shape)
    (logits,) = session.run(["logits"], {"idx": idx})
    return apart(logits, module(torch.from_numpy(idx)))


def _compared_steps(
    form: Form, module: Net, session: "InferenceSession", shape: Sequence[int], rng: np.random.Generator
) -> float:
    """Step by step, each from its own state, beginning as the file says; torch begins from None."""
    assert isinstance(module, Stepwise)
    assert form.start is not None
    boundary = rng.integers(module.kinds, size=shape) * module.vocab_size  # of the kind of each row
    ours, theirs, largest = None, np.repeat(form.start.numpy(), shape[0], 0), 0.0
    if form.remembers_ids:
        theirs = theirs + boundary[:, None]
    for t in range(STEPS_COMPARED):
        idx = boundary + (rng.integers(module.vocab_size, size=shape) if t else 0)
        logits, ours = module.step(torch.from_numpy(idx), ours)
        found, theirs = session.run(["logits", "next_state"], {"idx": idx, "state": theirs})
        largest = max(largest, apart(found, logits))
    return largest


def apart(found: Any, wanted: Tensor) -> float:
    """The largest difference; infinite where the shapes differ or a number is none."""
    found, expected = np.asarray(found), wanted.numpy()
    if found.shape != expected.shape:
        return math.inf
    difference = float(np.abs(found - expected).max(initial=0.0))
    return difference if math.isfinite(difference) else math.inf


@contextmanager
def quiet() -> Iterator[None]:
    """The exporter's advice about itself is not for people who export."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _needed() -> None:
    """Raises Unmet where a package is missing."""
    try:
        import onnx
        import onnxruntime
        import onnxscript
    except ImportError as error:
        raise Unmet(
            f"exporting to ONNX needs onnx, onnxscript and onnxruntime ({error.name} is missing): "
            + how_to_install("onnx")
        ) from None
    _ = onnx, onnxruntime, onnxscript
