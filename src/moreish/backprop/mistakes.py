"""Mistakes: for each rule, the terms of its gradients and what people get wrong in them, as evidence for `explain`.

`c` holds one call: the rule's arguments and what it saved, under their names in the rule, and dy. A gradient is named
by its argument.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

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
    tensors = [value for value in vars(c).values() if isinstance(value, Tensor)]
    sizes = {n for t in tensors for n in (*t.shape, t.numel())}
    if dy is not None and dy.dim() > 1:
        sizes |= {dy.numel(), dy.numel() // max(dy.shape[1], 1)}
    factors = {"the scale 1/sqrt(E)": float(c.scale)} if key is F.scaled_dot_product_attention else {}
    return Evidence(terms, mistakes, dy, factors, sizes)


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
    each = losses.share_of(c.dy, c.kept, c.reduction).unsqueeze(classes)
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


def _lstm(*path: int) -> Named:
    """What is lost if the second use of c', as a result of its own, is forgotten. `path` leads to one gradient."""

    def compute(c: Call) -> Any:
        dy = c.dy[0], torch.zeros_like(c.dy[1])
        found: Any = recurrent.lstm_cell_backward(dy, c.x, c.h, c.c, c.w_ih, c.w_hh, c.i, c.f, c.g, c.o, c.tanh_c)
        for step in path:
            found = found[step]
        return found

    return {"the gradient that c' brings from later steps is not added": compute}


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
_TWICE = "a place that was picked twice is overwritten instead of added"
_MISTAKES: dict[tuple[Function, str], Named] = {
    (F.linear, "x"): {"W^T stands where W belongs: a transposed product": lambda c: c.dy @ c.weight.T},
    (torch.matmul, "x"): {"other stands where other^T belongs: a transposed product": lambda c: c.dy @ c.other},
    (torch.matmul, "other"): {"x stands where x^T belongs: a transposed product": lambda c: c.x @ c.dy},
    (F.embedding, "weight"): {_TWICE: _overwritten},
    (torch.Tensor.__getitem__, "x"): {_TWICE: _overwritten},
    (F.conv1d, "x"): {"windows overlap, and are overwritten instead of added": _last_window},
    (F.conv2d, "x"): {"windows overlap, and are overwritten instead of added": _last_window},
    (torch.tanh, "x"): {
        "x stands where y = tanh(x) belongs": lambda c: (1 - c.x**2) * c.dy,
        "1 - y stands where 1 - y^2 belongs": lambda c: (1 - c.y) * c.dy,
    },
    (torch.sigmoid, "x"): {
        "y stands where y (1 - y) belongs": lambda c: c.y * c.dy,
        "the slope of tanh, 1 - y^2, stands where y (1 - y) belongs": lambda c: (1 - c.y**2) * c.dy,
    },
    (torch.exp, "x"): {"x stands where y = e^x belongs": lambda c: c.x * c.dy},
    (torch.log, "x"): {"x stands where 1/x belongs": lambda c: c.x * c.dy},
    (torch.mul, "x"): {"x itself stands where the other factor belongs": lambda c: _sum(c.x * c.dy, c.x)},
    (torch.max, "x"): {"every element gets dy, not the maximum alone": _to_all},
    (F.batch_norm, "x"): {
        "the weight (gamma) is not multiplied in": lambda c: sum(_batch_norm(_unweighted(c)).values()),
        "rstd is not multiplied in": lambda c: c.right / c.rstd,
    },
    (F.batch_norm, "weight"): {"x stands where xhat belongs": lambda c: (c.dy * c.x).sum(norms.rest(c.dy))},
    (F.layer_norm, "x"): {
        "the weight (gamma) is not multiplied in": lambda c: sum(_layer_norm(_unweighted(c)).values()),
        "rstd is not multiplied in": lambda c: c.right / c.rstd,
    },
    (F.cross_entropy, "logits"): {
        "n counts the ignored targets too": lambda c: c.right * c.kept.sum() / c.kept.numel(),
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
    (torch.lstm_cell, "x"): _lstm(0),
    (torch.lstm_cell, "hx[0]"): _lstm(1, 0),
    (torch.lstm_cell, "hx[1]"): _lstm(1, 1),
    (torch.lstm_cell, "w_ih"): _lstm(2),
    (torch.lstm_cell, "w_hh"): _lstm(3),
}


def _unweighted(c: Call) -> Call:
    return Call(**{**vars(c), "weight": None})
