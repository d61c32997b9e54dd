"""The plan of a net's step: the rules in their order, and where everything lies that they read and write.

A layer adds one op for each rule that it is made of; buffers are made once, for the largest batch. Values and
gradients of parameters lie where torch has them: the module is the model, and the plan only points at it.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from moreish.fast.library import Library, Uncompiled, address

POINTERS, SIZES, NUMBERS = 12, 8, 4
LARGEST_VECTOR = 16  # numbers in a vector of the widest level
ADDS = 4
"""The place among an op's sizes that says whether the gradient of what it reads is added to what is there."""


class Op(ctypes.Structure):
    """One rule over its buffers, as kernels/rules.hpp has it."""

    _fields_ = [
        ("rule", ctypes.c_int64),
        ("pointers", ctypes.c_void_p * POINTERS),
        ("sizes", ctypes.c_int64 * SIZES),
        ("numbers", ctypes.c_double * NUMBERS),
    ]


@dataclass(eq=False)
class Signal:
    """What passes between two rules: value and gradient, (rows * places, channels).

    places : for each row of the batch; 0: as many as the batch has steps of time
    """

    value: Tensor
    grad: Tensor | None
    places: int
    channels: int


@dataclass
class Plan:
    """Ops, and all the memory that they point at.

    rows, steps : of the largest batch
    longest : item that is read without gradients (`reading`); 0: this plan is for training
    grads : the gradient of every parameter that has one
    counted : BatchNorms, whose batches are counted
    """

    library: Library
    rows: int
    steps: int
    dtype: torch.dtype
    longest: int = 0
    ops: list[Op] = field(default_factory=list)
    grads: dict[nn.Parameter, Tensor] = field(default_factory=dict)
    counted: list[nn.modules.batchnorm._BatchNorm] = field(default_factory=list)
    _kept: list[Tensor] = field(default_factory=list)
    _reads: list[Signal | None] = field(default_factory=list)

    @property
    def reading(self) -> bool:
        """Whether nothing is learned: eval mode, without gradients."""
        return self.longest > 0

    def buffer(self, *shape: int) -> Tensor:
        """Memory that lives as long as the plan; zeros at first."""
        made = torch.zeros(shape, dtype=self.dtype)
        self._kept.append(made)
        return made

    def signal(self, places: int, channels: int) -> Signal:
        """A new one."""
        count = self.rows * (places or self.steps)
        grad = None if self.reading else self.buffer(count, channels)
        return Signal(self.buffer(count, channels), grad, places, channels)

    def viewed(self, x: Signal, places: int, channels: int) -> Signal:
        """The same memory, read as another number of places."""
        assert x.places * x.channels == places * channels, (x.places, x.channels)
        return Signal(x.value, x.grad, places, channels)

    def checked(self, parameter: Tensor | None) -> Tensor | None:
        """A parameter or buffer, whose memory is used as it lies. Raises Uncompiled for one of another kind."""
        if parameter is None:
            return None
        if parameter.dtype != self.dtype or parameter.device.type != "cpu" or not parameter.is_contiguous():
            raise Uncompiled(
                f"the compiled step works on dense {self.dtype} on the CPU, and here is a parameter of "
                f"{parameter.dtype} on {parameter.device}"
            )
        return parameter.detach()

    def grad_of(self, parameter: Tensor | None) -> Tensor | None:
        """Where its gradient is written; None where it has none. Raises Uncompiled where it has another already."""
        if parameter is None or not parameter.requires_grad or self.reading:
            return None
        assert isinstance(parameter, nn.Parameter), type(parameter)
        if parameter in self.grads:
            raise Uncompiled("the compiled step has no rule for a parameter that stands in two places")
        grad = self.grads[parameter] = torch.zeros_like(parameter)
        return grad

    def add(
        self,
        rule: str,
        pointers: Sequence[Tensor | None],
        sizes: Sequence[int] = (),
        numbers: Sequence[float] = (),
        reads: Signal | None = None,
    ) -> None:
        """One more op. `reads` is the signal whose gradient it writes, and to which others may write too."""
        op = Op(rule=self.library.rules[rule])
        for i, pointer in enumerate(pointers):
            op.pointers[i] = address(pointer)
            if pointer is not None:
                assert pointer.dtype == self.dtype, (rule, i, pointer.dtype)
                self._kept.append(pointer)
        for i, size in enumerate(sizes):
            op.sizes[i] = size
        for i, number in enumerate(numbers):
            op.numbers[i] = number
        self.ops.append(op)
        self._reads.append(reads)

    def finished(self) -> "ctypes.Array[Op]":
        """The ops as the kernels take them: of all that write one gradient, the last in the order sets it."""
        written: set[int] = set()
        for op, read in reversed(list(zip(self.ops, self._reads, strict=True))):
            if read is not None and read.grad is not None:
                op.sizes[ADDS] = read.grad.data_ptr() in written
                written.add(read.grad.data_ptr())
        return (Op * len(self.ops))(*self.ops)


Layer = Callable[[Plan, Any, Signal], Signal]
