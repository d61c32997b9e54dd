"""Judges of lesson 11: against loops over every place, in float64."""

import torch
from torch import Tensor

from moreish.lessons.judging.answer import Answer, Wrong, compare, tensor


def _draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def join(answer: Answer) -> None:
    """11.1: neighbours side by side, and the last dimension of 1 gone."""
    for B, T, C, n in ((2, 8, 3, 2), (2, 6, 4, 3), (4, 2, 5, 2), (1, 4, 2, 2)):
        x = _draw(B, T, C)
        right = torch.stack([torch.cat([x[:, i + k] for k in range(n)], 1) for i in range(0, T, n)], 1)
        halves = torch.cat([x[:, k * (T // n) : (k + 1) * (T // n)] for k in range(n)], 2)
        mixed = x.transpose(1, 2).reshape(B, T // n, C * n)
        woven = x.view(B, T // n, n, C).transpose(2, 3).reshape(B, T // n, n * C)
        swapped = torch.cat([x[:, k::n] for k in reversed(range(n))], 2)
        wrong = {
            "places that are far apart are joined, and neighbours belong together": halves,
            "numbers of different places are mixed up by the transpose": mixed,
            "the numbers of neighbours are woven into each other: first all of one, then all of the next": woven,
            "the neighbours stand in the wrong order: the earlier one first": swapped,
        }
        side = x.view(B, T // n, n, C)
        wrong |= {
            "the neighbours are added up, and belong side by side": side.sum(2),
            "it is the mean of the neighbours, and they belong side by side": side.mean(2),
            "it is the largest of the neighbours, and they belong side by side": side.amax(2),
            "the groups overlap: go on by n places each time": torch.cat(
                [x[:, k : T - n + 1 + k] for k in range(n)], 2
            ),
            "n is not used: two are joined whatever it is": x.reshape(B, -1, 2 * C),
            "only the first of each group is there": side[:, :, 0],
            "only the last of each group is there": side[:, :, -1],
        }
        one = n == T
        mistakes = {words: t.squeeze(1) if one else t for words, t in wrong.items()}
        if one:
            mistakes["where one place is left, its dimension has to go: squeeze(1)"] = right
        if B == 1 and not one:
            mistakes["squeeze() takes every dimension of 1, the batch's too: squeeze(1)"] = right.squeeze()
        compare("join", answer.call("join", x, n), right.squeeze(1) if one else right, mistakes)


def _convolved(x: Tensor, w: Tensor, first: int, second: int) -> Tensor:
    """w[..., 0] on the place `first` before t, w[..., 1] on the one `second` before t."""
    T = x.shape[2]
    out = torch.zeros(x.shape[0], w.shape[0], T, dtype=x.dtype)
    for t in range(T):
        for tap, back in ((0, first), (1, second)):
            if 0 <= t - back < T:
                out[:, :, t] += x[:, :, t - back] @ w[:, :, tap].T
    return out


def dilated(answer: Answer) -> None:
    """11.2: by brute force, and a change of what is to come must move nothing."""
    for d, T in ((1, 6), (2, 9), (4, 7), (3, 2)):
        x, w = _draw(2, 3, T), _draw(4, 3, 2, seed=1)
        found = answer.call("dilated", x, w, d)
        mistakes = {
            "it looks ahead: pad in front only, not behind": _convolved(x, w, 0, -d),
            "it looks ahead by half: pad in front only": _convolved(x, w, d - d // 2, -(d // 2)),
            "dilation is not used: neighbours are joined": _convolved(x, w, 1, 0),
            "it looks ahead, and dilation is not used: pad `dilation` zeros in front, and pass it to the convolution": _convolved(
                x, w, 0, -1
            ),
            "the two taps are exchanged: w[:, :, 1] belongs to the present": _convolved(x, w, 0, d),
            "it sees places before t only, not t itself": _convolved(x, w, 2 * d, d),
            "it is one place late": _convolved(x, w, d + 1, 1),
            "what rolls out at the end comes in again in front, and zeros belong there": w[..., 0] @ x.roll(d, 2)
            + w[..., 1] @ x,
        }
        right = _convolved(x, w, d, 0)
        places = tensor(found, "dilated").shape[-1:]
        if places and places[0] != T:
            raise Wrong(f"dilated has {places[0]} places, and {T} went in: pad `dilation` zeros in front")
        if right.shape != tensor(found, "dilated").shape:
            compare("dilated", found, right)
        moved = x.clone()
        moved[:, :, -1] += 1
        again = tensor(answer.call("dilated", moved, w, d), "dilated")
        known = any(torch.allclose(tensor(found, "f"), m) for m in mistakes.values())
        if not known and not torch.allclose(again[..., :-1], tensor(found, "dilated")[..., :-1]):
            raise Wrong("it looks ahead: a change of the last place moves an earlier result")
        compare("dilated", found, right, mistakes)


def gated(answer: Answer) -> None:
    """11.3: both results, place by place."""
    B, C, H, T = 2, 3, 4, 5
    x, f, g = _draw(B, C, T), _draw(B, H, T, seed=1), _draw(B, H, T, seed=2)
    Wr, Ws = _draw(C, H, seed=3), _draw(C, H, seed=4)
    found = answer.call("block", x, f, g, Wr, Ws)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("block returns two tensors: for the next block, and for the end")
    z = torch.tanh(f) * torch.sigmoid(g)

    def by(W: Tensor, z: Tensor) -> Tensor:
        return torch.stack([z[:, :, t] @ W.T for t in range(T)], 2)

    others = {
        "tanh and sigmoid are exchanged: the filter has the tanh": torch.sigmoid(f) * torch.tanh(g),
        "filter and gate are added, and multiplied is right": torch.tanh(f) + torch.sigmoid(g),
        "both have a tanh: the gate has a sigmoid": torch.tanh(f) * torch.tanh(g),
        "the gate is missing": torch.tanh(f),
        "the tanh is missing": f * torch.sigmoid(g),
        "the sigmoid is missing": torch.tanh(f) * g,
        "the filter has a relu, and a tanh belongs there": torch.relu(f) * torch.sigmoid(g),
        "both have a sigmoid: the filter has a tanh": torch.sigmoid(f) * torch.sigmoid(g),
        "the gate has a relu, and a sigmoid belongs there": torch.tanh(f) * torch.relu(g),
        "the gate has a softmax, and a sigmoid belongs there": torch.tanh(f) * torch.softmax(g, 1),
    }
    residual = {"the residual is missing: x is added": by(Wr, z), "Ws stands where Wr belongs": x + by(Ws, z)}
    residual |= {
        "the two are exchanged: first that for the next block, then that for the end": by(Ws, z),
        "x is multiplied, and added is right": x * by(Wr, z),
        "x is taken off, and added is right": by(Wr, z) - x,
        "x comes back alone: Wr z is added": x,
    }
    residual |= {words: x + by(Wr, other) for words, other in others.items()}
    compare("for the next block", found[0], x + by(Wr, z), residual)
    skip = {
        "x is added to the skip, and belongs to the residual only": x + by(Ws, z),
        "the residual is handed on as the skip: it is Ws z": x + by(Wr, z),
        "Wr stands where Ws belongs": by(Wr, z),
        "the skip is made of the residual, and is Ws z": by(Ws, z) + x + by(Wr, z),
    }
    compare("for the end", found[1], by(Ws, z), skip)


JUDGES = {"11.1": join, "11.2": dilated, "11.3": gated}
