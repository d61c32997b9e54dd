"""One step: from a batch to gradients in `.grad`, by autograd or by other means that give the same gradients."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.data.batches import Batch
from moreish.doctor import Doctor
from moreish.fast.adamw import FusedAdamW
from moreish.fast.compiled import CompiledStep
from moreish.fast.library import Uncompiled
from moreish.fast.sgd import ForeachSGD
from moreish.fast.step import fast_operands
from moreish.fast.steps import COMPILED, FUSED
from moreish.models.net import Net
from moreish.rng import torch_alone
from moreish.training import distributed
from moreish.training.options import TrainOptions
from moreish.wording import called

MULTIPLICATIONS_WORTH_THREADS = 1_000_000_000
SMALLEST_BFLOAT16_MATRIX = 2**15

Gradients = Callable[[Tensor, Tensor, float], Tensor]
"""(idx, targets, weight) -> loss: fills `.grad` with the gradient of weight times the loss."""


def token_loss(
    logits: Float[Tensor, "*rows V"], targets: Integer[Tensor, "*rows"], label_smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """Mean nats per predicted token."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), label_smoothing=label_smoothing)


def gradients_of(model: nn.Module, options: TrainOptions, doctor: Doctor | None = None) -> Gradients:
    """The way `options.backward` names. Raises ValueError where this model cannot go it.

    A fused step shows a doctor nothing: before those that he looks at, the same batch goes through autograd.
    """
    gradients_by = {"autograd": autograd, "by-hand": _by_hand, "fused": _fused}
    gradients = gradients_by[options.backward](model, options)
    if doctor is not None and options.backward == "fused" and why_uncompiled(model, options) is None:
        gradients = _rehearsed(gradients, autograd(model, options), doctor)
    return _with_weights_dropped(model, gradients, options.weight_drop) if options.weight_drop else gradients


def _rehearsed(fused: Gradients, plain: Gradients, doctor: Doctor) -> Gradients:
    """Loss and gradients are those of `fused`; the plain step only shows what is inside, with dropout of its own."""

    def gradients(idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        if doctor.looking:
            with doctor.rehearsing():
                plain(idx, targets, weight)
        return fused(idx, targets, weight)

    return gradients


def _with_weights_dropped(model: nn.Module, gradients: Gradients, share: float) -> Gradients:
    """The same mask for all rows and all steps of time, as in Merity et al. 2017 (https://arxiv.org/abs/1708.02182).

    It falls on the recurrent matrices and on the embedding, whose units are then missing wherever a symbol stands.
    Raises ValueError for a net without recurrent matrices.
    """
    named = dict(model.named_parameters())
    dropped = [p for name, p in named.items() if "weight_hh" in name]
    if not dropped:
        raise ValueError(
            f"train.weight_drop is for recurrent nets, and {type(model).__name__} has no recurrent weights"
        )
    dropped.append(named["wte.weight"])

    def masked(idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        originals = [p.detach().clone() for p in dropped]
        masks = [torch.empty_like(p).bernoulli_(1 - share).div_(1 - share) for p in originals]
        with torch.no_grad():
            for p, mask in zip(dropped, masks, strict=True):
                p.mul_(mask)
        loss = gradients(idx, targets, weight)
        with torch.no_grad():
            for p, values, mask in zip(dropped, originals, masks, strict=True):
                p.copy_(values)
                assert p.grad is not None
                p.grad.mul_(mask)
        return loss

    return masked


def tensors_of(batch: Batch, model: Net) -> tuple[Tensor, Tensor]:
    """Ids to read, each kind's in rows of its own, and ids to foretell, on the model's device."""
    device = next(model.parameters()).device
    x = batch.x.astype(np.int64)
    if batch.kinds is not None and model.kinds > 1:
        x += batch.kinds.reshape(-1, 1) * np.int64(model.vocab_size)
    return torch.from_numpy(x).to(device), torch.from_numpy(batch.y.astype(np.int64)).to(device)


def autograd(model: nn.Module, options: TrainOptions) -> Gradients:
    """Gradients by torch."""
    parameters, net = list(model.parameters()), distributed.parallel(model)

    def gradients(idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        for p in parameters:
            p.grad = None
        loss = token_loss(net(idx), targets, options.label_smoothing)
        (loss if weight == 1.0 else loss * weight).backward()
        return loss.detach()

    return distributed.of_own_rows(gradients)


def _by_hand(model: nn.Module, options: TrainOptions) -> Gradients:
    from moreish.backprop import by_hand

    plain = autograd(model, options)

    def gradients(idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        with by_hand():
            return plain(idx, targets, weight)

    return gradients


def _fused(model: nn.Module, options: TrainOptions) -> Gradients:
    name = type(model).__name__
    if name in COMPILED:
        try:
            return compiled_step(model, options)
        except Uncompiled:  # `why_uncompiled` says so
            if name not in FUSED:
                return autograd(model, options)
    if name not in FUSED:
        there = ", ".join([*FUSED, *COMPILED])
        raise ValueError(
            f"there is no fused step for {name}; there is one for {there}: say {called('backward', 'autograd')}"
        )
    fused = FUSED[name](model, options.label_smoothing, _operands(model, options))
    return distributed.of_own_rows(fused, model.parameters())


def compiled_step(model: nn.Module, options: TrainOptions) -> CompiledStep:
    """The step by the kernels. Raises Uncompiled with the reason where there is none."""
    assert isinstance(model, Net)
    if distributed.size() > 1:
        raise Uncompiled("several processes train it together, each on rows of its own")
    low = torch.bfloat16 if options.precision == "bfloat16" else None
    if type(model).__name__ in FUSED:  # for which there is another step, that can
        low = _operands(model, options)
    return CompiledStep(model, options.label_smoothing, low)


def why_uncompiled(model: nn.Module, options: TrainOptions) -> str | None:
    """Why a net that has a compiled step is trained by autograd although a fused step is asked for; else None."""
    if options.backward != "fused" or type(model).__name__ not in COMPILED or type(model).__name__ in FUSED:
        return None
    try:
        compiled_step(model, options)
    except Uncompiled as reason:
        return str(reason)
    return None


def _operands(model: nn.Module, options: TrainOptions) -> torch.dtype | None:
    low = options.precision == "bfloat16" or (options.precision == "auto" and _multiplies_bfloat16(model))
    return torch.bfloat16 if low else None


def _multiplies_bfloat16(model: nn.Module) -> bool:
    """Whether the processor has instructions for it, and the matrices are large enough to be worth converting."""
    largest = max(p.numel() for p in model.parameters())
    return largest >= SMALLEST_BFLOAT16_MATRIX and fast_operands() is not None


def make_optimizer(model: nn.Module, options: TrainOptions) -> torch.optim.Optimizer:
    """AdamW or SGD; weight decay on matrices only, because a bias or a gain has no reason to be small."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": options.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [g for g in groups if g["params"]]
    if options.optimizer == "sgd":
        return ForeachSGD(groups, options.lr, momentum=options.momentum)
    if len(options.betas) != 2:
        raise ValueError(f"train.betas needs two numbers, not {len(options.betas)}")
    return FusedAdamW(groups, options.lr, (options.betas[0], options.betas[1]))


@contextmanager
def threads(model: nn.Module, options: TrainOptions) -> Iterator[int]:
    """Torch for this thread alone, with `options.threads` threads inside (0: as many as help a net of this size).

    Below about a billion multiplications a step, waiting for one another costs threads more than they gain; on a
    machine that is busy with other things it costs a hundred times as much.
    """
    with torch_alone():
        before = torch.get_num_threads()
        work = options.batch_size * sum(p.numel() for p in model.parameters())
        count = options.threads or (1 if work < MULTIPLICATIONS_WORTH_THREADS else before)
        torch.set_num_threads(count)
        try:
            yield count
        finally:
            torch.set_num_threads(before)
