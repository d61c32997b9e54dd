"""Losses that want something of their own kind: an alignment of two sequences, targets of 1 and -1, a logarithm."""

import math

from torch import Tensor

from moreish.doctor.frames.noted import Ctc, Signed
from moreish.doctor.watch.arguments import Args, Kwargs, argument
from moreish.doctor.watch.ends import ends_of

TARGET_AT = {"cosine_embedding_loss": 2, "margin_ranking_loss": 2, "hinge_embedding_loss": 1, "soft_margin_loss": 1}


def ctc(args: Args, kwargs: Kwargs) -> Ctc | None:
    """What ctc_loss was given: log-probabilities (T, N, C), and targets (N, S), or one after the other."""
    scores, targets, frames, lengths = (
        argument(args, kwargs, k, name)
        for k, name in enumerate(("log_probs", "targets", "input_lengths", "target_lengths"))
    )
    blank = int(argument(args, kwargs, 4, "blank", 0))
    if not isinstance(scores, Tensor) or not isinstance(targets, Tensor) or scores.dim() != 3:
        return None
    counts, most = _numbers(lengths), _numbers(frames)
    if targets.dim() != 2 and targets.numel() != sum(counts):
        return None
    rows = list(targets.detach().cpu()) if targets.dim() == 2 else list(targets.detach().cpu().split(counts))
    if len(rows) != len(counts) or len(most) != len(counts) or not counts:
        return None
    rows = [row[:n] for row, n in zip(rows, counts, strict=True)]
    needed = [len(row) + int((row[1:] == row[:-1]).sum()) for row in rows]  # between two alike comes a blank
    sums = scores.detach().float().exp().sum(-1)
    return Ctc(
        blank,
        sum(bool((row == blank).any()) for row in rows) / len(rows),
        sum(n > m for n, m in zip(needed, most, strict=True)) / len(rows),
        float((sums - 1).abs().mean()),
    )


def signed(op: str, args: Args, kwargs: Kwargs) -> Signed | None:
    """The targets of a loss that wants 1 and -1; None where they are none, or others than 0, 1 and -1."""
    target = argument(args, kwargs, TARGET_AT[op], "target")
    if not isinstance(target, Tensor) or not target.numel():
        return None
    target = target.detach()
    zeros, negative = target == 0, target == -1
    if not bool((zeros | negative | (target == 1)).all()):
        return None
    return Signed(op, float(zeros.float().mean()), target.numel(), bool(negative.any()))


def rate(args: Args, kwargs: Kwargs) -> str:
    """The operation that makes a rate of what poisson_nll_loss takes for a logarithm; empty where none does."""
    x = argument(args, kwargs, 0, "input")
    if not isinstance(x, Tensor) or not argument(args, kwargs, 2, "log_input", True):
        return ""
    ends = ends_of(x) or (ends_of(x, moved=True) if bool((x > 0).all()) else None)
    return ends[0] if ends is not None and ends[1] >= 0 and math.isinf(ends[2]) else ""


def _numbers(lengths: object) -> list[int]:
    if isinstance(lengths, Tensor):
        return [int(n) for n in lengths.reshape(-1).tolist()]
    return [int(n) for n in lengths] if isinstance(lengths, tuple | list) else []
