"""The compiled passes between products that torch makes: `kernels/passes.hpp`, one call each.

What a pass is given is a number, or a tensor that must be dense, on the CPU and live through the call: `address` of
it is what the C++ side gets. A suffix says what an operand of a product is: float32, bfloat16 or float64.
"""

import torch
from torch import Tensor

from moreish.fast.library import Pass, Uncompiled, function, load

SUFFIXES = {torch.float32: "float32", torch.bfloat16: "bfloat16", torch.float64: "float64"}


class Passes:
    """The passes for operands of one dtype, all else in `dtype`, found by name when first asked for."""

    def __init__(self, dtype: torch.dtype, operand_dtype: torch.dtype) -> None:
        low = dtype == torch.float32 and operand_dtype == torch.bfloat16
        if not low and (operand_dtype != dtype or dtype not in (torch.float32, torch.float64)):
            raise Uncompiled(f"there are no compiled passes for {dtype} with operands of {operand_dtype}")
        self.handle, self.suffix = load().handle, SUFFIXES[operand_dtype]

    def __getitem__(self, name: str) -> Pass:
        return function(self.handle, name, self.suffix)


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
