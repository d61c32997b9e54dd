"""Stepwise: cross-entropy and BatchNorm taken apart into single steps, as the lectures derive them first.

The rules have each as one expression. Both ways must agree; the single expression visits memory far less often.
Every step is named, and so is its gradient: `values["bnvar"]` and `grads["bnvar"]`.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from moreish.backprop.rules import losses, norms

Steps = dict[str, Tensor]


def cross_entropy_forward(logits: Float[Tensor, "N V"], targets: Int[Tensor, "N"]) -> Steps:
    """maximum, subtract, exp, sum, invert, multiply, log, pick and mean: eight steps."""
    logit_maxes = logits.max(1, keepdim=True).values  # (N, 1)
    norm_logits = logits - logit_maxes
    counts = norm_logits.exp()
    counts_sum = counts.sum(1, keepdim=True)  # (N, 1)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = probs.log()
    loss = -logprobs[torch.arange(len(logits)), targets].mean()
    return {
        "logit_maxes": logit_maxes,
        "norm_logits": norm_logits,
        "counts": counts,
        "counts_sum": counts_sum,
        "counts_sum_inv": counts_sum_inv,
        "probs": probs,
        "logprobs": logprobs,
        "loss": loss,
    }


def cross_entropy_backward(logits: Float[Tensor, "N V"], targets: Int[Tensor, "N"], values: Steps) -> Steps:
    """The gradient of each step, from the loss back to the logits."""
    n = len(logits)
    v = values
    # pick and mean: -1/n at the targets, and nothing at what was not picked
    dlogprobs = torch.zeros_like(v["logprobs"])
    dlogprobs[torch.arange(n), targets] = -1.0 / n
    dprobs = dlogprobs / v["probs"]
    # counts_sum_inv was broadcast over V: sum
    dcounts_sum_inv = (v["counts"] * dprobs).sum(1, keepdim=True)
    dcounts_sum = -(v["counts_sum"] ** -2) * dcounts_sum_inv
    # counts is used twice, in probs and in its own sum: add; the sum sends its gradient to all of V
    dcounts = v["counts_sum_inv"] * dprobs + dcounts_sum.expand_as(v["counts"])
    dnorm_logits = v["counts"] * dcounts
    # the maximum was broadcast over V: sum. It should be zero but for rounding: shifting all logits changes nothing
    dlogit_maxes = -dnorm_logits.sum(1, keepdim=True)
    # logits is used twice, by itself and through its maximum: add
    winner = F.one_hot(logits.max(1).indices, logits.shape[1])
    dlogits = dnorm_logits + winner * dlogit_maxes
    return {
        "logprobs": dlogprobs,
        "probs": dprobs,
        "counts_sum_inv": dcounts_sum_inv,
        "counts_sum": dcounts_sum,
        "counts": dcounts,
        "norm_logits": dnorm_logits,
        "logit_maxes": dlogit_maxes,
        "logits": dlogits,
    }


def batch_norm_forward(
    hprebn: Float[Tensor, "N H"], bngain: Float[Tensor, "1 H"], bnbias: Float[Tensor, "1 H"], eps: float = 1e-5
) -> Steps:
    """mean, subtract, square, variance (n - 1), inverted root, multiply, scale and shift: seven steps."""
    n = len(hprebn)
    bnmeani = 1 / n * hprebn.sum(0, keepdim=True)  # (1, H)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff**2
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)  # (1, H)
    bnvar_inv = (bnvar + eps) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    return {
        "bnmeani": bnmeani,
        "bndiff": bndiff,
        "bndiff2": bndiff2,
        "bnvar": bnvar,
        "bnvar_inv": bnvar_inv,
        "bnraw": bnraw,
        "hpreact": hpreact,
    }


def batch_norm_backward(
    dhpreact: Float[Tensor, "N H"], bngain: Float[Tensor, "1 H"], values: Steps, eps: float = 1e-5
) -> Steps:
    """The gradient of each step, from hpreact back to hprebn."""
    n = len(dhpreact)
    v = values
    # gain, bias and 1/std are rows that were broadcast over the batch: sum
    dbngain = (v["bnraw"] * dhpreact).sum(0, keepdim=True)
    dbnbias = dhpreact.sum(0, keepdim=True)
    dbnraw = bngain * dhpreact
    dbnvar_inv = (v["bndiff"] * dbnraw).sum(0, keepdim=True)
    dbnvar = -0.5 * (v["bnvar"] + eps) ** -1.5 * dbnvar_inv
    # a sum forward is a broadcast backward
    dbndiff2 = 1 / (n - 1) * torch.ones_like(v["bndiff2"]) * dbnvar
    # bndiff is used twice, in bnraw and in its own square: add
    dbndiff = v["bnvar_inv"] * dbnraw + 2 * v["bndiff"] * dbndiff2
    dbnmeani = -dbndiff.sum(0, keepdim=True)
    # hprebn is used twice, by itself and through its mean: add
    dhprebn = dbndiff + 1 / n * torch.ones_like(dbndiff) * dbnmeani
    return {
        "bngain": dbngain,
        "bnbias": dbnbias,
        "bnraw": dbnraw,
        "bnvar_inv": dbnvar_inv,
        "bnvar": dbnvar,
        "bndiff2": dbndiff2,
        "bndiff": dbndiff,
        "bnmeani": dbnmeani,
        "hprebn": dhprebn,
    }


def time_stepwise(
    n_rows: int = 32, vocab_size: int = 27, n_hidden: int = 200, repeats: int = 500
) -> dict[str, float]:
    """Forward and backward in microseconds (median): stepwise, as one expression, and by autograd."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n_rows, vocab_size, generator=generator)
    targets = torch.randint(vocab_size, (n_rows,), generator=generator)
    x, dy = torch.randn(2, n_rows, n_hidden, generator=generator)
    gain, bias = torch.randn(2, 1, n_hidden, generator=generator)
    one = torch.ones(())
    leaf, x_leaf, gain_leaf, bias_leaf = (t.clone().requires_grad_() for t in (logits, x, gain[0], bias[0]))

    def entropy_stepwise() -> Steps:
        return cross_entropy_backward(logits, targets, cross_entropy_forward(logits, targets))

    def entropy_whole() -> tuple:
        return losses.cross_entropy_backward(one, *losses.cross_entropy_forward(logits, targets)[1])

    def norm_whole() -> tuple[Tensor, tuple]:
        return norms.batch_norm_forward(x, None, None, gain[0], bias[0], training=True, correction=1)

    def norm_torch() -> Tensor:
        return F.batch_norm(x_leaf, None, None, gain_leaf, bias_leaf, training=True)

    cases = {
        "cross-entropy, stepwise": entropy_stepwise,
        "cross-entropy, whole": entropy_whole,
        "cross-entropy, autograd": lambda: torch.autograd.grad(F.cross_entropy(leaf, targets), leaf),
        "BatchNorm, stepwise": lambda: batch_norm_backward(dy, gain, batch_norm_forward(x, gain, bias)),
        "BatchNorm, whole": lambda: norms.batch_norm_backward(dy, *norm_whole()[1]),
        "BatchNorm, autograd": lambda: torch.autograd.grad(norm_torch(), [x_leaf, gain_leaf, bias_leaf], dy),
    }
    return {name: _median_microseconds(case, repeats) for name, case in cases.items()}


def _median_microseconds(case: Callable[[], object], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        case()
        seconds.append(perf_counter() - start)
    return 1e6 * median(seconds)
