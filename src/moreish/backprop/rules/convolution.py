"""Convolution and pooling in one and two dimensions, tap by tap.

A tap is one place of the kernel. `taps` gives, for each tap, the part of the padded input that it meets: a strided
slice with one element for each output place. So a convolution is one linear layer per tap, added; a pooling is a
maximum or a mean over the taps. On the way back slices overlap, and an input element that several windows met
receives the sum of what they send: fan-out.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from moreish.backprop.rules import EVERY, Needs, NotDerived

Size = int | Sequence[int]


def conv_forward(
    x: Float[Tensor, "..."],
    weight: Float[Tensor, "O I *K"],
    bias: Float[Tensor, "O"] | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
):
    """y[o, t] = b[o] + sum over taps k and inputs i of W[o, i, k] x[i, t * stride + k * dilation - padding].

    x (N, C, L) or (N, C, H, W), or without N; C = I * groups: each group of outputs sees its own inputs only.
    """
    nd = weight.dim() - 2
    stride, dilation = _sizes(stride, nd), _sizes(dilation, nd)
    batch = x if x.dim() == nd + 2 else x.unsqueeze(0)
    pad = _padding(padding, weight.shape[2:], stride, dilation)
    padded = F.pad(batch, pad)
    out = _out_sizes(padded.shape[2:], weight.shape[2:], stride, dilation)
    y = x.new_zeros(())
    for tap, where in taps(weight.shape[2:], out, stride, dilation):
        y = y + torch.einsum("goi,ngil->ngol", tap_weight(weight, tap, groups), grouped(padded[where], groups))
    y = y.reshape(*x.shape[: x.dim() - nd - 1], len(weight), *out).contiguous()
    y = y.clone() if bias is None else y + bias.view(-1, *[1] * nd)
    return y, (padded, weight, x.shape, pad, stride, dilation, groups)


def conv_backward(dy, padded, weight, x_shape, pad, stride, dilation, groups, needs: Needs = EVERY):
    """For each tap the linear layer's own backward:

        dW[:, :, k] = sum over rows and places of dy x_k^T         (O, .) (., I)
        dx_k       += W[:, :, k]^T dy                              x met by several taps: add
        db          = sum over rows and places: it was broadcast over both

    and the padding, which is no input, is cut off again.
    """
    nd = weight.dim() - 2
    dy = dy if len(x_shape) == nd + 2 else dy.unsqueeze(0)
    dpadded = torch.zeros_like(padded) if needs[0] else None
    dweight = torch.zeros_like(weight) if needs[1] else None
    d = grouped(dy, groups)
    for tap, where in taps(weight.shape[2:], dy.shape[2:], stride, dilation):
        if dpadded is not None:
            dx = torch.einsum("goi,ngol->ngil", tap_weight(weight, tap, groups), d)
            dpadded[where] += dx.reshape(padded[where].shape)
        if dweight is not None:
            dw = torch.einsum("ngol,ngil->goi", d, grouped(padded[where], groups))
            dweight[(..., *tap)] = dw.reshape(weight.shape[:2])
    dx = None if dpadded is None else unpad(dpadded, pad).reshape(x_shape)
    dbias = dy.sum([0, *range(2, dy.dim())]) if needs[2] else None
    return dx, dweight, dbias


def max_pool_forward(
    x: Float[Tensor, "..."], kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1
):
    """y = maximum of each window; x (N, C, H, W) or (C, H, W). Padding counts as minus infinity."""
    kernel, stride, dilation = _sizes(kernel_size, 2), _sizes(stride or kernel_size, 2), _sizes(dilation, 2)
    pad = _padding(padding, kernel, stride, dilation)
    padded = F.pad(x, pad, value=-math.inf)
    out = _out_sizes(padded.shape[-2:], kernel, stride, dilation)
    y = winner = None
    for n, (_, where) in enumerate(taps(kernel, out, stride, dilation)):
        if y is None or winner is None:
            y, winner = padded[where], torch.zeros(padded[where].shape, dtype=torch.long, device=x.device)
        else:
            better = (padded[where] > y) | padded[where].isnan()
            y, winner = torch.where(better, padded[where], y), torch.where(better, n, winner)
    return y, (winner, padded.shape, kernel, stride, pad, dilation)


def max_pool_backward(dy, winner, padded_shape, kernel, stride, pad, dilation):
    """All of dy goes to the tap that won (the first, among equals); what was not the maximum receives nothing."""
    dpadded = dy.new_zeros(padded_shape)
    for n, (_, where) in enumerate(taps(kernel, dy.shape[-2:], stride, dilation)):
        dpadded[where] += torch.where(winner == n, dy, 0.0)
    return (unpad(dpadded, pad),)


def avg_pool_forward(x: Float[Tensor, "..."], kernel_size: Size, stride: Size | None = None, padding: Size = 0):
    """y = mean of each window; x (N, C, H, W) or (C, H, W). Padding counts as zeros."""
    kernel, stride = _sizes(kernel_size, 2), _sizes(stride or kernel_size, 2)
    pad = _padding(padding, kernel, stride, (1, 1))
    padded = F.pad(x, pad)
    out = _out_sizes(padded.shape[-2:], kernel, stride, (1, 1))
    y = sum((padded[where] for _, where in taps(kernel, out, stride, (1, 1))), x.new_zeros(()))
    return y / math.prod(kernel), (padded.shape, kernel, stride, pad)


def avg_pool_backward(dy, padded_shape, kernel, stride, pad):
    """1/n of dy to each of the n elements of the window: a sum forward is a broadcast backward."""
    dpadded = dy.new_zeros(padded_shape)
    for _, where in taps(kernel, dy.shape[-2:], stride, (1, 1)):
        dpadded[where] += dy / math.prod(kernel)
    return (unpad(dpadded, pad),)


def adaptive_avg_pool_forward(x: Float[Tensor, "..."], output_size: int | Sequence[int | None] | None):
    """y = mean of each of output_size windows, which together cover x (..., H, W); None keeps that side."""
    asked = output_size if isinstance(output_size, Sequence) else (output_size,) * 2
    out = [n if o is None else o for n, o in zip(x.shape[-2:], asked, strict=True)]
    y = x.new_empty(*x.shape[:-2], *out)
    for place, where in _cells(x.shape[-2:], out):
        y[(..., *place)] = x[where].mean((-2, -1))
    return y, (x.shape, out)


def adaptive_avg_pool_backward(dy, shape, out):
    """1/n of dy to each of the n elements of its window; windows may overlap by one: add."""
    dx = dy.new_zeros(shape)
    for place, where in _cells(shape[-2:], out):
        window = dx[where]
        window += (dy[(..., *place)] / (window.shape[-2] * window.shape[-1]))[..., None, None]
    return (dx,)


def _sizes(size: Size, nd: int) -> tuple[int, ...]:
    """One number for all dimensions, or one for each."""
    return (size,) * nd if isinstance(size, int) else tuple(size) * (nd // len(size))


def _padding(padding: Size | str, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """What F.pad takes: before and after, the last dimension first. "same" puts an odd one after."""
    if padding == "valid":
        padding = 0
    if isinstance(padding, str):
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        if padding != "same" or any(s != 1 for s in stride):
            raise NotDerived(
                f'padding="{padding}" with stride {stride}: only "same" with stride 1, "valid", or numbers'
            )
        sides = [(t // 2, t - t // 2) for t in total]
    else:
        sides = [(p, p) for p in _sizes(padding, len(kernel))]
    return [p for side in reversed(sides) for p in side]


def unpad(d: Tensor, pad: Sequence[int]) -> Tensor:
    """What is left without the padding."""
    return F.pad(d, [-p for p in pad])


def _out_sizes(
    padded: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> list[int]:
    out = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(padded, kernel, stride, dilation, strict=True)]
    if min(out) < 1:
        raise ValueError(f"kernel {tuple(kernel)}, dilation {tuple(dilation)}: does not fit into {tuple(padded)}")
    return out


def taps(
    kernel: Sequence[int], out: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple]]:
    """Each place of the kernel, and the index of the padded input that it meets."""
    for tap in itertools.product(*map(range, kernel)):
        starts = [k * d for k, d in zip(tap, dilation, strict=True)]
        yield tap, (..., *(slice(a, a + s * (n - 1) + 1, s) for a, s, n in zip(starts, stride, out, strict=True)))


def _cells(shape: Sequence[int], out: Sequence[int]) -> Iterator[tuple[tuple[int, ...], tuple]]:
    """Each place of the output and the window it averages: from floor(i n / o) to ceil((i + 1) n / o)."""
    for place in itertools.product(*map(range, out)):
        yield (
            place,
            (..., *(slice(i * n // o, -(-(i + 1) * n // o)) for i, n, o in zip(place, shape, out, strict=True))),
        )


def grouped(x: Tensor, groups: int) -> Tensor:
    """(N, C, ...) as (N, groups, C / groups, places)."""
    return x.reshape(len(x), groups, x.shape[1] // groups, -1)


def tap_weight(weight: Tensor, tap: tuple[int, ...], groups: int) -> Tensor:
    """One tap of (O, I, *K) as (groups, O / groups, I)."""
    return weight[(..., *tap)].reshape(groups, len(weight) // groups, weight.shape[1])
