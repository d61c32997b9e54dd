"""The lecture's network: embedding, linear, BatchNorm, tanh, linear, cross-entropy, with every gradient by hand.

Once in single steps, with all 26 gradients on the way; once as a training step that uses the clubbed expressions,
writes into buffers that exist, and never meets autograd.

Shapes: B rows, T characters of context, E = n_embd, H = n_hidden, V = vocab_size.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from moreish.backprop.answers import Answer, read_answer
from moreish.backprop.causes import Evidence, Mistake, explain
from moreish.backprop.compare import Comparison, compare, largest
from moreish.backprop.guesses import guesses
from moreish.backprop.paths import Paths, paths_to
from moreish.backprop.stepwise import (
    Steps,
    batch_norm_backward,
    batch_norm_forward,
    cross_entropy_backward,
    cross_entropy_forward,
)

EPS = 1e-5


class Weights(NamedTuple):
    """The seven parameters, in the order in which the lecture draws them."""

    C: Float[Tensor, "V E"]
    W1: Float[Tensor, "TE H"]
    b1: Float[Tensor, "H"]
    W2: Float[Tensor, "H V"]
    b2: Float[Tensor, "V"]
    bngain: Float[Tensor, "1 H"]
    bnbias: Float[Tensor, "1 H"]


def lecture_weights(
    generator: torch.Generator, *, vocab_size: int = 27, block_size: int = 3, n_embd: int = 10, n_hidden: int = 64
) -> Weights:
    """The lecture's start: Kaiming for tanh, and small odd numbers where zeros would hide mistakes in a gradient.

    Hidden 64 makes 4,137 numbers, hidden 200 makes 12,297; the lecture's generator is seeded with 2147483647.
    """
    fan_in = n_embd * block_size

    def randn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return Weights(
        C=randn(vocab_size, n_embd),
        W1=randn(fan_in, n_hidden) * (5 / 3) / fan_in**0.5,
        b1=randn(n_hidden) * 0.1,
        W2=randn(n_hidden, vocab_size) * 0.1,
        b2=randn(vocab_size) * 0.1,
        bngain=randn(1, n_hidden) * 0.1 + 1.0,
        bnbias=randn(1, n_hidden) * 0.1,
    )


def lecture_forward(weights: Weights, x: Int[Tensor, "B T"], y: Int[Tensor, "B"]) -> Steps:
    """Every value on the way from the characters to the loss, by the lecture's names."""
    emb = weights.C[x]  # (B, T, E)
    embcat = emb.view(len(x), -1)  # (B, TE)
    hprebn = embcat @ weights.W1 + weights.b1  # (B, H)
    normed = batch_norm_forward(hprebn, weights.bngain, weights.bnbias, EPS)
    h = torch.tanh(normed["hpreact"])
    logits = h @ weights.W2 + weights.b2  # (B, V)
    return {
        "emb": emb,
        "embcat": embcat,
        "hprebn": hprebn,
        **normed,
        "h": h,
        "logits": logits,
        **cross_entropy_forward(logits, y),
    }


def lecture_backward(weights: Weights, x: Int[Tensor, "B T"], y: Int[Tensor, "B"], values: Steps) -> Steps:
    """All 26 gradients, from the loss back to the embedding table, single step by single step."""
    v = values
    grads = cross_entropy_backward(v["logits"], y, v)
    dlogits = grads["logits"]
    dh = dlogits @ weights.W2.T
    dhpreact = (1.0 - v["h"] ** 2) * dh
    grads |= {"h": dh, "W2": v["h"].T @ dlogits, "b2": dlogits.sum(0), "hpreact": dhpreact}
    grads |= batch_norm_backward(dhpreact, weights.bngain, v, EPS)
    dhprebn = grads["hprebn"]
    dembcat = dhprebn @ weights.W1.T
    demb = dembcat.view(v["emb"].shape)
    dC = torch.zeros_like(weights.C).index_add_(0, x.view(-1), demb.view(-1, demb.shape[-1]))
    return grads | {"embcat": dembcat, "W1": v["embcat"].T @ dhprebn, "b1": dhprebn.sum(0), "emb": demb, "C": dC}


def compare_lecture(
    weights: Weights, x: Int[Tensor, "B T"], y: Int[Tensor, "B"], mine: Mapping[str, Tensor] | None = None
) -> list[Comparison]:
    """The 26 gradients beside autograd's. `mine`, a learner's by the lecture's names, takes the place of ours.

    A wrong one comes with its likely cause. Where a value is used twice, its gradient is a sum: who forgets one use,
    or overwrites it, is told which.
    """
    leaves = Weights(*(w.detach().clone().requires_grad_() for w in weights))
    values = lecture_forward(leaves, x, y)
    with torch.no_grad():
        judged = lecture_backward(leaves, x, y, values) if mine is None else mine
    if not judged:
        raise ValueError("nothing was judged: the answers are empty")
    known = {**values, **leaves._asdict()}
    loss = known.pop("loss")
    if unknown := [name for name in judged if name not in known]:
        raise ValueError(f'there is no "{unknown[0]}" in the lecture; there is {", ".join(known)}')
    answers = {name: read_answer(answer) for name, answer in judged.items()}
    right = dict(zip(known, torch.autograd.grad(loss, list(known.values()), retain_graph=True), strict=True))
    scale = largest(right.values())
    rows = [_row(name, answer, right[name], scale) for name, answer in answers.items()]
    if all(row.approximate for row in rows):
        return rows
    evidence = _evidence(leaves, x, y, known, right, paths_to(known, loss))
    return [
        row
        if row.approximate or row.cause
        else row._replace(cause=explain(answers[row.name].grad, right[row.name], evidence(row.name)))
        for row in rows
    ]


def _evidence(
    weights: Weights, x: Tensor, y: Tensor, known: Steps, right: Steps, paths: Paths
) -> Callable[[str], Evidence]:
    """What is known of each of the lecture's gradients, by its name."""
    values = {name: value.detach() for name, value in known.items()}
    clubbed, mistakes = _clubbed(weights, y, values, right), _mistakes(x, values, right)
    sizes = {n for value in values.values() for n in value.shape}
    quantities = values | {"bnvar + eps": values["bnvar"] + EPS}
    arriving = {f"d{name}": grad for name, grad in right.items()}

    def of(name: str) -> Evidence:
        others = {other: grad for other, grad in right.items() if other != name and grad.shape == right[name].shape}
        return Evidence(
            paths[name],
            mistakes.get(name, []),
            sizes=sizes,
            others=others if name in Weights._fields else {},
            quantities=quantities,
            otherwise=[clubbed[name]] if name in clubbed else [],
            guesses=guesses(right[name], arriving, quantities),
            arriving=arriving,
        )

    return of


def _mistakes(x: Tensor, values: Steps, right: Steps) -> dict[str, list[Mistake]]:
    """What people get wrong in single gradients of the lecture."""

    def overwritten() -> Tensor:
        dC = torch.zeros_like(values["C"])
        dC[x] = right["emb"]
        return dC

    logits, hpreact = values["logits"], values["hpreact"]
    return {
        "C": [("a row that was looked up twice is overwritten instead of added", overwritten)],
        "hpreact": [
            ("hpreact stands where h = tanh(hpreact) belongs in 1 - h^2", lambda: (1 - hpreact**2) * right["h"]),
            ("tanh's derivative 1 - h^2 is missing: dh is handed on", lambda: right["h"]),
        ],
        "norm_logits": [("exp's derivative, counts, is missing: dcounts is handed on", lambda: right["counts"])],
        "logits": [
            (
                "1 is subtracted everywhere, and only at the targets it belongs (the one-hot)",
                lambda: (logits.softmax(1) - 1) / len(logits),
            )
        ],
    }


def _row(name: str, answer: Answer, right: Tensor, scale: float) -> Comparison:
    """The comparison of one answer, which may be anything; what is no gradient at all is said at once."""
    grad = None if answer.grad is None else answer.grad.to(right.dtype)
    worked_in = None if answer.grad is None or not answer.grad.is_floating_point() else answer.grad.dtype
    row = compare(name, grad, right, scale, worked_in=worked_in)
    return row if answer.fault is None else row._replace(exact=False, approximate=False, cause=answer.fault)


def _clubbed(weights: Weights, y: Tensor, values: Steps, right: Steps) -> dict[str, dict[str, Tensor]]:
    """The gradients that the lecture derives in one expression, as the sums that those expressions are."""
    n = len(y)
    onehot = F.one_hot(y, len(weights.b2)).to(values["logits"].dtype)
    logits = {
        "the softmax": values["logits"].softmax(1) / n,
        "the subtracted one-hot of the targets": -onehot / n,
    }
    dxhat = weights.bngain.detach() * right["hpreact"]
    rstd, xhat = values["bnvar_inv"], values["bnraw"]
    return {
        "logits": logits,
        "hprebn": {
            "the path straight through bnraw": rstd * dxhat,
            "the path through the mean": (-rstd / n * dxhat.sum(0)).expand_as(dxhat),
            "the path through the variance": -rstd / (n - 1) * xhat * (dxhat * xhat).sum(0),
        },
    }


class HandStep:
    """One step of stochastic gradient descent by hand: forward, backward with the clubbed expressions, update.

    Called with x (BT,) and y (B, 1), it changes the weights in place and writes each row's probability of its target
    into `picked` (B, 1). Everything that has the size of the batch lives in buffers made once.
    """

    def __init__(self, weights: Weights, batch_size: int):
        self.weights = weights
        n_embd, (fan_in, n_hidden), vocab_size = weights.C.shape[1], weights.W1.shape, len(weights.b2)
        self.n = batch_size
        self.emb = torch.empty(batch_size * fan_in // n_embd, n_embd)
        self.embcat = self.emb.view(batch_size, fan_in)
        self.demb = torch.empty_like(self.emb)
        self.dembcat = self.demb.view(batch_size, fan_in)
        self.xhat, self.h, self.dh, self.work = (torch.empty(batch_size, n_hidden) for _ in range(4))
        self.logits, self.probs = (torch.empty(batch_size, vocab_size) for _ in range(2))
        self.ones, self.minus_one = torch.ones(batch_size), torch.full((batch_size, 1), -1.0)
        self.transposed = weights.W1.T, weights.W2.T, self.embcat.T, self.h.T, self.work.T, self.probs.T

    @torch.no_grad()
    def __call__(self, x: Int[Tensor, "BT"], y: Int[Tensor, "B 1"], lr: float, picked: Float[Tensor, "B 1"]) -> None:
        """Change the weights; leave in `picked` what each row gave to its target."""
        C, W1, b1, W2, b2, bngain, bnbias = self.weights
        W1_T, W2_T, embcat_T, h_T, dhprebn_T, dlogits_T = self.transposed
        n, xhat, h, dh, work = self.n, self.xhat, self.h, self.dh, self.work
        # forward
        torch.index_select(C, 0, x, out=self.emb)
        torch.addmm(b1, self.embcat, W1, out=xhat)
        var, mean = torch.var_mean(xhat, 0, correction=1)
        rstd = var.add_(EPS).rsqrt_()
        xhat.sub_(mean).mul_(rstd)
        torch.addcmul(bnbias, xhat, bngain, out=h).tanh_()
        torch.addmm(b2, h, W2, out=self.logits)
        torch.softmax(self.logits, 1, out=self.probs)
        torch.gather(self.probs, 1, y, out=picked)
        # backward: n times too large, because the 1/n of the mean waits in the size of the step
        dlogits = self.probs.scatter_add_(1, y, self.minus_one)  # softmax - onehot
        torch.mm(dlogits, W2_T, out=dh)
        torch.mul(h, h, out=work)
        dy = dh.addcmul_(dh, work, value=-1)  # dh (1 - h^2)
        sum_dy = dy.sum(0)
        sum_dy_xhat = torch.mul(dy, xhat, out=work).sum(0)
        torch.addcmul(dy, xhat, sum_dy_xhat, value=-1 / (n - 1), out=work)
        dhprebn = work.sub_(sum_dy, alpha=1 / n).mul_(bngain * rstd)
        torch.mm(dhprebn, W1_T, out=self.dembcat)
        # update: product (a sum over rows is one with ones), scale and subtraction in one call each
        step = -lr / n
        W2.addmm_(h_T, dlogits, alpha=step)
        b2.addmv_(dlogits_T, self.ones, alpha=step)
        bngain.add_(sum_dy_xhat, alpha=step)
        bnbias.add_(sum_dy, alpha=step)
        W1.addmm_(embcat_T, dhprebn, alpha=step)
        b1.addmv_(dhprebn_T, self.ones, alpha=step)
        C.index_add_(0, x, self.demb, alpha=step)


class AutogradStep:
    """The same step as the lecture writes it with autograd: same arguments, same result."""

    def __init__(self, weights: Weights, batch_size: int):
        self.weights = Weights(*(w.requires_grad_() for w in weights))
        self.n = batch_size

    def __call__(self, x: Int[Tensor, "BT"], y: Int[Tensor, "B 1"], lr: float, picked: Float[Tensor, "B 1"]) -> None:
        """As `HandStep`; `picked` holds the geometric mean of the rows in every place."""
        C, W1, b1, W2, b2, bngain, bnbias = self.weights
        hprebn = C[x].view(self.n, -1) @ W1 + b1
        mean, var = hprebn.mean(0, keepdim=True), hprebn.var(0, keepdim=True)
        h = torch.tanh(bngain * (hprebn - mean) * (var + EPS) ** -0.5 + bnbias)
        loss = F.cross_entropy(h @ W2 + b2, y.view(-1))
        for p in self.weights:
            p.grad = None
        loss.backward()
        for p in self.weights:
            assert p.grad is not None
            p.data.add_(p.grad, alpha=-lr)
        picked.fill_(math.exp(-loss.item()))


class Trained(NamedTuple):
    """The weights after training and the loss of every step's batch, before its update."""

    weights: Weights
    losses: Float[Tensor, "steps"]


def train_lecture(
    x: Int[Tensor, "N T"],
    y: Int[Tensor, "N"],
    *,
    steps: int = 200_000,
    batch_size: int = 32,
    n_hidden: int = 200,
    vocab_size: int = 27,
    lr: Callable[[int], float] | None = None,
    seed: int = 2147483647,
    step_by: Callable[[Weights, int], Callable[..., None]] = HandStep,
) -> Trained:
    """Train the lecture's network on windows x and next characters y, without autograd (or with it: AutogradStep).

    The rate is the lecture's unless given: 0.1, and 0.01 from half of the steps. One generator draws the weights and
    then the batches, as in the lecture.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = lecture_weights(generator, vocab_size=vocab_size, block_size=x.shape[1], n_hidden=n_hidden)
    step = step_by(weights, batch_size)
    rate = lr or (lambda i: 0.1 if i < steps / 2 else 0.01)
    picked = torch.empty(steps, batch_size)
    for i, (xb, yb) in enumerate(_batches(x, y, steps, batch_size, generator)):
        step(xb, yb, rate(i), picked[i, :, None])
    return Trained(Weights(*(w.detach() for w in weights)), -picked.log().mean(1))


def _batches(
    x: Tensor, y: Tensor, steps: int, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows drawn with replacement, a thousand batches at a time; the numbers are those of drawing one by one."""
    for start in range(0, steps, 1000):
        rows = torch.randint(len(x), (min(1000, steps - start), batch_size), generator=generator)
        yield from zip(x[rows].flatten(1).unbind(), y[rows].unsqueeze(2).unbind(), strict=True)


def lecture_loss(
    weights: Weights, x: Int[Tensor, "N T"], y: Int[Tensor, "N"], calibrate_on: Int[Tensor, "M T"]
) -> float:
    """Mean loss in nats, BatchNorm with the mean and the variance (n - 1) over all of the training windows."""
    C, W1, b1, W2, b2, bngain, bnbias = weights
    var, mean = torch.var_mean(C[calibrate_on].flatten(1) @ W1 + b1, 0, correction=1)
    hprebn = C[x].flatten(1) @ W1 + b1
    h = torch.tanh(bngain * (hprebn - mean) * (var + EPS) ** -0.5 + bnbias)
    return F.cross_entropy(h @ W2 + b2, y).item()
