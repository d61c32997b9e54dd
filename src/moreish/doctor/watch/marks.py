"""Marks: what certain tensors of a step are, followed through the functions that they go through.

Noise that was drawn, data that noise was added to, data whose sign was turned, and log-probabilities of what was
chosen. Only the latter have a gradient.
"""

import re
import sys
import weakref
from typing import Any, Literal, NamedTuple

from torch import Tensor
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.noted import Weighed
from moreish.doctor.watch.arguments import Args, Kwargs, tensors_of
from moreish.doctor.watch.returns import Returns

What = Literal["noise", "corrupted", "turned", "choice", "entropy"]
MOST_WEIGHED = 64  # products of one step whose gradient is asked for
DEEP = 8  # frames of Python in which a distribution is looked for
COMPARISONS = {"gt", "ge", "lt", "le", "__gt__", "__ge__", "__lt__", "__le__"}
COSTS = re.compile(r"cost|penal|length|distance|regret|energ|tour")
GAINS = re.compile(r"reward|return|advant|gain|score|utilit")
# Kinds of functions through which data stay what they are.
FOLLOWED = {"add", "subtract", "multiply", "divide", "pointwise", "threshold", "view", "reorder", "cut"}
VIEWS = {"sum", "mean", "stack", "cat", "squeeze", "unsqueeze", "view", "reshape", "flatten", "clamp", "__getitem__"}


class Mark(NamedTuple):
    """What a tensor is, and with which sign; of corrupted data, what they were before."""

    what: What
    sign: float = 1.0
    clean: weakref.ref[Tensor] | None = None


class Marks:
    """The marks of one step. Tensors are not kept alive by it."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Tensor], Mark]] = {}
        self._handles: list[RemovableHandle] = []
        self._slopes: list[float] = []  # of products of log-probabilities and weights, by the log-probability
        self._weights: list[float] = []
        self.returns = Returns()
        self._costs = False
        self.held = False  # a log-probability met a weight with a gradient

    @property
    def any(self) -> bool:
        """Whether anything is marked."""
        return bool(self._known)

    def of(self, x: object) -> Mark | None:
        """The mark of this very tensor."""
        known = self._known.get(id(x))
        return known[1] if known is not None and known[0]() is x else None

    def is_corrupted(self, x: Tensor) -> bool:
        """Whether noise was added to this, or part of it masked away at random, and it is still there as it was.

        Data that are drawn anew at each step have noise in them, too, but nobody keeps them without.
        """
        mark = self.of(x)
        return mark is not None and mark.clean is not None and mark.clean() is not None

    def called(self, op: str, kind: str, args: Args, kwargs: Kwargs, y: Tensor, origin: Call | None) -> None:
        """Follow the marks of the arguments of a function to its result; `origin` is what made its first one."""
        given = tensors_of(args, kwargs)
        if not y.requires_grad:
            self._data(op, kind, args, given, y)
            return
        inside = _of_a_distribution()  # whatever it calculates with
        mark = Mark("choice") if inside else self._chosen(op, kind, args, kwargs, given, y, origin)
        if mark is not None:
            self._keep(y, mark)

    def weighed(self) -> Weighed | None:
        """How the loss goes with log-probabilities times weights, once backward is over."""
        for handle in self._handles:
            handle.remove()
        slopes, weights = self._slopes, self._weights
        if not slopes or not weights or max(weights) - min(weights) < 1e-6 * max(map(abs, weights)):
            return None
        up = sum(s > 0 for s in slopes)
        return Weighed(up, len(slopes) - up, self._costs)

    def forget(self) -> None:
        """Let go of everything."""
        self._known.clear()
        self._handles = []

    def _keep(self, y: Tensor, mark: Mark) -> None:
        self._known[id(y)] = weakref.ref(y), mark

    # Data

    def _data(self, op: str, kind: str, args: Args, given: list[Tensor], y: Tensor) -> None:
        if kind == "noise":
            self._keep(y, Mark("noise"))
            return
        marks = [m for t in given if (m := self.of(t)) is not None]
        sign = -1.0 if len(given) == 1 and (op == "neg" or _factor(op, args) < 0) else 1.0
        if not marks:
            if sign < 0:
                self._keep(y, Mark("turned", sign))
            return
        if kind not in FOLLOWED or (len(given) > 1 and self.of(given[0]) is None and marks[0].what == "turned"):
            return
        sign *= marks[0].sign
        whats = {m.what for m in marks}
        same = next((t for t in given if self.of(t) is None and t.numel() == y.numel()), None)
        if whats == {"noise"}:
            mixes = same is not None and kind in ("add", "subtract", "multiply", "pointwise")
            clean = weakref.ref(same) if mixes and same is not None else None
            self._keep(y, Mark("corrupted", sign, clean) if mixes else Mark("noise", sign))
        elif "corrupted" in whats and same is None:
            first = next(m for m in marks if m.what == "corrupted")
            self._keep(y, Mark("corrupted", sign, first.clean))
        elif whats == {"turned"}:
            self._keep(y, Mark("turned", sign))

    # Log-probabilities

    def _chosen(
        self, op: str, kind: str, args: Args, kwargs: Kwargs, given: list[Tensor], y: Tensor, origin: Call | None
    ) -> Mark | None:
        marks = [self.of(t) for t in given]
        chosen = [m for m in marks if m is not None and m.what == "choice"]
        if not chosen:
            return self._begins(op, kind, kwargs, y, origin)
        mark = chosen[0]
        others = [t for t, m in zip(given, marks, strict=True) if m is None or m.what != "choice"]
        if len({m.sign for m in chosen}) > 1 or (len(chosen) > 1 and op not in ("stack", "cat")):
            return Mark("entropy")
        if op == "neg":
            return mark._replace(sign=-mark.sign)
        if kind == "multiply" or (kind == "divide" and given and self.of(given[0]) is mark):
            return self._product(op, args, mark, others, y)
        if kind in ("subtract", "add") and not any(t.requires_grad for t in others):
            behind = kind == "subtract" and (op in ("rsub", "__rsub__") or self.of(args[0]) is None)
            return mark._replace(sign=-mark.sign if behind else mark.sign)
        return mark if op in VIEWS or kind == "view" or op == "exp" else None

    def _begins(self, op: str, kind: str, kwargs: Kwargs, y: Tensor, origin: Call | None) -> Mark | None:
        """A log-probability of a choice: of a distribution, gathered, or a loss that was not averaged."""
        if op in ("cross_entropy", "nll_loss"):
            return Mark("choice", -1.0) if y.dim() == 1 and kwargs.get("reduction") == "none" else None
        if origin is not None and op in ("gather", "__getitem__") and origin.op == "log_softmax":
            return Mark("choice")
        if origin is not None and op == "log" and origin.op in ("gather", "__getitem__"):
            return Mark("choice") if any(c.op == "softmax" for c in origin.sources) else None
        return None

    def _product(self, op: str, args: Args, mark: Mark, others: list[Tensor], y: Tensor) -> Mark | None:
        """A log-probability is weighed: by a number, by data, or by something that wants a gradient itself."""
        log_probs = next((t for t in args if isinstance(t, Tensor) and self.of(t) is mark), None)
        if not others:
            factor = _factor(op, args)
            if factor and log_probs is not None:
                self.returns.weighs(log_probs, factor)
            if factor and abs(factor) != 1:
                self._weigh(y, mark.sign, [factor])
            return mark._replace(sign=-mark.sign if factor < 0 else mark.sign)
        weight = others[0]
        known = self.of(weight)
        if weight.requires_grad:
            self.held = self.held or (mark.sign > 0 and weight.grad_fn is not None and weight.numel() > 1)
            return Mark("entropy")
        turned = known is not None and known.sign < 0  # a minus of the loss, or of a cost that becomes a reward
        flat = weight.detach().float().reshape(-1)
        if flat.numel() and log_probs is not None:
            self.returns.weighs(log_probs, weight)
        if flat.numel():
            self._costs = self._costs or turned or _is_a_cost(weight)
            self._weigh(y, mark.sign, [float(flat.min()), float(flat.max())])
        return None

    def _weigh(self, y: Tensor, sign: float, weights: list[float]) -> None:
        """Ask whether the loss grows with a product; `sign` is that of the log-probability in it."""
        if len(self._slopes) + len(self._handles) >= MOST_WEIGHED:
            return
        self._weights += weights

        def slope(grad: Tensor) -> None:
            self._slopes.append(sign * float(grad.detach().float().sum()))

        self._handles.append(y.register_hook(slope))


def _factor(op: str, args: Args) -> float:
    """The number that a tensor is multiplied with or divided by; 0 where there is none."""
    number = next((v for v in args if isinstance(v, int | float) and not isinstance(v, bool)), 0)
    return float(number) if op in ("mul", "mul_", "multiply", "div", "div_", "true_divide") else 0.0


def _of_a_distribution() -> bool:
    """Whether one of torch's distributions is asked for the log-probability of a value that wants no gradient."""
    frame = sys._getframe(3)
    for _ in range(DEEP):
        if frame.f_code.co_name == "log_prob" and frame.f_globals.get("__name__", "").startswith("torch.distrib"):
            value = frame.f_locals.get("value")
            return not (isinstance(value, Tensor) and value.requires_grad)
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def _is_a_cost(x: Tensor) -> bool:
    """Whether the user's code calls this a cost or the like, or knows of costs and of no reward."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("moreish", "torch"):
        frame = frame.f_back
    if frame is None:
        return False
    names = {name.lower(): v for name, v in frame.f_locals.items() if isinstance(v, Tensor | float | list)}
    own = [name for name, v in names.items() if v is x]
    among = own or [*names]
    return any(map(COSTS.search, among)) and not any(map(GAINS.search, among))


def bootstraps(prediction: Tensor, target: Tensor) -> bool:
    """Whether a target is data plus a part of what the parameters of the prediction give, with their gradient."""
    if not (prediction.requires_grad and target.requires_grad):
        return False
    ours, theirs = (_sum_with_data(t) for t in (prediction, target))
    return theirs and not ours and not _leaves(prediction).isdisjoint(_leaves(target))


def _sum_with_data(x: Tensor) -> bool:
    """Whether a tensor is data plus a multiple, by what has none, of something that has a graph."""
    node = x.grad_fn
    while node is not None and type(node).__name__.startswith(("View", "Unsqueeze", "Squeeze", "Reshape", "Unsafe")):
        node = node.next_functions[0][0]
    if node is None or not type(node).__name__.startswith("AddBackward"):
        return False
    before = [n for n, _ in node.next_functions]
    multiples = [n for n in before if type(n).__name__.startswith("MulBackward")]
    return None in before and any(f is None for n in multiples if n is not None for f, _ in n.next_functions)


def _leaves(x: Tensor) -> set[int]:
    waiting, seen, found = [x.grad_fn], set(), set()
    while waiting and len(seen) < 10_000:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, Tensor):
            found.add(id(leaf))
        waiting.extend(n for n, _ in node.next_functions)
    return found
