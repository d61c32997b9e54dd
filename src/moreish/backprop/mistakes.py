"""Mistakes: for each rule, the terms of its gradients and what people get wrong in them, as evidence for `explain`.

`c` holds one call: the rule's arguments and what it saved, under their names in the rule, and dy. A gradient is named
by its argument.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.backprop import gates
from moreish.backprop.causes import Evidence
from moreish.backprop.rules import attention, convolution, losses, norms, recurrent
from moreish.backprop.rules.broadcasting import sum_to
from moreish.backprop.rules.reductions import spread

Function = Callable[..., Any]
Call = SimpleNamespace
Named = dict[str, Callable[[Any], Any]]  # a mistake, and how to compute what it gives from the call


def evidence(key: Function, argument: str, c: Call) -> Evidence:
    """What is known about the gradient of one argument of the call `c` to the rule `key`."""
    dy = c.dy if isinstance(c.dy, Tensor) else None
    terms = _TERMS[key, argument](c) if (key, argument) in _TERMS else {}
    mistakes = [(words, lambda f=f: f(c)) for words, f in _MISTAKES.get((key, argument), {}).items()]
    mistakes += [(words, lambda f=f: gates.gradient(f(c), argument, c)) for words, f in _IN_CELLS.get(key, ())]
    tensors = [value for value in vars(c).values() if isinstance(value, Tensor)]
    sizes = {n for t in tensors for n in (*t.shape, t.numel())}
    if dy is not None and dy.dim() > 1:
        sizes |= {dy.numel(), dy.numel() // max(dy.shape[1], 1)}
    factors = {
        f"the factor {name} = {value:g}": float(value)
        for name, value in vars(c).items()
        if type(value) in (int, float) and abs(value) not in (0, 1) and math.isfinite(value) and name != "dim"
    }
    if key is F.scaled_dot_product_attention:
        factors = {"the scale 1/sqrt(E)": float(c.scale)}
    quantities = {name: v for name, v in vars(c).items() if name not in ("dy", "right") and _is_factor(v)}
    return Evidence(terms, mistakes, dy, factors, sizes, quantities=quantities)


def _is_factor(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and value.numel() > 1


def _batch_norm(c: Call) -> dict[str, Tensor]:
    dxhat = c.dy if c.weight is None else c.dy * norms.channel(c.weight, c.dy)
    return _norm(c, dxhat, norms.rest(c.dy), c.correction) if c.use_batch else {"the gradient": c.rstd * dxhat}


def _layer_norm(c: Call) -> dict[str, Tensor]:
    return _norm(c, c.dy if c.weight is None else c.dy * c.weight, c.dims, 0)


def _norm(c: Call, dxhat: Tensor, dims: Any, correction: int) -> dict[str, Tensor]:
    total, spread_out = dxhat.sum(dims, keepdim=True), (dxhat * c.xhat).sum(dims, keepdim=True)
    n = dxhat.numel() // total.numel()
    return {
        "the path straight through xhat": c.rstd * dxhat,
        "the path through the mean": (-c.rstd / n * total).expand_as(dxhat),
        "the path through the variance": -c.rstd / (n - correction) * c.xhat * spread_out,
    }


def _softmax(c: Call) -> dict[str, Tensor]:
    return {
        "the term p dp": c.p * c.dy,
        "the subtracted term p sum(dp p)": -c.p * (c.dy * c.p).sum(c.dim, keepdim=True),
    }


def _log_softmax(c: Call) -> dict[str, Tensor]:
    return {"the term dy": c.dy, "the subtracted term softmax sum(dy)": -c.y.exp() * c.dy.sum(c.dim, keepdim=True)}


def _cross_entropy(c: Call) -> dict[str, Tensor]:
    classes = losses.classes_of(c.logprobs)
    each = losses.share_of(c.dy, c.kept, c.n).unsqueeze(classes)
    onehot = torch.zeros_like(c.logprobs).scatter_(classes, c.index, 1 - c.label_smoothing)
    terms = {"the softmax": c.logprobs.exp() * each, "the subtracted onehot(target)": -onehot * each}
    if c.label_smoothing:
        terms["the share of all classes in label_smoothing"] = -each * c.label_smoothing / onehot.shape[classes]
    return {name: term.expand_as(onehot) for name, term in terms.items()}


def _dscores(c: Call) -> dict[str, Tensor]:
    dp = c.dy @ c.value.mT
    dp = dp if c.dropout is None else dp * c.dropout
    return {
        "the term P dP of the softmax": c.p * dp,
        "the subtracted term P sum(dP P) of the softmax": -c.p * (dp * c.p).sum(-1, keepdim=True),
    }


def _ds(c: Call) -> Tensor:
    return sum(_dscores(c).values(), torch.zeros_like(c.p))


def _query(c: Call) -> dict[str, Tensor]:
    return {name: _sum(c.scale * ds @ c.key, c.query) for name, ds in _dscores(c).items()}


def _key(c: Call) -> dict[str, Tensor]:
    return {name: _sum(c.scale * ds.mT @ c.query, c.key) for name, ds in _dscores(c).items()}


def _sum(d: Tensor, value: Tensor) -> Tensor:
    summed = sum_to(d, value.shape)
    assert summed is not None
    return summed


def _attention(i: int, **changed: Any) -> Callable[[Call], Any]:
    """The gradient of argument i if the forward had been called otherwise."""

    def compute(c: Call) -> Any:
        arguments = {"attn_mask": c.attn_mask, "dropout": c.dropout, "is_causal": c.is_causal, "scale": c.scale}
        _, saved = attention.attention_forward(c.query, c.key, c.value, **(arguments | changed))
        return attention.attention_backward(c.dy, *saved)[i]

    return compute


def _unseen(i: int) -> Named:
    everything = _attention(i, attn_mask=None, is_causal=False)
    return {
        "the mask is missing: what was hidden on the way forward takes part on the way back": everything,
        "the dropout mask is missing": _attention(i, dropout=None),
    }


def _gru_hidden(c: Call) -> dict[str, Tensor]:
    gates = recurrent.gru_cell_backward(c.dy, c.x, c.h, c.w_ih, c.w_hh, c.r, c.z, c.n, c.hn)[1] - c.z * c.dy
    return {"the path straight through z h": c.z * c.dy, "the path through the gates": gates}


def _overwritten(c: Call) -> Tensor:
    """The last place that picked an element wins."""
    if hasattr(c, "idx"):
        dx = c.dy.new_zeros(c.n_rows, c.dy.shape[-1])
        dx[c.idx] = c.dy
    else:
        dx = c.dy.new_zeros(c.shape)
        dx[c.index] = c.dy
    return dx


def _to_all(c: Call) -> Tensor:
    dvalues = c.dy if isinstance(c.dy, Tensor) else c.dy[0]
    return spread(dvalues, c.x.shape, c.dim, c.keepdim)


def _last_window(c: Call) -> Tensor:
    """Each tap overwrites what an earlier tap had left."""
    dpadded = torch.zeros_like(c.padded)
    dy = c.dy if c.dy.dim() == c.weight.dim() else c.dy.unsqueeze(0)
    d = convolution.grouped(dy, c.groups)
    for tap, where in convolution.taps(c.weight.shape[2:], dy.shape[2:], c.stride, c.dilation):
        dx = torch.einsum("goi,ngol->ngil", convolution.tap_weight(c.weight, tap, c.groups), d)
        dpadded[where] = dx.reshape(dpadded[where].shape)
    return convolution.unpad(dpadded, c.pad).reshape(c.x_shape)


def _unstrided(c: Call, name: str) -> Tensor:
    """As if each window began one place after the last."""
    dy = c.dy if c.dy.dim() == c.weight.dim() else c.dy.unsqueeze(0)
    d, stride = convolution.grouped(dy, c.groups), [1] * (c.weight.dim() - 2)
    dpadded, dweight = torch.zeros_like(c.padded), torch.zeros_like(c.weight)
    for tap, where in convolution.taps(c.weight.shape[2:], dy.shape[2:], stride, c.dilation):
        w = convolution.tap_weight(c.weight, tap, c.groups)
        dpadded[where] += torch.einsum("goi,ngol->ngil", w, d).reshape(dpadded[where].shape)
        seen = convolution.grouped(c.padded[where], c.groups)
        dweight[(slice(None), slice(None), *tap)] = torch.einsum("ngol,ngil->goi", d, seen).flatten(0, 1)
    return convolution.unpad(dpadded, c.pad).reshape(c.x_shape) if name == "x" else dweight


def _unflipped(c: Call) -> Tensor:
    """The way back with the taps of the kernel in reverse order."""
    flipped = c.weight.flip(tuple(range(2, c.weight.dim())))
    dy = c.dy if c.dy.dim() == c.weight.dim() else c.dy.unsqueeze(0)
    dpadded, d = torch.zeros_like(c.padded), convolution.grouped(dy, c.groups)
    for tap, where in convolution.taps(c.weight.shape[2:], dy.shape[2:], c.stride, c.dilation):
        dx = torch.einsum("goi,ngol->ngil", convolution.tap_weight(flipped, tap, c.groups), d)
        dpadded[where] += dx.reshape(dpadded[where].shape)
    return convolution.unpad(dpadded, c.pad).reshape(c.x_shape)


def _pooled(c: Call, *, overwrite: bool = False, everywhere: bool = False) -> Tensor:
    """The way back of a max pool that adds nothing up, or that knows no winner."""
    dpadded = c.dy.new_zeros(c.padded_shape)
    for n, (_, where) in enumerate(convolution.taps(c.kernel, c.dy.shape[-2:], c.stride, c.dilation)):
        if overwrite:
            dpadded[where] = torch.where(c.winner == n, c.dy, dpadded[where])
        else:
            dpadded[where] += c.dy if everywhere else c.dy * (c.winner == n)
    return convolution.unpad(dpadded, c.pad)


def _ties(c: Call, *, share: bool = False) -> Tensor:
    padded = F.pad(c.x, c.pad, value=-math.inf)
    dpadded = torch.zeros_like(padded)
    windows = list(convolution.taps(c.kernel, c.dy.shape[-2:], c.stride, c.dilation))
    count = torch.stack([(padded[where] == c.y).double() for _, where in windows]).sum(0) if share else 1.0
    for _, where in windows:
        dpadded[where] += c.dy * (padded[where] == c.y) / count
    return convolution.unpad(dpadded, c.pad)


def _shared_ties(c: Call) -> Tensor:
    return _ties(c, share=True)


def _summed_over(c: Call, dim: int) -> Tensor:
    if dim == c.dim % c.p.dim():
        raise ValueError("this is the right one")
    return c.p * (c.dy - (c.dy * c.p).sum(dim, keepdim=True))


def _leaky(c: Call, where: Tensor) -> Tensor:
    return c.dy * torch.where(where > 0, 1.0, c.negative_slope)


def _softmax_over(c: Call, dim: int) -> Tensor:
    classes = losses.classes_of(c.logprobs)
    if dim % c.logprobs.dim() == classes:
        raise ValueError("these are the classes")
    return c.right + (c.logits.softmax(dim) - c.logprobs.exp()) * (c.dy / max(int(c.kept.sum()), 1))


_TERMS: dict[tuple[Function, str], Callable[[Call], dict[str, Tensor]]] = {
    (F.batch_norm, "x"): _batch_norm,
    (F.layer_norm, "x"): _layer_norm,
    (F.softmax, "x"): _softmax,
    (F.log_softmax, "x"): _log_softmax,
    (F.cross_entropy, "logits"): _cross_entropy,
    (F.scaled_dot_product_attention, "query"): _query,
    (F.scaled_dot_product_attention, "key"): _key,
    (F.gelu, "x"): lambda c: {"the term Phi": c.phi * c.dy, "the term x Phi'": c.right - c.phi * c.dy},
    (torch.gru_cell, "hx"): _gru_hidden,
}
_IN_CELLS: dict[Function, list[tuple[str, Callable[[Call], gates.Gates]]]] = {
    torch.lstm_cell: list(gates.lstm_mistakes()),
    torch.gru_cell: list(gates.gru_mistakes()),
    torch.rnn_tanh_cell: list(gates.rnn_tanh_mistakes()),
    torch.rnn_relu_cell: list(gates.rnn_relu_mistakes()),
}
_TWICE = "a place that was picked twice is overwritten instead of added"
_STRIDE: dict[str, Named] = {
    name: {
        "the stride is ignored on the way back: window i begins at i stride": lambda c, name=name: _unstrided(c, name)
    }
    for name in ("x", "weight")
}
_IN_CONV: Named = {
    "windows overlap, and are overwritten instead of added": _last_window,
    "the kernel is not flipped: on the way back a convolution runs through it from the other end": (
        lambda c: _unflipped(c)
    ),
    **_STRIDE["x"],
}
_MISTAKES: dict[tuple[Function, str], Named] = {
    (F.linear, "x"): {"W^T stands where W belongs: a transposed product": lambda c: c.dy @ c.weight.T},
    (torch.matmul, "x"): {"other stands where other^T belongs: a transposed product": lambda c: c.dy @ c.other},
    (torch.matmul, "other"): {"x stands where x^T belongs: a transposed product": lambda c: c.x @ c.dy},
    (F.embedding, "weight"): {_TWICE: _overwritten},
    (torch.Tensor.__getitem__, "x"): {_TWICE: _overwritten},
    (F.conv1d, "x"): _IN_CONV,
    (F.conv2d, "x"): _IN_CONV,
    (F.max_pool2d, "x"): {
        "a place that wins in two windows is overwritten instead of added": lambda c: _pooled(c, overwrite=True),
        "equal shares go to all places of a window, and only the maximum gets something": (
            lambda c: _pooled(c, everywhere=True) / math.prod(c.kernel)
        ),
        "all places of a window get dy, and only the maximum gets something": lambda c: _pooled(c, everywhere=True),
        "all places that are as large as the maximum (ties) get dy, and only the first does": _ties,
        "places that are as large as the maximum (ties) share dy, and only the first gets it": _shared_ties,
    },
    (torch.permute, "x"): {
        "the permutation is applied once more: it must be inverted": lambda c: c.dy.permute(c.order),
    },
    (F.conv1d, "weight"): _STRIDE["weight"],
    (F.conv2d, "weight"): _STRIDE["weight"],
    (torch.tanh, "x"): {
        "x stands where y = tanh(x) belongs": lambda c: (1 - c.x**2) * c.dy,
        "1 - y stands where 1 - y^2 belongs": lambda c: (1 - c.y) * c.dy,
    },
    (torch.sigmoid, "x"): {
        "y stands where y (1 - y) belongs": lambda c: c.y * c.dy,
        "the slope of tanh, 1 - y^2, stands where y (1 - y) belongs": lambda c: (1 - c.y**2) * c.dy,
    },
    (F.relu, "x"): {
        "the mask is where dy is positive, and where x is positive it belongs": lambda c: c.dy * (c.dy > 0),
        "the mask is where x is negative, and where x is positive (x > 0) it belongs": lambda c: c.dy * (c.y == 0),
        "y stands where the mask x > 0 belongs": lambda c: c.dy * c.y,
        "dy is handed on as it is: the local derivative is missing (the mask x > 0)": lambda c: c.dy,
    },
    (F.leaky_relu, "x"): {
        "the slope stands on the wrong side of zero: the two are exchanged": lambda c: _leaky(c, -c.x),
        "the mask is where dy is positive, and where x is positive it belongs": lambda c: _leaky(c, c.dy),
        "the slope is missing where x is negative": lambda c: c.dy * (c.x > 0),
    },
    (F.softplus, "x"): {
        "sigmoid(-x) stands where sigmoid(x) belongs: a sign is lost": lambda c: c.dy * torch.sigmoid(-c.x),
        "y stands where sigmoid(x) belongs": lambda c: c.dy * c.y,
    },
    (F.silu, "x"): {
        "the term x s (1 - s) is missing: x is a factor, too": lambda c: c.dy * torch.sigmoid(c.x),
        "only the term x s (1 - s) is there: s itself is missing": lambda c: c.right - c.dy * torch.sigmoid(c.x),
    },
    (F.log_softmax, "x"): {
        "the sum of dy is missing: dy itself stands where sum(dy) belongs": lambda c: c.dy - c.y.exp() * c.dy,
        "softmax is missing before sum(dy)": lambda c: c.dy - c.dy.sum(c.dim, keepdim=True),
    },
    (F.softmax, "x"): {
        **{
            f"the sum runs over dimension {dim} (the wrong axis), over that of the softmax it belongs": (
                lambda c, dim=dim: _summed_over(c, dim)
            )
            for dim in range(4)
        },
        "only the diagonal of the Jacobian is there, p (1 - p) dy: the sum over the others is missing": (
            lambda c: c.p * (1 - c.p) * c.dy
        ),
        "the sum is missing: dy p stands where sum(dy p) belongs": lambda c: c.p * (c.dy - c.dy * c.p),
    },
    (torch.exp, "x"): {"x stands where y = e^x belongs": lambda c: c.x * c.dy},
    (torch.log, "x"): {"x stands where 1/x belongs": lambda c: c.x * c.dy},
    (torch.mul, "x"): {"x itself stands where the other factor belongs": lambda c: _sum(c.x * c.dy, c.x)},
    (torch.max, "x"): {"every element gets dy, not the maximum alone": _to_all},
    (F.batch_norm, "x"): {
        "the weight (gamma) is not multiplied in": lambda c: sum(_batch_norm(_unweighted(c)).values()),
        "the means run over the features (the wrong axis), over the batch they belong": lambda c: sum(
            _norm(c, c.dy * (1 if c.weight is None else norms.channel(c.weight, c.dy)), 1, c.correction).values()
        ),
        "rstd is not multiplied in": lambda c: c.right / c.rstd,
    },
    (F.batch_norm, "weight"): {"x stands where xhat belongs": lambda c: (c.dy * c.x).sum(norms.rest(c.dy))},
    (F.layer_norm, "x"): {
        "the weight (gamma) is not multiplied in": lambda c: sum(_layer_norm(_unweighted(c)).values()),
        "the means run over the batch (the wrong axis), over the features they belong": lambda c: sum(
            _norm(c, c.dy * (1 if c.weight is None else c.weight), 0, 0).values()
        ),
        "rstd is not multiplied in": lambda c: c.right / c.rstd,
    },
    (F.cross_entropy, "logits"): {
        "n counts the ignored targets too": lambda c: c.right * c.kept.sum() / c.kept.numel(),
        **{
            f"the softmax runs over dimension {dim} (the wrong axis), over the classes it belongs": (
                lambda c, dim=dim: _softmax_over(c, dim)
            )
            for dim in (0, -1)
        },
        "softmax(logits) alone is not the gradient: the one-hot is not subtracted, and 1/n is missing": (
            lambda c: c.logprobs.exp()
        ),
    },
    (F.nll_loss, "x"): {"n counts the ignored targets too": lambda c: c.right * c.kept.sum() / c.kept.numel()},
    (F.scaled_dot_product_attention, "query"): {
        **_unseen(0),
        "dS^T stands where dS belongs: a transposed product": lambda c: c.scale * _ds(c).mT @ c.key,
    },
    (F.scaled_dot_product_attention, "key"): {
        **_unseen(1),
        "dS stands where dS^T belongs: a transposed product": lambda c: c.scale * _ds(c) @ c.query,
    },
    (F.scaled_dot_product_attention, "value"): {
        **_unseen(2),
        "P stands where P^T belongs: a transposed product": lambda c: c.p @ c.dy,
    },
}


def _unweighted(c: Call) -> Call:
    return Call(**{**vars(c), "weight": None})
