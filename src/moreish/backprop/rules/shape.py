"""Shape: the same numbers in another arrangement (view and its kin, transpose, expand, cat, split, pad); indexing."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Shaped
from torch import Tensor

from moreish.backprop.rules import NotDerived
from moreish.backprop.rules.broadcasting import sum_to

Index = Any  # what stands between the brackets: integers, slices, None, ..., tensors, lists, or a tuple of them


def regrouping(regroup: Callable[..., Tensor]) -> Callable[..., Any]:
    """The forward of view, reshape, flatten, unflatten, squeeze, unsqueeze: the numbers stay in order."""

    def forward(x: Shaped[Tensor, "..."], *sizes: Any):
        for size in sizes:
            if isinstance(size, torch.dtype):
                raise NotDerived(
                    "view: another dtype reads the same bytes as other numbers, and that has no gradient"
                )
        return regroup(x, *sizes), (x.shape,)

    return forward


def regroup_backward(dy, shape):
    """dx = dy in the shape of x: a gradient has the shape of its value, and here nothing else happened."""
    return (dy.reshape(shape),)


def transpose_forward(x: Shaped[Tensor, "..."], dim0: int, dim1: int):
    """y = x with two dimensions exchanged."""
    return x.transpose(dim0, dim1), (dim0, dim1)


def transpose_backward(dy, dim0, dim1):
    """Exchange them back."""
    return (dy.transpose(dim0, dim1),)


def permute_forward(x: Shaped[Tensor, "..."], *dims: Any):
    """y = x with dimension dims[i] in place i."""
    order = dims[0] if len(dims) == 1 and isinstance(dims[0], Sequence) else dims
    return x.permute(*order), ([d % x.dim() for d in order],)


def permute_backward(dy, order):
    """The inverse permutation: what went from place order[i] to place i goes back."""
    back = sorted(range(len(order)), key=lambda i: order[i])
    return (dy.permute(back),)


def expand_forward(x: Shaped[Tensor, "..."], *sizes: Any):
    """y = x repeated along dimensions of size 1, and along new ones in front."""
    return x.expand(*sizes), (x.shape,)


def expand_backward(dy, shape):
    """A broadcast forward is a sum backward: this is that rule and nothing else."""
    return (sum_to(dy, shape),)


def cat_forward(tensors: Sequence[Shaped[Tensor, "..."]], dim: int = 0):
    """y = the tensors one after another along dim."""
    return torch.cat(tuple(tensors), dim), ([t.shape for t in tensors], dim)


def cat_backward(dy, shapes, dim):
    """Each tensor takes its own piece of dy. (An empty 1-D tensor may join any shape: its piece is empty too.)"""
    dim = dim % dy.dim()
    lengths = [shape[dim] if len(shape) == dy.dim() else 0 for shape in shapes]
    pieces = dy.split(lengths, dim)
    return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)], None


def stack_forward(tensors: Sequence[Shaped[Tensor, "..."]], dim: int = 0):
    """y = the tensors side by side along a new dimension."""
    return torch.stack(tuple(tensors), dim), (dim,)


def stack_backward(dy, dim):
    """Each tensor takes its own slice of dy."""
    return list(dy.unbind(dim)), None


def unbind_forward(x: Shaped[Tensor, "..."], dim: int = 0):
    """The slices of x along dim, without it."""
    return torch.unbind(x, dim), (dim,)


def unbind_backward(dslices, dim):
    """The slices' gradients side by side: stack is the way back of unbind, and unbind that of stack."""
    return (torch.stack(dslices, dim),)


def split_forward(x: Shaped[Tensor, "..."], split_size: int | list[int], dim: int = 0):
    """Pieces of x along dim: of split_size each, the last may be shorter, or of the lengths in the list."""
    return torch.split(x, split_size, dim), (dim,)


def split_backward(dpieces, dim):
    """The pieces' gradients one after another: cat is the way back of split, and split that of cat."""
    return (torch.cat(dpieces, dim),)


def chunk_forward(x: Shaped[Tensor, "..."], chunks: int, dim: int = 0):
    """x in at most so many equal pieces along dim."""
    return torch.chunk(x, chunks, dim), (dim,)


chunk_backward = split_backward


def pad_forward(x: Shaped[Tensor, "..."], pad: Sequence[int], mode: str = "constant", value: float | None = None):
    """y = x with `value` around it: pad counts before and after, last dimension first. Negative counts cut off."""
    if mode != "constant":
        raise NotDerived(f'pad: mode="{mode}" is not derived by hand; mode="constant" is')
    return F.pad(x, list(pad), value=value), (tuple(pad),)


def pad_backward(dy, pad):
    """The border is no input: cut it off. What was cut off forward receives nothing: zeros."""
    return (F.pad(dy, [-p for p in pad]),)


def copy_forward(x: Shaped[Tensor, "..."], memory_format: torch.memory_format = torch.preserve_format):
    """y = x in memory of its own: clone, and contiguous where it has to move the numbers."""
    return x.clone(memory_format=memory_format), ()


def copy_backward(dy):
    """dy/dx = 1."""
    return (dy,)


def getitem_forward(x: Shaped[Tensor, "..."], index: Index):
    """y = x[index]: a pick."""
    return x[index], (x.shape, index)


def getitem_backward(dy, shape, index):
    """A pick forward is a scatter backward: each element of dy goes where it was picked from, the rest is zero.

    A place picked twice receives both gradients: add, never overwrite. Slices and integers pick no place twice; for
    tensors of indices, `places` holds the flat position of everything that was picked.
    """
    dx = dy.new_zeros(shape)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, int | slice) for part in parts):
        dx[index] = dy
    else:
        places = torch.arange(math.prod(shape), device=dy.device).view(shape)[index]
        dx.view(-1).index_add_(0, places.reshape(-1), dy.reshape(-1))
    return dx, None
