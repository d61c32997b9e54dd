"""What all fused steps have in common: memory that is used again, operands of products, masks, cross-entropy.

- Large products may take bfloat16 operands, which some processors multiply twice as fast; sums, memories and
  everything between the products keep the precision of the parameters.
- What a step needs is kept for the next: fresh pages cost a processor more than the arithmetic in them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from moreish.fast.library import address
from moreish.fast.passes import Passes, passes_for
from moreish.models.recurrent import Recurrent
from moreish.models.transformer import Transformer

M = TypeVar("M", bound=Recurrent | Transformer)
P = TypeVar("P")


def fast_operands() -> torch.dtype | None:
    """bfloat16 where the processor has instructions for it; None, the parameters' own precision, elsewhere."""
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else None


class FusedStep(ABC, Generic[M]):
    """Loss and gradients on a batch of sequences: `(idx, targets, weight) -> loss`, which fills `.grad`.

    operand_dtype : dtype of the operands of large products; None for that of the parameters
    passes : the compiled passes between the products; None: all by torch
    """

    def __init__(
        self,
        model: M,
        label_smoothing: float = 0.0,
        operand_dtype: torch.dtype | None = None,
        passes: Passes | Literal["auto"] | None = "auto",
    ) -> None:
        self.model, self.label_smoothing = model, label_smoothing
        self.dtype = model.wte.weight.dtype
        self.operand_dtype = operand_dtype or self.dtype
        self.passes = passes_for(model.wte.weight, self.operand_dtype) if passes == "auto" else passes
        self._numbers: dict[Tensor, int] = {p: i for i, p in enumerate(model.parameters())}
        self._buffers: dict[str, Tensor] = {}
        self._views: dict[tuple[str, tuple[int, ...]], Tensor] = {}
        self._cached: dict[Hashable, Any] = {}  # whatever each key's `make` makes

    @abstractmethod
    def __call__(
        self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "B T"], weight: float
    ) -> Float[Tensor, ""]:
        """The mean loss in nats per token; `.grad` becomes the gradient of `weight` times it."""

    def buffer(self, name: str, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """An uninitialised tensor in memory that whoever asks next gets again under this name, in any shape.

        Batches come in few shapes, so the views are kept as well: to make one costs as much as a small operation.
        """
        view = self._views.get((name, shape))
        if view is not None:
            return view
        size = math.prod(shape)
        flat = self._buffers.get(name)
        if flat is None or len(flat) < size:
            flat = self._buffers[name] = self.model.wte.weight.new_empty(size, dtype=dtype or self.dtype)
            self._views = {key: view for key, view in self._views.items() if key[0] != name}
            self._cached.clear()
        view = self._views[name, shape] = flat[:size].view(shape)
        return view

    def cached(self, key: Hashable, make: Callable[[], P]) -> P:
        """What `make` makes, which holds buffers and views of them: the same until some buffer has to grow."""
        value = self._cached.get(key)
        if value is None:
            value = self._cached[key] = make()
        return value

    def operand_for(self, x: Tensor, name: str) -> Tensor:
        """Where x as an operand of products lies: in x itself, or in this buffer, to be filled."""
        if self.operand_dtype == x.dtype:
            return x
        return self.buffer(f"{name} cast", *x.shape, dtype=self.operand_dtype)

    def cast(self, x: Tensor, name: str) -> Tensor:
        """x as an operand of products: x itself, or a copy in the buffer of this name."""
        operand = self.operand_for(x, name)
        return x if operand is x else operand.copy_(x)

    def product(self, a: Float[Tensor, "N K"], b: Float[Tensor, "K M"], out: Float[Tensor, "N M"]) -> Tensor:
        """out = a b of operands."""
        if self.operand_dtype == self.dtype:
            return torch.mm(a, b, out=out)
        product = self.buffer(f"product{len(out)}", *out.shape, dtype=self.operand_dtype)
        return out.copy_(torch.mm(a, b, out=product))

    def mask(self, name: str, p: float, *shape: int) -> Tensor | None:
        """A dropout mask with its factor 1 / (1 - p); None where nothing is dropped.

        One draw from torch's generator seeds a faster generator, of which every 64 bits decide over four units; p is
        rounded to a multiple of 2**-16.
        """
        dropped = round(p * 65536)
        if dropped == 0 or not self.model.training:
            return None
        size = math.prod(shape)
        rng = np.random.SFC64(int(torch.randint(2**62, ()).item()))
        bits = rng.random_raw(-(-size // 4)).view(np.uint16)[:size]
        mask, factor = self.buffer(f"mask {name}", *shape), 65536 / (65536 - dropped)
        if self.passes is not None:
            self.passes["dropout_mask"](size, bits.ctypes.data, dropped, factor, address(mask))
            return mask
        kept = torch.from_numpy(bits >= dropped).to(self.model.wte.weight.device).view(shape)
        return mask.copy_(kept).mul_(factor)

    def check(self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "B T"]) -> None:
        """Every id must have its row, because a pass does not look. Raises IndexError otherwise."""
        if self.passes is None:
            return
        for ids, size in ((idx, len(self.model.wte.weight)), (targets, self.model.vocab_size)):
            low, high = torch.aminmax(ids)
            if low < 0 or high >= size:
                raise IndexError(f"ids must lie in 0 .. {size - 1}, and here are {int(low)} .. {int(high)}")

    def cross_entropy(
        self, logits: Float[Tensor, "V N"], targets: Integer[Tensor, " N"], weight: float
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "V N"]]:
        """The mean loss, and the gradient of `weight` times it with respect to the logits, places side by side."""
        size, n = logits.shape
        smooth = self.label_smoothing
        if self.passes is not None:
            loss = self.passes["token_cross_entropy"](size, n, address(logits), address(targets), smooth, weight)
            return logits.new_tensor(loss), logits
        logprobs = logits.log_softmax(0)
        targets = targets[None]
        loss = logprobs.gather(0, targets).mean().mul_(smooth - 1)
        if smooth:
            loss.sub_(logprobs.mean(), alpha=smooth)
        dlogits = logprobs.exp_()
        if smooth:
            dlogits.sub_(smooth / size)
        dlogits.scatter_add_(0, targets, dlogits.new_full(targets.shape, smooth - 1))
        return loss, dlogits.mul_(weight / n)
