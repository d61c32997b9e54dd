"""Judges of lessons 3 to 5: tables of chances, splits, losses. Oracles count by brute force, in float64."""

import math
import random
from collections import Counter
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from moreish.lessons.judging.answer import Answer, Wrong, close, compare, tensor

LETTERS = ".abcdefghijklmnopqrstuvwxyz"
WORDS = ["emma", "ava", "olivia", "anna", "zoe", "mia", "aaron"]


def rows(answer: Answer) -> None:
    """3.1: rows that sum to 1, with k in numerator and denominator."""
    N = torch.tensor([[5, 1, 4], [0, 2, 8], [3, 3, 0]])
    for k in (1, 0.5):
        n = N.double() + k
        right = n / n.sum(1, keepdim=True)
        mistakes = {
            "each column is divided, by the sum of another row: keep the dimension, N.sum(1, keepdim=True)": n
            / n.sum(1),
            "the columns sum to 1, and the rows belong to": n / n.sum(0, keepdim=True),
            "everything is divided by the sum of all": n / n.sum(),
            "k is missing": N / N.sum(1, keepdim=True),
            "k is added above, and not to the sums below": n / N.sum(1, keepdim=True),
            "k is added after the division": N / N.sum(1, keepdim=True) + k,
            "k is not used: 1 is added whatever it is": (N + 1.0) / (N + 1.0).sum(1, keepdim=True),
            "a softmax is for logits: counts are divided by their sum as they are": n.softmax(1),
            "these are counts: divide each row by its sum": n,
            "these are logarithms: the chances are wanted": right.log(),
        }
        before = N.clone()
        compare("probabilities", answer.call_with("probabilities", N, k), right, mistakes)
        if not torch.equal(N, before):
            raise Wrong("probabilities changes the counts that it was given: work on a copy")


def trigram(answer: Answer) -> None:
    """3.2: against counting by brute force."""
    for k in (1.0, 0.1):
        counts = torch.zeros(27, 27, 27, dtype=torch.float64)
        short = counts.clone()  # with a single dot in front
        endless = counts.clone()
        for word in WORDS:
            for a, b, c in _threes(f"..{word}."):
                counts[a, b, c] += 1
            for a, b, c in _threes(f".{word}."):
                short[a, b, c] += 1
            for a, b, c in _threes(f"..{word}"):
                endless[a, b, c] += 1
        n = counts + k
        mistakes = {
            "a name begins with two dots: the first letter is never predicted": _normal(short + k),
            "the end of a name is never counted": _normal(endless + k),
            "it is normalised over the wrong letter: for each a and b, the chances of c sum to 1": n
            / n.sum(1, keepdim=True),
            "it is normalised over the first letter: for each a and b, the chances of c sum to 1": n
            / n.sum(0, keepdim=True),
            "everything is divided by the sum of all: for each a and b, the chances of c sum to 1": n / n.sum(),
            "k is missing": (counts / counts.sum(2, keepdim=True)).nan_to_num(),
            "these are counts: divide by their sum over c": n,
            "keepdim is missing: other rows are divided": n / n.sum(2),
            "k is added above, and not to the sums below": n / counts.sum(2, keepdim=True),
            "27 counts have k added, so the sum below has 27 k: sum after k was added": n
            / (counts.sum(2, keepdim=True) + k),
            "k is added after the division": _normal(counts).nan_to_num() + k,
            "how often does not count: N[a, b, c] += 1, and not = 1": _normal((counts > 0) + k),
            "names run into one another: each begins with two dots of its own": _normal(_joined() + k),
        } | {
            f"the letters stand in another order: the chance is that of c after a and b, N[a, b, c], not N[{said}]": n.permute(
                *order
            )
            / n.permute(*order).sum(2, keepdim=True)
            for said, order in {"b, a, c": (1, 0, 2), "c, b, a": (2, 1, 0), "a, c, b": (0, 2, 1)}.items()
        }
        compare("trigram", answer.call("trigram", list(WORDS), k), _normal(n), mistakes)


def _threes(text: str) -> Iterator[tuple[int, int, int]]:
    ids = [LETTERS.index(letter) for letter in text]
    return zip(ids, ids[1:], ids[2:], strict=False)


def _joined() -> Tensor:
    """Counts of the list as one text, with one dot between names."""
    counts = torch.zeros(27, 27, 27, dtype=torch.float64)
    for a, b, c in _threes("." + "".join(f".{word}" for word in WORDS) + "."):
        counts[a, b, c] += 1
    return counts


def _normal(n: Tensor) -> Tensor:
    return n / n.sum(2, keepdim=True)


def tuning(answer: Answer) -> None:
    """3.3: what a split is, and who looks at what, how often."""
    _check_split(answer)
    train, dev, test = ["t"] * 8, ["d"], ["x"]
    looked: Counter[str] = Counter()
    fitted: list[str] = []

    def fit(words: list[str], strength: float) -> tuple[float]:
        fitted.append("".join(sorted(set(words))))
        return (strength,)

    def loss(model: tuple[float], words: list[str]) -> float:
        looked["".join(sorted(set(words)))] += 1
        best = {"t": 0.01, "d": 0.1, "x": 1.0}["".join(sorted(set(words)))[0]]
        off = math.log10(model[0] / best)
        return 2 + (off if off > 0 else -1.5 * off)

    found = answer.call("tune", train, dev, test, [0.01, 0.1, 1.0, 10.0], fit, loss)
    if any(words != "t" for words in fitted):
        raise Wrong("a model is fitted on words that it is to be measured on: fit on train only")
    try:
        strength, result = found
    except (TypeError, ValueError):
        raise Wrong("tune returns two things: the strength and the loss on test") from None
    if strength == 0.01:
        raise Wrong("the strength is chosen on train, where less smoothing always looks better: choose on dev")
    if strength == 1.0 or looked["x"] > 1:
        raise Wrong(f"test is looked at {looked['x']} times, to choose: choose on dev, and look at test once")
    if strength == 10.0:
        raise Wrong("the largest loss is chosen, and the smallest is wanted")
    if strength != 0.1:
        raise Wrong(f"the strength that is best on dev is 0.1, and {strength} is returned")
    if not looked["x"]:
        raise Wrong("test is never looked at: the loss that is returned is another one's")
    if math.isclose(result, 3.0):
        raise Wrong("the loss on test is that of the model fitted last: keep the chosen one's, or fit it again")
    if not math.isclose(result, 3.5):
        raise Wrong(f"the loss on test of the chosen strength is 3.5, and {result:.4g} is returned")


def _check_split(answer: Answer) -> None:
    words = [f"w{i:04}" for i in range(1000)]
    state = random.getstate()
    given = list(words)
    parts = answer.call_with("split", given, 42)
    if random.getstate() != state:
        raise Wrong(
            "split takes its numbers from random's own generator, and moves it: random.Random(seed) is one of its own"
        )
    if given != words:
        raise Wrong("split shuffles the list that it was given: work on a copy")
    try:
        train, dev, test = (list(part) for part in parts)
    except (TypeError, ValueError):
        raise Wrong("split returns three lists: train, dev and test") from None
    if set(train) & set(dev) or set(train) & set(test) or set(dev) & set(test):
        raise Wrong("a word is in two parts: what was trained on must not be measured on")
    if sorted(train + dev + test) != words:
        raise Wrong(f"of 1000 words {len({*train, *dev, *test})} are in a part: each belongs in exactly one")
    if [len(train), len(dev), len(test)] != [800, 100, 100]:
        raise Wrong(f"the parts have {len(train)}, {len(dev)} and {len(test)} words; 80%, 10% and 10% are wanted")
    if train == words[:800] or sorted(train) == words[:800]:
        raise Wrong("the list is cut without being shuffled, and lists are often sorted: dev would be other words")
    if [list(part) for part in answer.call("split", list(words), 42)] != [train, dev, test]:
        raise Wrong("the same seed gives another split")
    if [list(part) for part in answer.call("split", list(words), 43)] == [train, dev, test]:
        raise Wrong("another seed gives the same split: the seed is not used")


def nll(answer: Answer) -> None:
    """4.1: by brute force, with what people count by mistake."""
    g = torch.Generator().manual_seed(0)
    P = torch.rand((27, 27), generator=g, dtype=torch.float64) + 0.01
    P /= P.sum(1, keepdim=True)
    for words in (WORDS, ["ab"]):
        logs = [
            [math.log(P[LETTERS.index(a), LETTERS.index(b)]) for a, b in zip("." + w, w + ".", strict=True)]
            for w in words
        ]
        each = [x for word in logs for x in word]
        right = -sum(each) / len(each)
        mistakes = {
            "it is the sum, and the mean over all predictions is wanted": -sum(each),
            "the sign: a loss is positive": sum(each) / len(each),
            "it is a mean for each word, and each prediction counts alike": -sum(map(sum, logs)) / len(logs),
            "it is the mean of the words' means: a long word counts for more letters than a short one": -sum(
                sum(word) / len(word) for word in logs
            )
            / len(logs),
            "the end of a word is a prediction too": -sum(x for word in logs for x in word[:-1])
            / sum(len(word) - 1 for word in logs),
            "the first letter is a prediction too, after the dot": -sum(x for word in logs for x in word[1:])
            / sum(len(word) - 1 for word in logs),
            "it is divided by the letters, and the ends are predictions too": -sum(each) / sum(map(len, words)),
            "it is the log of the mean chance, and the mean of the logs is wanted": -math.log(
                sum(math.exp(x) for x in each) / len(each)
            ),
            "it is in bits: the natural logarithm is wanted": right / math.log(2),
            "row and column are exchanged: P[a, b] is the chance of b after a": _loss_of(P.T, words),
            "the logarithm is missing: that is the mean chance": sum(map(math.exp, each)) / len(each),
            "the logarithm is missing: that is minus the mean chance": -sum(map(math.exp, each)) / len(each),
        }
        compare("nll", answer.call("nll", list(words), P), right, mistakes)


def _loss_of(P: Tensor, words: list[str]) -> float:
    pairs = [(LETTERS.index(a), LETTERS.index(b)) for w in words for a, b in zip(f".{w}", f"{w}.", strict=True)]
    return -sum(math.log(P[pair]) for pair in pairs) / len(pairs)


class _Largest(TorchFunctionMode):
    """The most numbers in any tensor that torch makes meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


def index(answer: Answer) -> None:
    """5.1: the rows, their slopes, and no tensor as large as the one-hot rows on the way."""
    g = torch.Generator().manual_seed(0)
    W = torch.randn((50, 4), generator=g, requires_grad=True)
    x = torch.randint(50, (30,), generator=g)
    x[3] = x[0]
    one_hot = F.one_hot(x, 50).float()
    with _Largest() as seen:
        found = answer.call("logits", W, x)
    compare("logits", found, one_hot @ W, {"it is W's columns, and its rows are wanted": W.t()[x % 4]})
    if seen.numbers >= x.numel() * len(W):
        raise Wrong(f"on the way {seen.numbers:,} numbers are made for {x.numel()} rows of 4: index W instead")
    if not isinstance(found, Tensor) or not found.requires_grad:
        raise Wrong("logits has lost its way back to W: no detach, no tolist, no .data")
    [dW] = torch.autograd.grad(found.square().sum(), [W])
    [right] = torch.autograd.grad((one_hot @ W).square().sum(), [W])
    if not close(tensor(dW, "dW"), tensor(right, "right")):
        raise Wrong("the slopes of W are not those of the product")


def cross_entropy(answer: Answer) -> None:
    """5.2: small logits, large ones of either sign, and slopes."""
    g = torch.Generator().manual_seed(0)
    logits = torch.randn((6, 5), generator=g, dtype=torch.float64)
    y = torch.randint(5, (6,), generator=g)
    each = F.cross_entropy(logits, y, reduction="none")
    p = logits.softmax(1)
    mistakes = {
        "it is the sum over the rows, and the mean is wanted": each.sum(),
        "the sign: a loss is positive": -each.mean(),
        "it is a loss for each row: take the mean": each,
        "the logarithm is missing": -p[torch.arange(6), y].mean(),
        "the softmax runs down the columns: sum over dimension 1": -logits.softmax(0)[torch.arange(6), y]
        .log()
        .mean(),
        "it is minus the logit alone: the log of the sum is missing": -logits[torch.arange(6), y].mean(),
        "it is the mean over all letters, and only the target counts": -p.log().mean(),
        "every row is read at the targets of all rows, [:, y]: each has its own, [torch.arange(len(y)), y]": -p[:, y]
        .log()
        .mean(),
        "softmax is taken twice": F.cross_entropy(p, y),
        "these are bits: the natural logarithm is wanted": each.mean() / math.log(2),
    }
    before = logits.clone()
    compare("cross_entropy", answer.call_with("cross_entropy", logits, y), each.mean(), mistakes)
    if not torch.equal(before, logits):
        raise Wrong("cross_entropy changes the logits that it was given: work on a copy")
    for shift, words in ((1000.0, "large"), (-1000.0, "far below 0")):
        found = tensor(answer.call("cross_entropy", logits + shift, y), "cross_entropy")
        if not found.isfinite():
            raise Wrong(f"with logits that are {words} it is {found.item()}: take off the largest of each row first")
    heights = logits + torch.linspace(0, 4000, 6, dtype=torch.float64)[:, None]
    if not tensor(answer.call("cross_entropy", heights, y), "cross_entropy").isfinite():
        raise Wrong("with rows at different heights it is no number: take off the largest of each row, not of all")
    spread = logits * 500
    found = tensor(answer.call("cross_entropy", spread, y), "cross_entropy")
    right = F.cross_entropy(spread, y)
    if not close(found, right):
        raise Wrong(
            f"with logits that lie far apart it is {found.item():.4g}, and {right.item():.4g} is right: an exp that has "
            "become 0 has no logarithm, so keep log(softmax) as logit - log(sum)"
        )
    leaf = logits.clone().requires_grad_()
    value = answer.call("cross_entropy", leaf, y)
    if not isinstance(value, Tensor) or not value.requires_grad:
        raise Wrong("cross_entropy has lost its way back to the logits: no detach, no item, no .data")
    [slope] = torch.autograd.grad(value, [leaf])
    if not close(slope, (p - F.one_hot(y, 5)) / 6):
        raise Wrong("the value is right and its slope is not: something on the way was detached")


def penalty(answer: Answer) -> None:
    """5.3: cross-entropy and strength * mean(W^2)."""
    g = torch.Generator().manual_seed(0)
    W = torch.randn((6, 6), generator=g, dtype=torch.float64)
    x, y = torch.randint(6, (20,), generator=g), torch.randint(6, (20,), generator=g)
    nll = F.cross_entropy(W[x], y)
    for s in (0.5, 2.0):
        mistakes = {
            "the penalty is missing": nll,
            "it is the sum of the squares, and the mean is wanted": nll + s * (W**2).sum(),
            "the sign: large numbers are rewarded": nll - s * (W**2).mean(),
            "the square is missing: numbers below 0 cost less than nothing": nll + s * W.mean(),
            "strength is not used": nll + (W**2).mean(),
            "the penalty multiplies the loss, and is added to it": nll * (1 + s * (W**2).mean()),
            "the loss is multiplied by strength, and the penalty is": s * nll + (W**2).mean(),
            "it is the square of the mean, and the mean of the squares is wanted": nll + s * W.mean() ** 2,
            "it is half of the mean of the squares": nll + s / 2 * (W**2).mean(),
            "it is the variance, and the mean of the squares is wanted": nll + s * W.var(),
            "it is the root of the mean, and the mean of the squares is wanted": nll + s * (W**2).mean().sqrt(),
            "it is the mean over the rows of sums of squares: the mean over all numbers is wanted": nll
            + s * (W**2).sum(1).mean(),
            "the cross-entropy is missing": s * (W**2).mean(),
            "it is the norm, and the mean of the squares is wanted": nll + s * W.norm(),
            "it is the mean of |W|, and that of the squares is wanted": nll + s * W.abs().mean(),
            "only the rows that were looked up are penalised: all of W is wanted": nll + s * (W[x] ** 2).mean(),
        }
        compare("loss", answer.call("loss", W, x, y, s), nll + s * (W**2).mean(), mistakes)


JUDGES = {
    "3.1": rows, "3.2": trigram, "3.3": tuning, "4.1": nll, "5.1": index, "5.2": cross_entropy, "5.3": penalty,
}  # fmt: skip
