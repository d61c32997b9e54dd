"""The exercises that there are: a broken file, hints, our solution, and a judge each."""

import re
from dataclasses import dataclass
from pathlib import Path

from moreish.lessons.judging.answer import Answer, Wrong, described

HERE = Path(__file__).parent
QUICK, SLOW = 30.0, 1200.0  # seconds that an answer may take


@dataclass(frozen=True)
class Exercise:
    """An exercise: "3.2", the name of its file, what it asks, hints from vague to plain, and its time limit."""

    id: str
    slug: str
    asks: str
    hints: tuple[str, ...]
    seconds: float = QUICK

    @property
    def file(self) -> str:
        """What its file is called: 03_2_trigram.py."""
        lesson, number = self.id.split(".")
        return f"{int(lesson):02}_{number}_{self.slug}.py"

    @property
    def task(self) -> str:
        """The broken file."""
        return (HERE / "tasks" / self.file).read_text(encoding="utf-8")

    @property
    def solution(self) -> str:
        """Our answer."""
        return (HERE / "solutions" / self.file).read_text(encoding="utf-8")


def judge(chosen: Exercise, text: str, path: Path | None = None) -> str | None:
    """What is wrong with this answer, in a sentence; None where it is right. In this process, without a limit.

    An answer may return anything, so what a judge stumbles over is a fault of the answer too.
    """
    from moreish.lessons.judging import judge_of

    try:
        judge_of(chosen.id)(Answer.of(text, path or Path(chosen.file)))
    except Wrong as wrong:
        return str(wrong)
    except Exception as error:
        return f"what it returns is not of the kind that is asked for above ({described(error)})"
    return None


def exercise(id: str) -> Exercise:
    """The exercise of this id, or of this file. Raises ValueError where there is none."""
    name = Path(id).name
    if found := re.match(r"(\d\d)_(\d+)_\w+\.py$", name):
        name = f"{int(found[1])}.{found[2]}"
    for each in EXERCISES:
        if each.id == name:
            return each
    raise ValueError(f'there is no exercise "{id}"; there are {", ".join(e.id for e in EXERCISES)}')


EXERCISES = [
    Exercise("1.1", "slope", "the slope of a function by nudging", (
        "Move x a little, see how far f moves, divide.",
        "One side is off by about h; both sides, f(x + h) and f(x - h), by about h squared.",
        "return (f(x + h) - f(x - h)) / (2 * h), with h about 1e-5",
    )),
    Exercise("2.1", "product", "the backward of a product in a small engine", (
        "x * x uses x twice.",
        "Each factor gets the other one, times what came in (out.grad), added to what it has.",
        "self.grad += other.data * out.grad, and the same with the two exchanged",
    )),
    Exercise("2.2", "tanh", "the backward of tanh", (
        "The slope of tanh is 1 - tanh(x)^2: the result is in it, not x.",
        "Multiply with out.grad, and add.",
        "self.grad += (1 - out.data**2) * out.grad",
    )),
    Exercise("2.3", "order", "an order in which nobody has to wait", (
        "A value comes after everything that it was made of.",
        "Use a list as a stack: come by each value twice, first to push its children, then to place it.",
        "Push (value, False); when it is popped, push (value, True) and its children as (child, False); a True is placed.",
    )),
    Exercise("3.1", "rows", "chances from counts: each row sums to 1", (
        "Print P.sum(1): is it 1 everywhere?",
        "Without keepdim the sums are a row, and divide columns.",
        "N = N + k; return N / N.sum(1, keepdim=True)",
    )),
    Exercise("3.2", "trigram", "a trigram: two letters before", (
        "The first letter of a name has two dots before it, the second a dot and a letter.",
        "Count in N[a, b, c] over '..' + word + '.'.",
        "(N + k) / (N + k).sum(2, keepdim=True)",
    )),
    Exercise("3.3", "tuning", "splits, and a smoothing that is chosen on dev", (
        "Shuffle before cutting: lists are often sorted. Use a generator of your own with the seed.",
        "Fit on train, look at dev for each strength, keep the best.",
        "Only then look at test, once.",
    )),
    Exercise("4.1", "nll", "the loss of a list of words", (
        "A word of 4 letters is 5 predictions: its end counts.",
        "The sum of -log chances, divided by the number of predictions (not of words).",
        "for a, b in zip('.' + word, word + '.'): total -= log(P[letters.index(a), letters.index(b)]); n += 1",
    )),
    Exercise("5.1", "index", "an index in place of a one-hot product", (
        "A one-hot row times W is one row of W.",
        "Tensors can be indexed by a tensor of ids.",
        "return W[x]",
    )),
    Exercise("5.2", "cross_entropy", "a cross-entropy that does not overflow", (
        "exp(1000) is infinite; softmax does not change when the same number is taken off all logits of a row.",
        "Take off the largest, then log(sum(exp)).",
        "logits = logits - logits.max(1, keepdim=True).values; (logits.exp().sum(1).log() - logits[arange, y]).mean()",
    )),
    Exercise("5.3", "penalty", "a penalty that smooths", (
        "It is added to the loss: large numbers cost.",
        "strength times the mean of the squares of W.",
        "F.cross_entropy(W[x], y) + strength * (W**2).mean()",
    )),
    Exercise("6.1", "windows", "rows of letters and the one that follows", (
        "Each word begins anew, with nothing but 0 before it.",
        "The end of a word is a target too: 0.",
        "context = [0] * block; for each target: x.append(context); y.append(target); context = context[1:] + [target]",
    )),
    Exercise("6.2", "beat", "beat 2.2: settings of the net of lesson 6", (
        "Longer first: steps, with the rate taken down at the end.",
        "More letters before (block_size 5 or 8) help more than more units.",
        "block_size 8, n_embd 16, n_hidden 200, steps 20_000, optimizer adamw, lr 3e-3, schedule cosine",
    ), SLOW),
    Exercise("7.1", "rates", "learning rates to try, evenly in their exponents", (
        "From 0.001 to 0.01 there are as many as from 0.1 to 1.",
        "Evenly spaced exponents, then 10 to that power.",
        "10 ** torch.linspace(log10(low), log10(high), n)",
    )),
    Exercise("8.1", "first_loss", "a start that knows that it knows nothing", (
        "What is the spread of the logits? It should be small; that of what goes into tanh about 1.",
        "Make W2 small, b2 zero; divide W1 by the root of its fan_in.",
        "W1 = randn * (5/3) / (block * n_embd)**0.5; W2 = randn * 0.01; b1 = randn * 0.01; b2 = zeros",
    )),
    Exercise("8.2", "zeros", "everything zero: which part still trains?", (
        "Follow the slopes back by hand. What is h, if W1 and b1 are 0?",
        "W2's slope is h times dlogits; dh is dlogits times W2.",
        "Only what needs neither h nor W2 to be other than 0.",
    )),
    Exercise("8.3", "gain", "weights that keep the spread through ten layers of tanh", (
        "A sum of fan_in numbers of spread 1 has spread sqrt(fan_in).",
        "tanh squeezes a little, at every layer; make up for it.",
        "randn(fan_in, fan_out) * (5/3) / fan_in**0.5",
    )),
    Exercise("9.1", "batchnorm", "a BatchNorm, in training and afterwards", (
        "Mean and variance over the batch, that is dimension 0.",
        "While training, keep 0.9 of the running numbers and take 0.1 of the batch's; afterwards use them and leave them.",
        "xhat = (x - mean) / (var + eps)**0.5; return gain * xhat + bias",
    )),
    Exercise("9.2", "fold", "fold a BatchNorm into the layer before it", (
        "Write out gain * (x @ W + b - mean) / sqrt(var + eps) + bias, and sort by x.",
        "Every column of W is multiplied by gain / sqrt(var + eps).",
        "s = gain / (var + eps)**0.5; return W * s, (b - mean) * s + bias",
    )),
    Exercise("10.1", "by_hand", "26 slopes by hand", (
        "Go from the loss backwards, one line at a time; print shapes.",
        "A value that is used twice gets two shares: counts, logits, norm_logits, bndiff and hprebn.",
        "moreish lessons solution 10.1, but only after the first ten",
    )),
    Exercise("10.2", "dlogits", "the slope of cross-entropy in one expression", (
        "It is softmax minus something.",
        "Minus one-hot: 1 at the target only; and the mean brings 1/n.",
        "p = softmax(logits, 1); p[arange(n), y] -= 1; return p / n",
    )),
    Exercise("10.3", "dbatchnorm", "the slope of BatchNorm in one expression", (
        "x reaches y by three ways: straight, through the mean, through the variance.",
        "The variance divides by n - 1 here.",
        "bngain * bnvar_inv / n * (n * dy - dy.sum(0) - n / (n - 1) * bnraw * (dy * bnraw).sum(0))",
    )),
    Exercise("10.4", "your_rules", "your rules train names", (
        "linear: y = x W^T + b. The shapes leave one product for each.",
        "dx = dy W, dW = dy^T x, db is the sum over the batch; tanh: dy (1 - y^2).",
        "return dy @ weight, dy.T @ x, dy.sum(0)",
    ), 120.0),
    Exercise("10.5", "mean_square", "the slope of a mean of squares", (
        "The square gives 2 x; the mean divides.",
        "By how many? By all numbers of x.",
        "return dy * 2 * x / x.numel()",
    )),
    Exercise("10.6", "std", "the slope of a standard deviation", (
        "It is the root of a variance: 1 / (2 std) times the variance's slope.",
        "The variance divides by n - 1.",
        "return dy * (x - x.mean()) / ((n - 1) * x.std())",
    )),
    Exercise("10.7", "logsumexp", "the slope of a log of a sum of exponentials", (
        "log brings 1 over the sum, exp itself: what is that quotient called?",
        "The softmax of x, over dimension 1.",
        "return dy[:, None] * torch.softmax(x, 1)",
    )),
    Exercise("10.8", "silu", "the slope of x sigmoid(x)", (
        "A product: each factor has its turn.",
        "sigmoid's slope is s (1 - s).",
        "return dy * (s + x * s * (1 - s))",
    )),
    Exercise("11.1", "join", "join neighbours: (B, T, C) to (B, T/n, nC)", (
        "What lies side by side in memory can be viewed as one row.",
        "view keeps the order of the numbers, and that is just what is wanted.",
        "x = x.view(B, T // n, C * n); return x.squeeze(1) if x.shape[1] == 1 else x",
    )),
    Exercise("11.2", "dilated", "a causal dilated convolution", (
        "Place t sees t and t - dilation, nothing after t.",
        "Pad dilation zeros in front.",
        "before = F.pad(x, (dilation, 0))[..., :T]; w[:, :, 0] is for before, w[:, :, 1] for x",
    )),
    Exercise("11.3", "gated", "gate, residual and skip", (
        "z = tanh(filter) * sigmoid(gate).",
        "The residual is added to x; the skip is not.",
        "return x + Wr @ z, Ws @ z (the same product at every place)",
    )),
    Exercise("11.4", "beat_wavenet", "beat 1.993: settings of any net", (
        "Longer, wider, AdamW with cosine; a gru or a gated WaveNet.",
        "Dropout where val stays above train.",
        "model wavenet-gated or gru, n_hidden 128 or more, 20,000 steps, lr 3e-3, weight decay 0.1",
    ), SLOW),
    Exercise("12.1", "causal", "a causal map", (
        "The mask comes before the softmax, as minus infinity.",
        "Divide the scores by the root of the size.",
        "s = q @ k.mT / size**0.5; s.masked_fill(ones(T, T).triu(1).bool(), -inf).softmax(-1) @ v",
    )),
    Exercise("12.2", "dattention", "the backward of attention", (
        "dv is P^T dy; dP is dy v^T.",
        "Through the softmax: ds = P (dP - sum of dP P over the row).",
        "return scale * ds @ k, scale * ds.mT @ q, P.mT @ dy",
    )),
    Exercise("12.3", "memory", "a memory that is carried on", (
        "Does each step begin with what the last one left?",
        "h = cell(x, h), and h goes into the next.",
        "for x in xs.unbind(1): h = cell(x, h); all.append(h); return torch.stack(all, 1)",
    )),
    Exercise("12.4", "mix", "mix two models", (
        "What is mixed are chances, not their logarithms.",
        "log(w p1 + (1 - w) p2).",
        "torch.logaddexp(w.log() + l1, (1 - w).log() + l2)",
    )),
]  # fmt: skip
