"""What the graph of a loss says of its terms: overlaps of masks, and the noise of a latent.

Overlap of two masks (Dice, 1945): twice what they share over what both have, of probabilities. Sampling by a
reparametrisation (Kingma and Welling, 2014, appendix B): z = mean + std * noise, and the divergence from a standard
normal is -(1 + log variance - mean^2 - variance) / 2, so a layer that gives the logarithm of a variance is halved and
put to the power before it spreads the noise.
"""

import math
import re
from collections import defaultdict

from torch import Tensor
from torch.autograd.graph import Node

from moreish.doctor.frames.noted import LatentNoise, Noted

MOST_NODES = 2000
FEWEST = 64  # numbers of which it can be said that they are noise
DEEP = 12  # nodes that only bring numbers into another shape or scale
SHAPED = re.compile(
    r"^(View|UnsafeView|Reshape|ReshapeAlias|Squeeze|Unsqueeze|Clone|Alias|Select|Slice|Permute|Transpose|T|Expand|"
    r"ToCopy|Contiguous|Split|Unbind|Upsample\w*)Backward"
)
SCALED = re.compile(r"^(Mul|Div|Add|Sub|Rsub|Neg|Mean|Sum)Backward")
LAYER = re.compile(r"^(\w*Convolution|Addmm|Mm|NativeBatchNorm)Backward")  # where a parameter goes into it
ADDS = re.compile(r"^(Add|Sub|Rsub)Backward")


def read(noted: Noted, loss: Tensor | None) -> None:
    """Note what the graph of a loss says, before backward frees it."""
    if loss is None or loss.grad_fn is None or loss.numel() != 1:
        return
    users: dict[Node, list[Node]] = defaultdict(list)  # of each node, those that take what it made
    waiting, nodes = [loss.grad_fn], {loss.grad_fn}
    while waiting and len(nodes) < MOST_NODES:
        node = waiting.pop()
        for before in _before(node):
            users[before].append(node)
            if before not in nodes:
                nodes.add(before)
                waiting.append(before)
    if any(_name(n).startswith("Div") for n in nodes):
        noted.raw_overlap |= any(_is_raw_overlap(n) for n in nodes if _name(n).startswith("Div"))
    if noted.latent_noise is None and any(_name(n).startswith("Exp") for n in nodes):
        noted.latent_noise = next(filter(None, (_noise(n, users) for n in nodes if _name(n).startswith("Mul"))), None)


def _name(node: Node) -> str:
    return type(node).__name__


def _before(node: Node) -> list[Node]:
    return [n for n, _ in node.next_functions if n is not None]


def _under(node: Node, passed: re.Pattern[str]) -> Node:
    """What lies under nodes of these kinds that have one input with a graph."""
    for _ in range(DEEP):
        before = _before(node)
        if not passed.match(_name(node)) or len(before) != 1:
            break
        node = before[0]
    return node


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
        if bool(mask.any()) and any(outputs in (n, _times_data(n)[0]) for n in below):
            return True
    return False


def _is_unbounded(node: Node, depth: int = 0) -> bool:
    """Whether this comes from a layer with weights through nothing that bounds it; a sum does if all its parts do."""
    node = _under(node, SHAPED)
    before = _before(node)
    if ADDS.match(_name(node)) and before and depth < DEEP:
        return all(_is_unbounded(n, depth + 1) for n in before)
    return bool(LAYER.match(_name(node))) and any(_name(_under(n, SHAPED)) == "AccumulateGrad" for n in before)


def _summed(node: Node) -> list[Node]:
    """What the sums were taken of that a number is made from by adding and scaling."""
    found, waiting = list[Node](), [(node, 0)]
    while waiting:
        node, depth = waiting.pop()
        if _name(node).startswith(("Sum", "Mean")):
            inside = _before(node)
            again = inside and _name(inside[0]).startswith(("Sum", "Mean"))
            found += [] if again else inside
            waiting += [(n, depth + 1) for n in inside] if again and depth < DEEP else []
        elif (SCALED.match(_name(node)) or _name(node).startswith("Clamp")) and depth < DEEP:
            waiting += [(n, depth + 1) for n in _before(node)]
    return found


def _times_data(node: Node) -> tuple[Node | None, Tensor | None]:
    """Of a product of one thing with a graph and one without: both; None where it is none."""
    parts = [n for n, _ in node.next_functions]
    if not _name(node).startswith("Mul") or len(parts) != 2 or (parts[0] is None) is (parts[1] is None):
        return None, None
    first = parts[0] is not None
    data = getattr(node, "_saved_other" if first else "_saved_self", None)
    return parts[0] if first else parts[1], data if isinstance(data, Tensor) else None


def _noise(node: Node, users: dict[Node, list[Node]]) -> LatentNoise | None:
    """How noise is spread, where a layer's output or its exponential does it and the same loss takes that exponential
    for a variance.
    """
    spread, noise = _times_data(node)
    if spread is None or noise is None or not noise.is_floating_point() or noise.dim() < 2 or noise.numel() < FEWEST:
        return None
    by_power = _name(spread).startswith("Exp")
    layer = _before(spread)[0] if by_power else spread
    as_variance = [n for n in users.get(layer, []) if _name(n).startswith("Exp")]
    added = any(ADDS.match(_name(u)) for n in as_variance for u in users.get(n, []))
    halved = _name(layer).startswith(("Mul", "Div"))
    if not added or halved or not any(ADDS.match(_name(u)) for u in users.get(layer, [])) or not is_normal(noise):
        return None
    return LatentNoise("variance" if by_power else "logarithm")


def is_normal(x: Tensor) -> bool:
    """Whether these numbers may be drawn from a standard normal."""
    x = x.detach().reshape(-1)[: 1 << 16].float()
    chance = 4 / math.sqrt(len(x))
    return abs(float(x.mean())) < chance and abs(float(x.std()) - 1) < chance and float(x.abs().max()) > 1.5
