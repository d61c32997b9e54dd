"""Scaled dot-product attention, causal or masked."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from moreish.backprop.rules import EVERY, Needs, kept_for
from moreish.backprop.rules.broadcasting import size_of, sum_to


def attention_forward(
    query: Float[Tensor, "*A L E"],
    key: Float[Tensor, "*B S E"],
    value: Float[Tensor, "*D S F"],
    attn_mask: Bool[Tensor, "... #L #S"] | Float[Tensor, "... #L #S"] | None = None,
    dropout: Float[Tensor, "..."] | None = None,
    is_causal: bool = False,
    scale: float | None = None,
):
    """y = softmax(scale * Q K^T + mask) V, scale = 1/sqrt(E). Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.

    A boolean mask is True where a query may look; a float mask is added. Causal: position t looks at 0 .. t. A query
    that may look nowhere gets zeros. `dropout` is the mask on the probabilities, 0 or 1/(1-p), drawn by the caller.
    """
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query @ key.mT * scale  # (..., L, S)
    if is_causal:
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        scores = scores.masked_fill(~seen, -math.inf)
    if attn_mask is not None:
        added = attn_mask.dtype != torch.bool
        scores = scores + attn_mask if added else scores.masked_fill(~attn_mask, -math.inf)
    top = scores.amax(-1, keepdim=True)
    e = torch.exp(scores - top.masked_fill(top == -math.inf, 0.0))
    p = e / e.sum(-1, keepdim=True).clamp(min=torch.finfo(e.dtype).tiny)
    kept = p if dropout is None else p * dropout
    mask_shape = None if attn_mask is None else attn_mask.shape
    return kept @ value, (query, key, value, mask_shape, dropout, p, scale)


@kept_for(query=(1,), key=(0,), value=(0, 1, 3))
def attention_backward(
    dy: Float[Tensor, "*A L F"], query, key, value, mask_shape, dropout, p, scale, needs: Needs = EVERY
):
    """Backwards through the four steps; every product is the only one whose shape fits.

    y = P V              dV = P^T dy                    (S, L) (L, F)
                         dP = dy V^T                    (L, F) (F, S)
    P = softmax(S)       dS = P (dP - sum(dP P))        P is 0 where masked: what was hidden receives nothing
    S = scale Q K^T + M  dQ = scale dS K                (L, S) (S, E)
                         dK = scale dS^T Q              (S, L) (L, E)
                         dM = dS
    """
    kept = p if dropout is None else p * dropout
    dvalue = sum_to(kept.mT @ dy, size_of(value)) if needs[2] else None
    dquery = dkey = dmask = None
    if needs[0] or needs[1] or needs[3]:
        dp = dy @ value.mT
        dp = dp if dropout is None else dp * dropout
        dscores = p * (dp - (dp * p).sum(-1, keepdim=True))
        dquery = sum_to(scale * dscores @ key, size_of(query)) if needs[0] else None
        dkey = sum_to(scale * dscores.mT @ query, size_of(key)) if needs[1] else None
        dmask = sum_to(dscores, mask_shape) if needs[3] else None
    return dquery, dkey, dvalue, dmask
