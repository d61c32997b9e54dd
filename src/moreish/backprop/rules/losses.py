"""Losses: negative log-likelihood, and cross-entropy as one expression. Both in nats, with ignored targets."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor

from moreish.backprop.rules import NotDerived


def nll_loss_forward(
    x: Float[Tensor, "..."], targets: Integer[Tensor, "..."], ignore_index: int = -100, reduction: str = "mean"
):
    """-x[target], averaged over the targets that are not ignore_index (or "sum", or "none": one loss per target).

    x holds log-probabilities: (N, V), or (V,) with one target, or (N, V, ...) with targets (N, ...).
    """
    if reduction not in ("mean", "sum", "none"):
        raise NotDerived(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    kept = targets != ignore_index
    index = (targets * kept).long().unsqueeze(classes_of(x))
    loss = F.nll_loss(x, targets, ignore_index=ignore_index, reduction=reduction)
    loss = loss.clone() if x.dim() == 1 else loss  # of one row it is a view, which nobody could write into
    return loss, (x.shape, index, kept, kept.sum() if reduction == "mean" else None)


def nll_loss_backward(dloss, shape, index, kept, n):
    """-1 at the target, 0 elsewhere, times each target's share of the loss: 1/n for a mean over n targets.

    A pick forward is a scatter backward; what was ignored receives nothing.
    """
    each = share_of(dloss, kept, n)
    dx = each.new_zeros(shape)
    return dx.scatter_(classes_of(dx), index, -each.unsqueeze(classes_of(dx))), None


def cross_entropy_forward(
    logits: Float[Tensor, "..."],
    targets: Integer[Tensor, "..."] | Float[Tensor, "..."],
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
):
    """Mean of -log softmax(logits)[target]; shapes as in `nll_loss_forward`.

    torch.log_softmax takes the row maximum off first: it cancels, and exp stays finite. With label_smoothing = s
    the target counts 1 - s, and all V classes share the rest: (1 - s) times the loss + s/V times the sum of
    -logprobs.
    """
    if targets.is_floating_point():
        raise NotDerived("cross_entropy: targets given as probabilities are not derived by hand; give class indices")
    classes = classes_of(logits)
    logprobs = torch.log_softmax(logits, classes)
    loss, (_, index, kept, n) = nll_loss_forward(logprobs, targets, ignore_index, reduction)
    if label_smoothing:
        spread = _reduce(torch.where(kept, -logprobs.mean(classes), 0.0), n, reduction)
        loss = (1 - label_smoothing) * loss + label_smoothing * spread
    return loss, (logprobs, index, kept, n, label_smoothing)


def cross_entropy_backward(dloss, logprobs, index, kept, n, label_smoothing=0.0):
    """The chain exp, sum, divide, log, pick, mean clubbed into one expression:

        dlogits = (softmax - onehot(target)) / n

    For one row, loss = ln sum_j e^(l_j) - l_t. The first term gives e^(l_i) / sum_j e^(l_j) = softmax_i, the
    second -1 at the target. The mean over the n targets that count gives 1/n.
    Every row sums to zero: the target is pulled up exactly as much as the rest is pushed down.
    With label_smoothing = s, (1 - s) onehot + s/V stands in place of the onehot: what the softmax should become.
    """
    classes = classes_of(logprobs)
    dlogits = logprobs.exp().scatter_(classes, index, -(1.0 - label_smoothing), reduce="add")
    if label_smoothing:
        dlogits -= label_smoothing / logprobs.shape[classes]
    return dlogits.mul_(share_of(dloss, kept, n).unsqueeze(classes)), None


def classes_of(x: Tensor) -> int:
    """The dimension that holds the classes: 1, or 0 for a single unbatched row."""
    return min(1, x.dim() - 1)


def _reduce(losses: Tensor, n: Tensor | None, reduction: str) -> Tensor:
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise NotDerived(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    return losses.sum() if n is None else losses.sum() / n


def share_of(dloss: Tensor, kept: Tensor, n: Tensor | None) -> Tensor:
    """The gradient that arrives at each target's own loss, of a mean over n or of a sum: 0 where ignored."""
    return torch.where(kept, dloss if n is None else dloss / n, 0.0)
