"""Terms of a loss that is a sum: which parameters each of them reaches, and whether any of those steps on it."""

from collections.abc import Mapping, Set
from typing import NamedTuple

from torch import Tensor
from torch.autograd.graph import Node
from torch.optim import Optimizer

from moreish.doctor.frames.noted import Idle
from moreish.doctor.watch.by_hand import ByHand

MOST_NODES = 3_000  # of the graph of one loss
SUMS = ("AddBackward0", "SubBackward0")
PASSED = ("MulBackward0", "DivBackward0", "NegBackward0")  # between a sum and its terms
TOTALS, ROWS = ("SumBackward0", "MeanBackward0"), ("StackBackward0", "CatBackward0")  # of terms in a row


class _Backward(NamedTuple):
    """One backward: what each term reaches, and what has stepped since."""

    terms: list[set[int]]
    stepped: set[int]


class Terms:
    """The backwards of one frame. Holds nothing of the graph."""

    def __init__(self) -> None:
        self._backwards: list[_Backward] = []
        self._idle: set[int] = set()
        self._terms = 0
        self.share = (
            False  # whether two terms of a loss reach the same parameters, by nothing but torch's own functions
        )

    def begin(self, loss: Tensor | None) -> None:
        """Backward begins on this loss: what stepped until now stepped on those before."""
        self._settle()
        if loss is None or loss.grad_fn is None or loss.numel() != 1:
            return
        terms = _terms(loss.grad_fn)
        reached = [_reached(term) for term in terms] if len(terms) > 1 else []
        known = [ids for ids in reached if ids is not None]
        if len(known) > 1 and len(known) == len(reached):
            alone = sum(map(len, known)) == len(set().union(*known))
            self.share |= not alone and not _turns(loss.grad_fn)
            self._backwards.append(_Backward([ids for ids in known if ids], set()))

    def steps(self, holder: Optimizer | ByHand) -> None:
        """An update begins."""
        held = {id(p) for group in holder.param_groups for p in group["params"]}
        for backward in self._backwards:
            backward.stepped.update(held)

    def idle(self, names: Mapping[int, str], held: Set[int]) -> Idle | None:
        """A term that reaches nothing that stepped on it, beside others that do; of parameters that are held."""
        self._settle()
        reached = sorted(names[i] for i in self._idle if i in names)
        if not self._idle <= held:  # a term beside it moves by other means, or is told as what no optimizer holds
            return None
        return Idle(self._terms, reached[0]) if reached else None

    def _settle(self) -> None:
        """Let go of the backwards on which something has stepped."""
        for backward in [b for b in self._backwards if b.stepped]:
            useless = [ids for ids in backward.terms if not ids & backward.stepped]
            if 0 < len(useless) < len(backward.terms) and not self._idle:
                self._idle, self._terms = useless[0], len(backward.terms)
        self._backwards = [b for b in self._backwards if not b.stepped]


def _terms(root: Node) -> list[Node]:
    """What a loss is the sum of, numbers in front of its terms taken off."""
    waiting, found = [root], list[Node]()
    while waiting and len(found) + len(waiting) < MOST_NODES:
        node = waiting.pop()
        before = [n for n, _ in node.next_functions if n is not None]
        if (node.name() in SUMS and len(before) == 2) or (node.name() in PASSED and len(before) == 1):
            waiting.extend(before)
        elif row := _in_a_row(node, before):
            waiting.extend(row)
        else:
            found.append(node)
    return found


def _in_a_row(total: Node, before: list[Node]) -> list[Node]:
    """The terms that were stacked, one number each, and then added up; empty for any other node."""
    if total.name() not in TOTALS or len(before) != 1:
        return []
    stacked = before[0]
    while stacked.name() in PASSED and len(ahead := [n for n, _ in stacked.next_functions if n is not None]) == 1:
        stacked = ahead[0]
    if stacked.name() not in ROWS:
        return []
    row = [n for n, _ in stacked.next_functions if n is not None]
    sizes = getattr(total, "_saved_self_sym_sizes", ())
    return row if tuple(sizes) == (len(row),) else []


def _turns(root: Node) -> bool:
    """Whether a function of the user's own has a part in a graph, such as one that turns a gradient round."""
    waiting, seen = [root], set[Node]()
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if not node.name()[-1].isdigit() and not node.name().startswith("torch::"):
            return True
        waiting.extend(n for n, _ in node.next_functions if n is not None)
    return False


def _reached(root: Node) -> set[int] | None:
    """The leaves behind a node, by identity; None where there are too many nodes."""
    waiting, seen, leaves = [root], set[Node](), set[int]()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if len(seen) > MOST_NODES:
            return None
        if node.name() == "torch::autograd::AccumulateGrad":
            leaves.add(id(getattr(node, "variable")))  # noqa: B009 - torch does not declare it
        waiting.extend(n for n, _ in node.next_functions if n is not None)
    return leaves
