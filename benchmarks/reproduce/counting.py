"""What needs no training: the scalar engine, facts about the list, counts, Kneser-Ney, gradients by hand."""

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.reproduce.chunked import Chunked
from benchmarks.reproduce.job import Figures, Work
from moreish import ngram
from moreish.backprop import by_hand, compare_gradients
from moreish.data.batches import windows
from moreish.fitting.counting import counts_of
from moreish.inference.evaluate import mean_loss
from moreish.scalar import Value, examples, moons, nn


def scalar(_: Work) -> Figures:
    """micrograd's README, the neuron, a value used twice, the two moons."""
    found: Figures = {}
    for name in ("expression", "neuron"):
        root = examples.EXAMPLES[name]()
        root.backward()
        found[f"{name} forward"] = root.data
        found |= {f"{name} d{leaf.label}": leaf.grad for leaf in _leaves(root)}
    a = Value(3.0, "a")
    (a + a).backward()
    found["a + a"] = a.grad
    model = nn.MLP(2, [16, 16, 1], "relu", generator=random.Random("0 net"))
    last = list(moons.train(model, moons.two_moons(100, 0.1, random.Random("0 points"))))[-1]
    found["moons parameters"] = float(len(model.parameters()))
    found["moons accuracy"], found["moons loss"] = last.accuracy, last.loss
    return found


def _leaves(root: Value) -> list[Value]:
    from moreish.scalar import topological_order

    return [v for v in topological_order(root) if v.label and not v.edges]


def facts(work: Work) -> Figures:
    """names.txt and its split."""
    corpus = work.names()
    items = list(corpus.items)
    train, val, test = (corpus.split(name) for name in ("train", "val", "test"))
    seen = {train.item(i, corpus.vocab) for i in range(len(train))}

    def known(part) -> float:
        return 100 * float(np.mean([part.item(i, corpus.vocab) in seen for i in range(len(part))]))

    everything = corpus.split("all")
    baselines = ngram.baselines(counts_of(everything, len(corpus.vocab), 2, weighted=False))
    return {
        "lines": float(len(items)),
        "predicted": float(everything.n_predicted),
        "symbols": float(len(corpus.vocab)),
        "different": float(len(set(items))),
        "val known": known(val),
        "test known": known(test),
        "rows": [float(len(windows(part, 3)[1])) for part in (train, val, test)],
        "uniform": mean_loss(baselines["uniform"], everything),
        "unigram": mean_loss(baselines["unigram"], everything),
    }


def bigram(work: Work) -> Figures:
    """The count table of all data, its losses and its first samples."""
    corpus = work.names()
    part, vocab = corpus.split("all"), corpus.vocab
    symbols = ".", *vocab.symbols
    pairs = Counter(pairwise(part.ids.tolist()))
    smoothed = ngram.AddK.fit(part.ids, part.offsets, len(vocab), 2, 1.0)
    exact = ngram.AddK.fit(part.ids, part.offsets, len(vocab), 2, 0.0)
    top = [f"{symbols[a]}{symbols[b]} {n}" for (a, b), n in pairs.most_common(10)]
    found: Figures = {
        "top": top,
        "pairs": float(len(pairs)),
        "maximum likelihood": mean_loss(exact, part),
        "add one": mean_loss(smoothed, part),
        "samples": _samples(pairs, symbols),
    }
    train, val = corpus.split("train"), corpus.split("val")
    for order in (2, 3, 4, 5):
        model = ngram.AddK.fit(train.ids, train.offsets, len(vocab), order, 0.1)
        found[f"add 0.1, order {order}"] = mean_loss(model, val)
    return found


def _samples(pairs: Counter[tuple[int, int]], symbols: tuple[str, ...]) -> list[str]:
    """The first four items that the lectures' seed draws from the smoothed table, by inverting the cumulative sum.

    That is how torch.multinomial drew when the lectures were recorded; it has changed since.
    """
    counts = torch.ones(len(symbols), len(symbols))
    for (a, b), n in pairs.items():
        counts[a, b] += n
    cumulative = (counts / counts.sum(1, keepdim=True)).double().cumsum(1)
    rng = torch.Generator().manual_seed(2147483647)
    drawn = []
    for _ in range(4):
        text, i = "", 0
        while not text or i:
            u = torch.rand((), dtype=torch.float64, generator=rng)
            i = int(torch.searchsorted(cumulative[i], u))
            text += symbols[i]
        drawn.append(text)
    return drawn


def one_hot(work: Work) -> Figures:
    """The one-hot net by full-batch gradient descent on all data; pairs that are alike are computed once."""
    corpus = work.names()
    ids = torch.from_numpy(corpus.split("all").ids.astype(np.int64))
    size = len(corpus.vocab)
    share = torch.bincount(ids[:-1] * size + ids[1:], minlength=size**2).view(size, size) / (len(ids) - 1)
    found: Figures = {}
    for name, penalty in (("with penalty", 0.01), ("without penalty", 0.0)):
        weight = torch.randn(size, size, generator=torch.Generator().manual_seed(2147483647), requires_grad=True)
        loss = weight.sum()
        for _ in range(300 if penalty else 20_000):
            loss = -(share * weight.log_softmax(1)).sum() + penalty * weight.square().mean()
            (gradient,) = torch.autograd.grad(loss, weight)
            with torch.no_grad():
                weight -= 50 * gradient
        found[name] = loss.item()
    found["parameters"] = float(size**2)
    return found


def kneser_ney(work: Work) -> Figures:
    """Orders 4 to 7 on val; order 6 on test; the same list without duplicates."""
    found: Figures = {}
    corpus = work.names()
    train, val, test = (corpus.split(name) for name in ("train", "val", "test"))
    for order in (4, 5, 6, 7):
        model = ngram.KneserNey.fit(train.ids, train.offsets, len(corpus.vocab), order)
        found[f"order {order} val"] = mean_loss(model, val)
        found[f"order {order} test"] = mean_loss(model, test)
    corpus = work.names(duplicates="drop")
    train, val, test = (corpus.split(name) for name in ("train", "val", "test"))
    model = ngram.KneserNey.fit(train.ids, train.offsets, len(corpus.vocab), 5)
    found["unique items"] = [float(len(part)) for part in (train, val, test)]
    found["unique val"], found["unique test"] = mean_loss(model, val), mean_loss(model, test)
    return found


def backprop(work: Work) -> Figures:
    """Every intermediate gradient of the chunked BatchNorm MLP, and the two famous steps in one expression."""
    corpus = work.names()
    x, y = windows(corpus.split("train"), 3)
    rows = np.random.default_rng(0).choice(len(y), 32, replace=False)
    idx, targets = (torch.from_numpy(a[rows].astype(np.int64)) for a in (x, y))
    model = Chunked(len(corpus.vocab), torch.Generator().manual_seed(2147483647))
    compared = compare_gradients(model, lambda: model(idx, targets), intermediates=True)
    logits = torch.randn(32, 27, generator=torch.Generator().manual_seed(1))
    hidden = torch.randn(32, 64, generator=torch.Generator().manual_seed(2))
    wanted = torch.randn(32, 64, generator=torch.Generator().manual_seed(3)) / 1000
    return {
        "parameters": float(sum(p.numel() for p in model.parameters())),
        "compared": float(len(compared)),
        "not exact": float(sum(not row.exact for row in compared)),
        "wrong": float(sum(not row.approximate for row in compared)),
        "largest": max(row.maxdiff for row in compared),
        "cross-entropy": _difference(logits, lambda a: F.cross_entropy(a, targets)),
        "batchnorm": _difference(hidden, lambda a: (F.batch_norm(a, None, None, training=True) * wanted).sum()),
    }


def _difference(x: torch.Tensor, loss) -> float:
    """The largest difference between the hand-derived gradient and autograd's."""
    gradients = []
    for context in (by_hand(), torch.enable_grad()):
        with context:
            leaf = x.clone().requires_grad_()
            loss(leaf).backward()
            gradients.append(leaf.grad)
    return float((gradients[0] - gradients[1]).abs().max())
