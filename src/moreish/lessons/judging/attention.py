"""Judges of lesson 12: against loops over every place, in float64, and against autograd."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.lessons.judging.answer import Answer, Wrong, close, compare, known, tensor
from moreish.lessons.judging.gradients import _check


def _draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def causal(answer: Answer) -> None:
    """12.1: each place by itself, over what it may see."""
    for B, T, size in ((2, 5, 4), (1, 1, 3), (3, 4, 9)):
        q, k, v = (_draw(B, T, size, seed=s) for s in range(3))
        right = torch.empty(B, T, size, dtype=torch.float64)
        for b in range(B):
            for t in range(T):
                w = (q[b, t] @ k[b, : t + 1].T / math.sqrt(size)).softmax(0)
                right[b, t] = w @ v[b, : t + 1]
        found = answer.call("attend", q.clone(), k.clone(), v.clone())
        if T > 1 and isinstance(found, Tensor) and found.isnan()[:, 0].all():
            raise Wrong(
                "the first place sees nothing at all, not even itself: mask what is above the diagonal, triu(1)"
            )
        compare("attend", found, right, _causal_mistakes(q, k, v))


def _causal_mistakes(q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
    """What an attention gives in which one thing is wrong, by the sentence that says what."""
    T, size = q.shape[1:]
    products = q @ k.mT
    s, ahead = products / size**0.5, torch.ones(T, T).triu(1).bool()

    def masked(scores: Tensor, mask: Tensor = ahead, filled: float = -torch.inf, over: int = -1) -> Tensor:
        return scores.masked_fill(mask, filled).softmax(over) @ v

    alike = (~ahead / (~ahead).sum(1, keepdim=True)).to(v)
    mistakes = {
        "the mask is missing: it looks ahead": s.softmax(-1) @ v,
        "the mask is missing, and so is the root of the size": products.softmax(-1) @ v,
        "the scores are not divided by the root of the size": masked(products),
        "they are divided by the size, and its root belongs there": masked(s / size**0.5),
        "the mask comes after the softmax: what is left of a row no longer sums to 1": (
            s.softmax(-1).masked_fill(ahead, 0) @ v
        ),
        "what is ahead has score 0, and e^0 is 1: minus infinity is needed": masked(s, filled=0),
        "the mask is the wrong way round: it sees what is ahead only": masked(s, ahead.T),
        "the softmax runs over the places that ask: it belongs over those that are asked": masked(s, over=-2),
        "the softmax runs over the places that ask, the mask is missing, and so is the root of the size": (
            products.softmax(-2) @ v
        ),
        "the scores are divided by the root of the length, and that of the size belongs there": (
            masked(products / T**0.5)
        ),
        "every place weighs alike: the softmax of q k says how much": alike @ v,
        "q and k are exchanged": masked(k @ q.mT / size**0.5),
    }
    if T > 1:
        itself = torch.ones(T, T).triu(0).bool()
        mistakes["a place may look at itself: mask what is above the diagonal, triu(1)"] = masked(s, itself)
    return mistakes


def dattention(answer: Answer) -> None:
    """12.2, with the causes of `moreish.backprop`."""
    for size in (4, 3):
        _attention_mistake(answer, size)
    inputs = [[_draw(2, 5, size, seed=s).requires_grad_() for s in range(3)] for size in (4, 3)]
    answer.names = {**answer.names, "backward": _renamed(answer["backward"])}
    _check(answer, "backward", F.scaled_dot_product_attention, inputs)


def _attention_mistake(answer: Answer, size: int) -> None:
    """What the judge of all functions cannot know: mistakes on the way through this one's softmax."""
    q, k, v, dy = (_draw(2, 5, size, seed=s) for s in range(4))
    scale = size**-0.5
    p, dp = (q @ k.mT * scale).softmax(-1), dy @ v.mT
    row, total = (dp * p).sum(-1, keepdim=True), dp.sum(-1, keepdim=True)
    ways = {
        "dP comes through unchanged: the softmax is left out of the way back": dp,
        "the sum runs over dimension -2: a softmax over the last is summed over the last": p
        * (dp - (dp * p).sum(-2, keepdim=True)),
        "the sum of dP P is not taken off: p (dP - sum(dP P))": p * dp,
        "it is added, and has to be taken off: p (dP - sum(dP P))": p * (dp + row),
        "p is missing in front: p (dP - sum(dP P))": dp - row,
        "p is missing within the sum: p (dP - sum(dP P))": p * (dp - total),
        "the softmax is taken for a sigmoid: each number moves the whole row": p * (1 - p) * dp,
        "the scores stand where their softmax belongs": (s := q @ k.mT * scale)
        * (dp - (dp * s).sum(-1, keepdim=True)),
    }
    found = answer.call("backward", *(t.clone() for t in (dy, q, k, v)))
    if not isinstance(found, tuple | list) or len(found) != 3:
        raise Wrong("backward returns three tensors: dq, dk, dv")
    known("dq", found[0], {words: scale * ds @ k for words, ds in ways.items()}, 1e-9)
    known("dk", found[1], {words: scale * ds.mT @ q for words, ds in ways.items()}, 1e-9)


def _renamed(mine):
    """q, k, v are the rule's query, key and value."""

    def backward(dy, query, key, value):
        return mine(dy, query, key, value)

    return backward


def memory(answer: Answer) -> None:
    """12.3: with a cell that is known, values and slopes."""
    B, T, C, H = 2, 5, 3, 4
    W, U = _draw(H, C, seed=1).requires_grad_(), _draw(H, H, seed=2).requires_grad_()
    xs, h0 = _draw(B, T, C), _draw(B, H, seed=3)

    def cell(x: Tensor, h: Tensor) -> Tensor:
        if x.shape != (B, C) or h.shape != (B, H):
            raise Wrong(
                f"cell was called with {tuple(x.shape)} and {tuple(h.shape)}; ({B}, {C}) and ({B}, {H}) are wanted"
            )
        return torch.tanh(x @ W.T + h @ U.T)

    def read(start: Tensor | None = None, late: int = 0) -> Tensor:
        h, all_h = h0 if start is None else start, []
        for t in range(T):
            all_h.append(h)
            h = cell(xs[:, t], h)
            all_h[-1] = all_h[-1] if late else h
        return torch.stack(all_h, 1)

    right = read()
    mistakes = {
        "the memory is not carried on: each place begins with the first h again": torch.stack(
            [cell(x, h0) for x in xs.unbind(1)], 1
        ),
        "it begins with zeros, and the h that is given belongs there": read(torch.zeros_like(h0)),
        "it is late by one: the memory after each place, not before it": read(late=1),
        "only the last memory comes back: that after every place is wanted": right[:, -1],
        "the first h is there too: the memories after the T places are wanted": torch.cat([h0[:, None], right], 1),
        "it is (T, B, H): stack along dimension 1": right.transpose(0, 1),
        "it is read from the end": torch.stack([*_backwards(cell, xs, h0)], 1),
        "it is read from the end, and put back in order": torch.stack([*_backwards(cell, xs, h0)][::-1], 1),
    }
    found = answer.call("read", cell, xs, h0)
    compare("read", found, right, mistakes)
    [slope] = torch.autograd.grad(right[:, -1].sum(), [U])
    mine = torch.autograd.grad(found[:, -1].sum(), [U], allow_unused=True)[0] if found.requires_grad else None
    if mine is None or not torch.allclose(mine, slope):
        raise Wrong("no slope finds its way back through the memories: something was detached on the way")


def _backwards(cell, xs: Tensor, h: Tensor):
    for x in reversed(xs.unbind(1)):
        h = cell(x, h)
        yield h


def mix(answer: Answer) -> None:
    """12.4: chances are mixed, not their logs; minus infinity of one is no trouble, small chances neither."""
    p1, p2 = _draw(6).sigmoid(), _draw(6, seed=1).sigmoid()
    for w in (0.3, 0.9):
        right = (w * p1 + (1 - w) * p2).log()
        mistakes = {
            "the logarithms are mixed, and the chances should be": w * p1.log() + (1 - w) * p2.log(),
            "these are chances: take the log again": right.exp(),
            "the weights are exchanged: w is the first one's": ((1 - w) * p1 + w * p2).log(),
            "the second weight is 1 - w": (w * p1 + p2).log(),
            "both count alike: w is not used": ((p1 + p2) / 2).log(),
            "w is not used": torch.logaddexp(p1.log(), p2.log()),
            "w multiplies the logarithms within: log w is added to them": torch.logaddexp(
                w * p1.log(), (1 - w) * p2.log()
            ),
            "w is added to the logarithms: log w belongs there": torch.logaddexp(p1.log() + w, p2.log() + 1 - w),
        }
        compare("mix", answer.call("mix", p1.log(), p2.log(), w), right, mistakes)
    one = torch.tensor([-torch.inf, -1000.0], dtype=torch.float64)
    other = torch.tensor([-2.0, -1001.0], dtype=torch.float64)
    found = answer.call("mix", one, other, 0.5)
    if not tensor(found, "mix")[0].isfinite():
        raise Wrong("where one model gives no chance at all, the other's is left: here it is not finite")
    if not close(tensor(found, "mix")[1], torch.logaddexp(one[1], other[1]) - math.log(2)):
        raise Wrong(
            "chances as small as e^-1000 become 0, and have no log (a small number added makes another one of it): "
            "torch.logaddexp stays in logs"
        )


JUDGES = {"12.1": causal, "12.2": dattention, "12.3": memory, "12.4": mix}
