"""Precision: in which dtype a rule computes, and which dtype its result has, in half precision and under autocast."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Under autocast these multiply in the lower precision; they are safe there, because products are summed in float32.
LOWER = frozenset(
    {
        F.linear,
        torch.matmul,
        F.conv1d,
        F.conv2d,
        F.scaled_dot_product_attention,
        torch.rnn_tanh_cell,
        torch.rnn_relu_cell,
    }
)
# Of these only the products inside are, on the CPU: the result has the dtype of the state, tensor number so and so.
GATED: Mapping[Callable[..., Any], int] = {torch.gru_cell: 1, torch.lstm_cell: 2}
# Under autocast these give float32, by kind of device: sums of many exponentials or squares.
FULL: Mapping[str, frozenset[Callable[..., Any]]] = {
    "cpu": frozenset({F.nll_loss, F.cross_entropy}),
    "cuda": frozenset(
        {
            *(F.softmax, F.log_softmax, F.nll_loss, F.cross_entropy, F.layer_norm),
            *(torch.exp, torch.log, torch.pow, torch.sum, torch.cumsum),
        }
    ),
}
HALVES = frozenset({torch.float16, torch.bfloat16})


class Precision(NamedTuple):
    """The rule computes in `compute`; its result is rounded to `result`."""

    compute: torch.dtype
    result: torch.dtype


def precision(key: Callable[..., Any], tensors: Sequence[Tensor]) -> Precision | None:
    """What is to be cast for this call; None where nothing is, as for all of float32 and float64.

    As torch's kernels do, everything but a product computes in float32 and rounds once, at the end.
    """
    anywhere = torch._C._is_any_autocast_enabled()  # asked first, for it costs a tenth of the question for a device
    if not anywhere and HALVES.isdisjoint([t.dtype for t in tensors]):
        return None
    device = tensors[0].device.type
    autocast = torch.is_autocast_enabled(device)
    floats = [t.dtype for t in tensors if t.is_floating_point()]
    halves = any(d in HALVES for d in floats)
    if torch.float64 in floats or not (autocast or halves):
        return None
    if autocast and (key in LOWER or (key in GATED and device != "cpu")):
        lower = torch.get_autocast_dtype(device)
        return Precision(lower, lower)
    if autocast and key in GATED:
        return Precision(torch.float32, floats[GATED[key]])
    if autocast and key in FULL.get(device, FULL["cuda"]):
        return Precision(torch.float32, torch.float32)
    if key in LOWER or key in GATED:
        return None
    same_as_x = key in (F.batch_norm, F.layer_norm)
    return Precision(torch.float32, floats[0] if same_as_x else reduce(torch.promote_types, floats))


def cast(tensors: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """The floating-point ones in `dtype`."""
    return [t.to(dtype) if t.is_floating_point() else t for t in tensors]
