"""The compiled passes between products that torch makes: `kernels/passes.hpp`, one call each.

What a pass is given is a number, or a tensor that must be dense, on the CPU and live through the call: `address` of
it is what the C++ side gets. A suffix says what an operand of a product is: float32, bfloat16 or float64.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from moreish.fast.library import Uncompiled, load

Pass = Callable[..., Any]

_number, _real, _pointer = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
_KINDS = {"n": _number, "x": _real, "p": _pointer}
ARGUMENTS = {
    "gru_forward": "nnn" + 11 * "p",
    "gru_backward": "nnn" + 12 * "p",
    "lstm_forward": "nnn" + 11 * "p",
    "lstm_backward": "nnn" + 12 * "p",
    "token_cross_entropy": "nnppxx",
    "dropout_mask": "npnxp",
    "embed_forward": "nnnppppp",
    "embed_backward": "nnnppppp",
    "add_norm_forward": "nn" + 7 * "p" + "xpp",
    "add_norm_backward": "nn" + 10 * "p",
    "tanh_gelu_forward": "nnpppp",
    "tanh_gelu_backward": "nnpppp",
    "causal_attention_forward": "nnnn" + 7 * "p",
    "causal_attention_backward": "nnnn" + 7 * "p",
}
"""Name of a pass -> its arguments: n a whole number, x a real one, p an address."""

SUFFIXES = {torch.float32: "float32", torch.bfloat16: "bfloat16", torch.float64: "float64"}


class Passes:
    """The passes for operands of one dtype, all else in `dtype`, found by name when first asked for."""

    def __init__(self, dtype: torch.dtype, operand_dtype: torch.dtype) -> None:
        low = dtype == torch.float32 and operand_dtype == torch.bfloat16
        if not low and (operand_dtype != dtype or dtype not in (torch.float32, torch.float64)):
            raise Uncompiled(f"there are no compiled passes for {dtype} with operands of {operand_dtype}")
        self.handle, self.suffix = load().handle, SUFFIXES[operand_dtype]

    def __getitem__(self, name: str) -> Pass:
        return _found(self.handle, name, self.suffix)


@cache
def _found(handle: ctypes.CDLL, name: str, suffix: str) -> Pass:
    function = getattr(handle, f"moreish_{name}_{suffix}")
    function.argtypes = [_KINDS[kind] for kind in ARGUMENTS[name]]
    function.restype = _real if name == "token_cross_entropy" else None
    return function


def passes_for(example: Tensor, operand_dtype: torch.dtype, exact: bool = False) -> Passes | None:
    """The passes for a model with such parameters; None where there are none, and all of it goes by torch.

    In float64, which is for comparing ways of deriving gradients, that is torch's way too, unless `exact`.
    """
    if example.device.type != "cpu" or (example.dtype == torch.float64 and not exact):
        return None
    try:
        return Passes(example.dtype, operand_dtype)
    except Uncompiled:
        return None
