"""Masks of attention: which places of the input they hide, beside the symbols that stand there."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from moreish.doctor.frames.frame import Call, Hidden
from moreish.doctor.watch.arguments import Args, Kwargs, argument

GONE = -1e4  # scores below it are as good as minus infinity
VARIED = 3  # symbols from which on places say different things


class _At(NamedTuple):
    """Where a function takes its mask, and whether what is False there is hidden."""

    place: int
    name: str
    keeps: bool = False


AT = {
    "multi_head_attention_forward": _At(14, "key_padding_mask"),
    "scaled_dot_product_attention": _At(3, "attn_mask", keeps=True),
    "masked_fill": _At(1, "mask"),
    "masked_fill_": _At(1, "mask"),
}


def hidden(call: Call, args: Args, kwargs: Kwargs, looked_up: list[Tensor]) -> Hidden | None:
    """What a mask hides of the ids that went into the model; None where there is no such mask, or no such ids."""
    at = AT.get(call.op)
    mask = argument(args, kwargs, at.place, at.name) if at is not None else None
    if at is None or not isinstance(mask, Tensor) or mask.dim() < 2:
        return None
    if call.op.startswith("masked_fill"):
        value = argument(args, kwargs, 2, "value")
        if not isinstance(value, float | int) or value > GONE or mask.dim() < 3:
            return None
    keys = _of_keys(mask, at.keeps)
    ids = next((x for x in looked_up if x.shape == keys.shape), None)
    return None if ids is None else _beside(call, keys, ids.detach())


def _of_keys(mask: Tensor, keeps: bool) -> Bool[Tensor, "batch keys"]:
    """Which keys are hidden from every query and every head."""
    mask = mask.detach()
    gone = (mask != keeps) if mask.dtype == torch.bool else mask < GONE
    return gone.flatten(1, -2).all(1) if gone.dim() > 2 else gone


def _beside(call: Call, keys: Bool[Tensor, "batch keys"], ids: Int[Tensor, "batch keys"]) -> Hidden:
    seen, gone = ids[~keys], ids[keys]
    left = int(seen[0]) if len(seen) and bool((seen == seen[0]).all()) else None
    share = len(gone) / max(keys.numel(), 1)
    return Hidden(call.layer, share, left if len(gone.unique()) >= VARIED else None, len(gone.unique()))


def dropped(op: str, args: Args, kwargs: Kwargs) -> tuple[float, bool]:
    """With which probability an attention drops its weights, and whether it does so now."""
    whole = op == "multi_head_attention_forward"
    p = argument(args, kwargs, 10 if whole else 4, "dropout_p", 0.0)
    return float(p), bool(argument(args, kwargs, 13, "training", True)) if whole else True
