"""What the graph of a loss says of its terms: overlaps of masks, the noise of a latent, rows among their own others.

Overlap of two masks (Dice, 1945): twice what they share over what both have, of probabilities. Sampling by a
reparametrisation (Kingma and Welling, 2014, appendix B): z = mean + std * noise, and the divergence from a standard
normal is -(1 + log variance - mean^2 - variance) / 2, so a layer that gives the logarithm of a variance is halved and
put to the power before it spreads the noise. A contrastive loss (Chen et al., 2020, equation 1) sums over all rows
but the row itself.
"""

import math
import re
from collections import defaultdict

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from moreish.doctor.frames.noted import LatentNoise, Noted
from moreish.doctor.watch.nodes import DEEP, REARRANGED, RESHAPED, inputs_of, kinds, name_of, under
from moreish.doctor.watch.sampling import is_normal

MOST_NODES = 2000
FEWEST = 64  # numbers of which it can be said that they are noise
SHAPED = kinds(RESHAPED, REARRANGED, r"Upsample\w*")
SCALED = re.compile(r"^(Mul|Div|Add|Sub|Rsub|Neg|Mean|Sum)Backward")
LAYER = re.compile(r"^(\w*Convolution|Addmm|Mm|NativeBatchNorm)Backward")  # where a parameter goes into it
ADDS = re.compile(r"^(Add|Sub|Rsub)Backward")
SQUARES = re.compile(r"^(Pow|Abs|Mul)Backward")
SCALES = re.compile(rf"{SHAPED.pattern}|^(Mul|Div)Backward")
PRODUCT = re.compile(r"^(Mul|Bmm|Mm|Dot)Backward")
FACTORS = ("_saved_self", "_saved_other"), ("_saved_self", "_saved_mat2"), ("_saved_self", "_saved_tensor")
PICKS = re.compile(r"^(Diagonal|Index|Gather|Select|Mul|Log|Sub)Backward")
FEWEST_PAIRS, MOST_BLOCKS = 8, 8  # rows that are compared with one another; tables of them side by side


def read(noted: Noted, loss: Tensor | None) -> None:
    """Note what the graph of a loss says, before backward frees it."""
    if loss is None or loss.grad_fn is None or loss.numel() != 1:
        return
    users: dict[Node, list[Node]] = defaultdict(list)  # of each node, those that take what it made
    waiting, nodes = [loss.grad_fn], {loss.grad_fn}
    while waiting and len(nodes) < MOST_NODES:
        node = waiting.pop()
        for before in inputs_of(node):
            users[before].append(node)
            if before not in nodes:
                nodes.add(before)
                waiting.append(before)
    if any(name_of(n).startswith("Div") for n in nodes):
        noted.raw_overlap |= any(_is_raw_overlap(n) for n in nodes if name_of(n).startswith("Div"))
    if noted.latent_noise is None and any(name_of(n).startswith("Exp") for n in nodes):
        noted.latent_noise = next(
            filter(None, (_noise(n, users) for n in nodes if name_of(n).startswith("Mul"))), None
        )
    noted.squared_mean |= any(_squares_a_mean(n, users) for n in nodes if SQUARES.match(name_of(n)))
    if any(name_of(n).startswith("Exp") for n in nodes):
        tables = (_rows_with_themselves(n, users) for n in nodes if name_of(n).startswith("Exp"))
        noted.own_rows = max(noted.own_rows, *tables)


def _is_raw_overlap(node: Node) -> bool:
    """Whether this divides a sum of outputs times a mask by a sum with the same outputs, straight from a layer."""
    parts = [n for n, _ in node.next_functions]
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        return False
    for product in _summed(parts[0]):
        outputs, mask = _times_data(product)
        if outputs is None or mask is None or not _is_unbounded(outputs):
            continue
        if bool(((mask < 0) | (mask > 1)).any()):
            continue
        below = [n for n in _summed(parts[1]) if n is not product]
        outputs = under(outputs, SHAPED)
        if bool(mask.any()) and any(outputs in (under(n, SHAPED), _outputs_of(n)) for n in below):
            return True
    return False


def _outputs_of(product: Node) -> Node | None:
    outputs = _times_data(product)[0]
    return None if outputs is None else under(outputs, SHAPED)


def _is_unbounded(node: Node, depth: int = 0) -> bool:
    """Whether this comes from a layer with weights through nothing that bounds it; a sum does if all its parts do."""
    node = under(node, SHAPED)
    before = inputs_of(node)
    if ADDS.match(name_of(node)) and before and depth < DEEP:
        return all(_is_unbounded(n, depth + 1) for n in before)
    weights = [n for n in (under(n, SHAPED) for n in before) if name_of(n) == "AccumulateGrad"]
    return bool(LAYER.match(name_of(node))) and bool(weights) and not _is_mean_of_shares(node, weights)


def _is_mean_of_shares(node: Node, weights: list[Node]) -> bool:
    """Whether weights and what they weigh are nowhere negative, as those of a mean of probabilities."""
    saved = (getattr(node, name, None) for name in ("_saved_input", "_saved_mat1", "_saved_self"))
    given = next((x for x in saved if isinstance(x, Tensor)), None)
    parts = [*(getattr(n, "variable", None) for n in weights), given]
    return all(isinstance(x, Tensor) and bool((x >= 0).all()) for x in parts)


def _summed(node: Node) -> list[Node]:
    """What the sums were taken of that a number is made from by adding and scaling."""
    found, waiting = list[Node](), [(node, 0)]
    while waiting:
        node, depth = waiting.pop()
        node = under(node, SHAPED)
        if PRODUCT.match(name_of(node)) and not name_of(node).startswith("Mul"):  # which sums by itself
            found.append(node)
        elif name_of(node).startswith(("Sum", "Mean")):
            inside = inputs_of(node)
            again = inside and name_of(inside[0]).startswith(("Sum", "Mean"))
            found += [] if again else inside
            waiting += [(n, depth + 1) for n in inside] if again and depth < DEEP else []
        elif (SCALED.match(name_of(node)) or name_of(node).startswith("Clamp")) and depth < DEEP:
            waiting += [(n, depth + 1) for n in inputs_of(node)]
    return found


def _times_data(node: Node) -> tuple[Node | None, Tensor | None]:
    """Of a product, also a summed one, of one thing with a graph and one without: both; None where it is none."""
    node = under(node, SHAPED)
    parts = [n for n, _ in node.next_functions]
    if not PRODUCT.match(name_of(node)) or len(parts) != 2 or (parts[0] is None) is (parts[1] is None):
        return None, None
    first = parts[0] is not None
    saved = (getattr(node, names[first], None) for names in FACTORS)
    return parts[0] if first else parts[1], next((x for x in saved if isinstance(x, Tensor)), None)


def _noise(node: Node, users: dict[Node, list[Node]]) -> LatentNoise | None:
    """How noise is spread, where a layer's output or its exponential does it and the same loss takes that exponential
    for a variance.
    """
    spread, noise = _times_data(node)
    if spread is None or noise is None or not noise.is_floating_point() or noise.dim() < 2 or noise.numel() < FEWEST:
        return None
    by_power = name_of(spread).startswith("Exp")
    layer = inputs_of(spread)[0] if by_power else spread
    as_variance = [n for n in users.get(layer, []) if name_of(n).startswith("Exp")]
    paid = _is_a_term(layer, users) and any(_is_a_term(n, users) for n in as_variance)
    if not paid or name_of(layer).startswith(("Mul", "Div")) or not is_normal(noise):
        return None
    return LatentNoise("variance" if by_power else "logarithm")


def _is_a_term(node: Node, users: dict[Node, list[Node]]) -> bool:
    """Whether this comes into the loss by adding and scaling alone, and is added to something on its way."""
    waiting, seen = [(node, False)], {(node, False)}
    while waiting:
        node, added = waiting.pop()
        if added and not users.get(node):
            return True
        for user in users.get(node, []):
            step = user, added or bool(ADDS.match(name_of(user)))
            if step not in seen and _only_scales(user, node):
                seen.add(step)
                waiting.append(step)
    return False


def _only_scales(user: Node, node: Node) -> bool:
    """Whether this sums what the node made, adds to it, or brings it to another scale by a number without a graph."""
    parts = [n for n, _ in user.next_functions]
    if name_of(user).startswith(("Mul", "Div")):
        over = parts == [None, node] and name_of(user).startswith("Div")
        return node in parts and set(parts) <= {node, None} and not over
    return bool(SCALED.match(name_of(user)) or SHAPED.match(name_of(user)))


def _squares_a_mean(node: Node, users: dict[Node, list[Node]]) -> bool:
    """Whether this squares the mean, or the sum, of all differences of what is learned and data, which are used for
    nothing else.
    """
    inside = inputs_of(node)
    if len({*inside}) != 1 or (name_of(node).startswith("Pow") and getattr(node, "_saved_exponent", 0) != 2):
        return False
    if name_of(node).startswith("Mul") and len(inside) != 2:
        return False
    squared = getattr(node, "_saved_self", None)
    mean = under(inside[0], SCALES)
    of_all = isinstance(squared, Tensor) and squared.numel() == 1 and name_of(mean).startswith(("Mean", "Sum"))
    apart = under(inputs_of(mean)[0], SHAPED) if of_all else mean
    learned = [n for n in inputs_of(apart) if learns(n)]
    if (
        apart is mean
        or not ADDS.match(name_of(apart))
        or len(learned) != 1
        or name_of(learned[0]) == "AccumulateGrad"
    ):
        return False
    numbers = _numbers(mean)
    if not numbers > 1 or not len(users[apart]) == len(users[learned[0]]) == 1:
        return False
    return not any(2 * _squared_one_by_one(n) >= numbers for n in users)


def _numbers(node: Node) -> int:
    """How many numbers a mean or a sum was taken of."""
    return getattr(node, "_saved_self_sym_numel", 0) or math.prod(getattr(node, "_saved_self_sym_sizes", (0,)))


def _squared_one_by_one(node: Node) -> int:
    """How many errors this squares, or takes the size of, before it adds them up: all else to learn from."""
    saved = getattr(node, "_saved_self", None)
    if re.match(r"^(Mse|L1|SmoothL1|Huber)Loss", name_of(node)):
        return saved.numel() if isinstance(saved, Tensor) else 0
    if not name_of(node).startswith(("Mean", "Sum")):
        return 0
    return _numbers(node) if any(SQUARES.match(name_of(n)) for n in inputs_of(node)) else 0


def learns(node: Node) -> bool:
    """Whether a parameter goes into this."""
    waiting, seen = [node], {node}
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if isinstance(getattr(node, "variable", None), nn.Parameter):
            return True
        fresh = [n for n in inputs_of(node) if n not in seen]
        seen.update(fresh)
        waiting += fresh
    return False


def _rows_with_themselves(node: Node, users: dict[Node, list[Node]]) -> int:
    """How many rows a table of exponentials has that is summed whole, row by row, below a logarithm, where each row
    is most like itself and others are picked beside; 0 where it is none.
    """
    sums = [u for u in users.get(node, []) if name_of(u).startswith("Sum")]
    picked = [u for n in (node, *inputs_of(node)) for u in users.get(n, []) if u is not node]
    table = getattr(node, "_saved_result", None)
    if not any(_goes_below_a_log(u, users) for u in sums) or not isinstance(table, Tensor) or table.dim() != 2:
        return 0
    if not any(PICKS.match(name_of(u)) for u in picked) or any(_picks_the_diagonal(u) for u in picked):
        return 0
    return len(table) if finds_itself(table.detach().clamp(min=1e-30).log(), None) else 0


def _picks_the_diagonal(node: Node) -> bool:
    """Whether rows are asked for themselves: to be told from all others, as where each is a class of its own."""
    if name_of(node).startswith("Diagonal"):
        return getattr(node, "_saved_offset", 1) == 0
    mask = _times_data(node)[1]
    return mask is not None and mask.dim() == 2 and bool(mask.diagonal().any())


def _goes_below_a_log(node: Node, users: dict[Node, list[Node]]) -> bool:
    """Whether a sum goes into a logarithm, alone or as what something is divided by."""
    for _ in range(DEEP):
        above = users.get(node, [])
        if len(above) != 1:
            return False
        user = above[0]
        if name_of(user).startswith("Log"):
            return True
        divides = (
            name_of(user).startswith("Div") and len(user.next_functions) > 1 and user.next_functions[1][0] is node
        )
        if not divides and not SHAPED.match(name_of(user)):
            return False
        node = user
    return False


def finds_itself(similar: Tensor, labels: Tensor | None) -> bool:
    """Whether each row is most like itself in a table of rows against the same rows, or in one of several such tables
    side by side, and asked for another one.
    """
    n, columns = similar.shape
    if n < FEWEST_PAIRS or columns % n or columns > MOST_BLOCKS * n:
        return False
    own_rows = torch.arange(n, device=similar.device)
    return any(
        _is_own_table(similar[:, first : first + n])
        and (labels is None or not bool((labels == own_rows + first).any()))
        for first in range(0, columns, n)
    )


def _is_own_table(similar: Tensor) -> bool:
    own, near = similar.diagonal(), 1e-4 * similar.abs().amax()
    beside = similar - own[:, None]  # as it is before and after a softmax has taken something off each row
    apart = beside.mean() < -10 * near  # not a table of one number, as a layer of zeros gives it
    return bool(((beside - beside.T).abs() <= near).all() & (beside <= near).all() & apart)
