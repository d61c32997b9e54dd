"""Judges of lessons 1 and 2: slopes by nudging, and a small engine. The oracle is `moreish.scalar`."""

import math
from collections.abc import Callable
from typing import Any

from moreish.lessons.judging.answer import Answer, Wrong
from moreish.scalar import Value

Expression = Callable[..., Any]


def slope(answer: Answer) -> None:
    """1.1, against slopes that are known."""
    for f, right in ((lambda x: x**3, 12.0), (math.sin, math.cos(2)), (lambda x: math.exp(-x), -math.exp(-2))):
        found = answer.call("slope", f, 2.0)
        if not isinstance(found, int | float):
            raise Wrong(f"slope returns {type(found).__name__}, and a number is wanted")
        off = abs(found - right) / abs(right)
        if off < 1e-6:
            continue
        if abs(found + right) < 0.1 * abs(right):
            raise Wrong("slope has the wrong sign: it is (f further on - f here) divided by how much further")
        if abs(found - 2 * right) < 0.1 * abs(right):
            raise Wrong("slope is twice too large: from x - h to x + h it is 2 h")
        if abs(found - right / 2) < 0.1 * abs(right):
            raise Wrong("slope is half of what it should be: from x to x + h it is h, not 2 h")
        if said := _slope_mistake(f, found, right):
            raise Wrong(said)
        if off < 0.2:
            raise Wrong(
                f"slope is off by {off:.1e}: one side only, or a nudge that is too large (the curve has bent away) or too "
                "small (rounding is all that is left)"
            )
        raise Wrong(f"slope of the function is {found:.6g} at 2, and {right:.6g} is right")


NUDGES = [lead * 10.0**-k for k in range(2, 13) for lead in (1, 2, 5)]


def _slope_mistake(f: Callable[[float], float], found: float, right: float) -> str | None:
    """Mistakes that come of any nudge h, at x = 2."""
    for h in NUDGES:
        here = f(2.0)
        if math.isclose(found, right * h, rel_tol=0.01) or math.isclose(found, 2 * right * h, rel_tol=0.01):
            return "slope is how far f moves, and not divided yet by how far x moved"
        if any(math.isclose(found, f(2.0 + h) - y / d, rel_tol=1e-3) for y in (f(2.0 - h), here) for d in (h, 2 * h)):
            return "slope divides one of the two values only: brackets around the difference, (a - b) / (2 * h)"
    if math.isclose(found, (f(1e-6) - f(-1e-6)) / 2e-6, abs_tol=1e-3):
        return "slope is that at 0: x is not used, and f is asked at x + h and x - h"
    return None


EXPRESSIONS: list[tuple[str, Expression]] = [
    ("x * y", lambda x, y: x * y),
    ("(x * y) * y", lambda x, y: (x * y) * y),
    ("x * x", lambda x, y: x * x),
    ("x * y + x", lambda x, y: x * y + x),
]


def product(answer: Answer) -> None:
    """2.1, on expressions in which a value is used once and more often."""
    _engine(answer, EXPRESSIONS, _product_mistake)


def _product_mistake(words: str, found: list[float], right: list[float]) -> str | None:
    if words == "x * y":
        x, y = right[::-1]
        alone: dict[tuple[float, float], str] = {
            (x, y): "each factor gets itself, and the other one belongs there",
            (
                0.0,
                0.0,
            ): "nothing arrives: each factor gets the other one's data (its grad is 0 still), added to its own",
            (1.0, 1.0): "that is how a sum passes back: each factor gets the other one's data",
            (-y, -x): "the sign is turned",
            (y, 0.0): "the second factor gets nothing",
            (0.0, x): "the first factor gets nothing",
            (y * x * y, x * x * y): "out.data stands where out.grad belongs",
            (x * y, x * y): "the product itself is passed back, and the other factor belongs there",
            (x + y, x + y): "a sum is passed back, and the other factor belongs there",
        }
        return next((said for pair, said in alone.items() if all(map(math.isclose, found, pair))), None)
    if words == "(x * y) * y" and found[0] != right[0]:
        return "what comes in is left out: multiply with out.grad"
    return None if words == "x * y" else "a value that is used twice keeps one share only: += in place of ="


def tanh(answer: Answer) -> None:
    """2.2, alone, within, and of a value that is used twice."""
    expressions: list[tuple[str, Expression]] = [
        ("tanh(x)", lambda x, y: x.tanh()),
        ("tanh(tanh(x))", lambda x, y: x.tanh().tanh()),
        ("tanh(x) + x", lambda x, y: x.tanh() + x),
        ("x + tanh(x)", lambda x, y: x + x.tanh()),
    ]
    _engine(answer, expressions, _tanh_mistake)


def _tanh_mistake(words: str, found: list[float], right: list[float]) -> str | None:
    x, t = 0.5, math.tanh(0.5)
    if words == "tanh(x)":
        known = {
            1 - x * x: "x stands where the result belongs in 1 - t^2",
            1 - t: "the square is missing in 1 - t^2",
            -(1 - t * t): "the sign is turned",
            t: "the result itself is passed back, and 1 - t^2 belongs there",
            1 + t * t: "it is 1 - t^2, not 1 + t^2",
            1 - math.tanh(t) ** 2: "tanh is taken of the result again: t is it already, in 1 - t^2",
            t * (1 - t): "that is how a sigmoid passes back: it is 1 - t^2",
            t * (1 - t * t): "t is too much: 1 - t^2 alone is the slope",
            2 * t: "the slope of a square is passed back: it is 1 - t^2",
            1 / (1 - t * t): "it is 1 - t^2, not 1 over it",
            (1 - t) ** 2: "the square is of t alone: 1 - t^2",
            1.0: "what comes in is handed on as it is, and belongs to be multiplied with 1 - t^2",
            0.0: "nothing arrives: add (1 - t^2) times what comes in to grad",
        }
        return next((said for value, said in known.items() if abs(found[0] - value) < 1e-9), None)
    if words == "tanh(tanh(x))":
        return "what comes in is left out: multiply with out.grad"
    return "a value that is used twice keeps one share only: += in place of ="


def _engine(answer: Answer, expressions: list[tuple[str, Expression]], mistake: Callable[..., str | None]) -> None:
    for words, expression in expressions:
        mine = [answer["Value"](0.5), answer["Value"](-3.0)]
        ours = [Value(0.5), Value(-3.0)]
        root = answer.do("Value", lambda e=expression, m=mine: e(*m))
        answer.do("pass_back", lambda r=root: answer["backward"](r) or True)
        right = expression(*ours)
        right.backward()
        if not math.isclose(root.data, right.data):
            raise Wrong(f"the value of {words} is {root.data:.6g}, and {right.data:.6g} is right")
        found, want = [v.grad for v in mine], [v.grad for v in ours]
        if all(math.isclose(a, b, abs_tol=1e-12) for a, b in zip(found, want, strict=True)):
            continue
        said = mistake(words, found, want)
        tail = f"in {words} the slopes of x = 0.5 and y = -3 are {_list(found)}, and {_list(want)} is right"
        raise Wrong(f"{said} ({tail})" if said else tail)


def _list(numbers: list[float]) -> str:
    return ", ".join(f"{n:.4g}" for n in numbers)


class Node:
    """A value that knows what it was made of."""

    def __init__(self, name: str, *children: "Node") -> None:
        self.name, self.children = name, children

    def __repr__(self) -> str:
        return self.name


def order(answer: Answer) -> None:
    """2.3, on a value, a diamond, a ladder and a long chain."""
    leaf = Node("a")
    left, right = Node("left", leaf), Node("right", leaf)
    late = Node("late", left, leaf)
    for root in (leaf, Node("top", left, right), Node("top", leaf, late), Node("top", late, Node("b", late), left)):
        _check_order(answer.call("order", root), root)
    chain = Node("0")
    for k in range(1, 20_000):
        chain = Node(str(k), chain)
    _check_order(answer.call("order", chain), chain)


def _check_order(found: Any, root: Node) -> None:
    if not isinstance(found, list | tuple):
        raise Wrong(f"order returns {type(found).__name__}, and a list is wanted")
    needed: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack += node.children
    placed: set[Node] = set()
    for node in found:
        if node in placed:
            raise Wrong(f"{node} comes twice: keep a set of those that were seen")
        placed.add(node)
    if missing := needed - placed:
        raise Wrong(f"{len(missing)} of {len(needed)} values are missing, {min(missing, key=str)} among them")
    placed = set()
    for node in found:
        for child in node.children:
            if child not in placed:
                if found[0] is root:
                    raise Wrong("it is the wrong way round: the root comes first, and it belongs at the end")
                raise Wrong(f"{node} comes before {child}, which it was made of: place it after all of its children")
        placed.add(node)


JUDGES = {"1.1": slope, "2.1": product, "2.2": tanh, "2.3": order}
