"""Views that swap sizes where dimensions are to be swapped, told from views that join neighbours."""

import itertools
import operator
import re

from torch import Tensor
from torch.autograd.graph import Node

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.noted import Noted, Swapped

FAR = 16  # nodes of the graph
BY_ELEMENT = re.compile(
    r"^(Add|Sub|Mul|Div|Gelu|Relu|Silu|Tanh|Sigmoid|Elu|LeakyRelu|Softplus|NativeDropout|Clone|ToCopy|Alias)Backward"
)
OF_FEATURES = re.compile(r"^(NativeLayerNorm|Embedding|Linear)Backward")  # which give features in the last axis
PRODUCTS = re.compile(r"^(Addmm|Mm)Backward")
ALONG_LAST = {"linear", "layer_norm", "rms_norm"}


class Swaps:
    """Of one frame: the first view that swaps sizes."""

    def __init__(self, noted: Noted) -> None:
        self.noted = noted
        self._joined: tuple[Tensor, Swapped] | None = None  # features that may go on as longer features

    def viewed(self, layer: str, op: str, x: object, result: object) -> None:
        """A view or a reshape."""
        if not isinstance(x, Tensor) or not isinstance(result, Tensor):
            return
        before, after, known = tuple(x.shape), tuple(result.shape), self.noted.swapped
        if known is not None:
            if (known.before, known.after) == (after, before):  # and back, as around a norm of groups
                self.noted.swapped = None
            return
        told = Swapped(layer, op, before, after)
        if _swaps(before, after):
            self.noted.swapped = told
        elif x.requires_grad and _joins_out_of_order(before, after):
            if _ends_in_features(x.grad_fn) and after[-1] % before[-1] == 0:
                self._joined = self._joined or (result, told)
            else:
                self.noted.swapped = told

    def called(self, call: Call, tensors: list[Tensor]) -> None:
        """Features of neighbours that were put side by side are features of one place where a layer says so."""
        if self._joined is not None and call.op in ALONG_LAST and any(t is self._joined[0] for t in tensors[:1]):
            self._joined = None

    def close(self) -> None:
        """Tell of what no layer took for features, and let go of it."""
        if self._joined is not None and self.noted.swapped is None:
            self.noted.swapped = self._joined[1]
        self._joined = None


def _swaps(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether sizes beyond the first were put into another order, those of 1 left out."""
    if len(before) != len(after) or len(before) < 3 or before == after or sorted(before) != sorted(after):
        return False
    return [n for n in before if n > 1] != [n for n in after if n > 1]


def _joins_out_of_order(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether the last of three sizes or more beyond the first comes first and the others are one: features
    (8, 4, 16, 32) as (8, 32, 64). Of data the numbers may go on like that.
    """
    if not len(after) == 3 < len(before) or after[0] != before[0]:
        return False
    first = itertools.accumulate(before[1:], operator.mul)  # what a view may join, counted from the front
    return after[1] == before[-1] and min(after[1:]) > 1 and after[1] not in first


def _ends_in_features(node: Node | None) -> bool:
    """Whether a layer made the last axis, and nothing but functions of single elements came after it."""
    for _ in range(FAR):
        name = type(node).__name__ if node is not None else ""
        following = next((f for f, _ in node.next_functions if f is not None), None) if node is not None else None
        if OF_FEATURES.match(name):
            return True
        if name.startswith(("ViewBackward", "UnsafeViewBackward")):  # of a product of rows
            return following is not None and bool(PRODUCTS.match(type(following).__name__))
        if not BY_ELEMENT.match(name):
            return False
        node = following
    return False
