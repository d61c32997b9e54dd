"""Between which ends an output can lie, by the operation that made it, as its graph has it."""

import math
import re

from torch import Tensor
from torch.autograd.graph import Node

from moreish.doctor.watch.nodes import REARRANGED, RESHAPED, kinds, name_of

SHAPED = kinds(RESHAPED, REARRANGED)
MOVES = kinds("Add", "Mul")
DEEP = 8
BOUNDS = {
    **dict.fromkeys(("Exp", "Abs", "Sqrt", "Softplus", "Relu"), (0.0, math.inf)),
    "Sigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
}


def ends_of(x: Tensor, *, moved: bool = False) -> tuple[str, float, float] | None:
    """The operation, and the least and the largest that it gives; None where it is none of those that bound.

    moved : look below numbers without a graph that were added or multiplied afterwards, of which nothing is known
    """
    node: Node | None = x.grad_fn
    for _ in range(DEEP):
        parts = [n for n, _ in node.next_functions] if node is not None else []
        by_number = moved and node and MOVES.match(name_of(node)) and len(parts) == 2 and None in parts
        if node is None or not (by_number or SHAPED.match(name_of(node))):
            break
        node = next((n for n in parts if n is not None), None)
    kind = re.sub(r"Backward\d*$", "", type(node).__name__)
    if kind in BOUNDS:
        return kind.lower(), *BOUNDS[kind]
    if kind == "Maximum" and isinstance(other := getattr(node, "_saved_other", None), Tensor):
        low = float(other.min()) if not other.requires_grad and bool((other == other.min()).all()) else -math.inf
        return ("maximum", low, math.inf) if math.isfinite(low) else None
    if kind == "Pow" and getattr(node, "_saved_exponent", 1) % 2 == 0:
        return "pow", 0.0, math.inf
    if kind == "Elu":
        return ("elu", 0.0, math.inf) if moved else None
    if kind in ("Clamp", "ClampMin", "ClampMax"):
        low, high = (getattr(node, f"_saved_{end}", None) for end in ("min", "max"))
        if any(isinstance(end, Tensor) for end in (low, high)):
            return None
        return "clamp", -math.inf if low is None else float(low), math.inf if high is None else float(high)
    return None
