"""Guesses: what people write in place of a gradient, put together from the numbers of the call.

Where no mistake that belongs to the function fits, these are tried: dy times the wrong slope, the wrong two factors
in a product, a sum over the wrong dimensions. Each says what the numbers are, in the names of the call.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

import torch
from torch import Tensor

Guess = tuple[str, Callable[[], Tensor]]
Numbers = Mapping[str, Tensor]
LARGEST = 2**16  # elements of a product that is still tried

# What stands where the derivative belongs, by how it is written; q is any number of the call.
SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "{}": lambda q: q,
    "1 - {}": lambda q: 1 - q,
    "1 + {}": lambda q: 1 + q,
    "{0} (1 - {0})": lambda q: q * (1 - q),
    "1 - {}^2": lambda q: 1 - q**2,
    "{}^2": lambda q: q**2,
    "2 {}": lambda q: 2 * q,
    "1 / {}": lambda q: 1 / q,
    "1 / {}^2": lambda q: 1 / q**2,
    "-1 / {}^2": lambda q: -1 / q**2,
    "1 / (2 {})": lambda q: 1 / (2 * q),
    "sqrt({})": lambda q: q.sqrt(),
    "1 / sqrt({})": lambda q: q.rsqrt(),
    "exp({})": lambda q: q.exp(),
    "exp(-{})": lambda q: (-q).exp(),
    "log({})": lambda q: q.log(),
    "sigmoid({})": lambda q: q.sigmoid(),
    "sigmoid(-{})": lambda q: (-q).sigmoid(),
    "tanh({})": lambda q: q.tanh(),
    "1 - tanh({})^2": lambda q: 1 - q.tanh() ** 2,
    "sin({})": lambda q: q.sin(),
    "cos({})": lambda q: q.cos(),
    "-sin({})": lambda q: -q.sin(),
    "sign({})": lambda q: q.sign(),
    "the mask {} > 0": lambda q: (q > 0).double(),
    "the mask {} < 0": lambda q: (q < 0).double(),
    "abs({})": lambda q: q.abs(),
}


def guesses(right: Tensor, arriving: Numbers, numbers: Numbers) -> Iterator[Guess]:
    """What may stand in place of `right`.

    arriving: the gradients that came in, by name. numbers: the arguments of the call and what it kept.
    """
    for d, dy in arriving.items():
        if dy.shape == right.shape:
            yield from _slopes(d, dy, numbers)
        yield from _reductions(right, d, dy)
        yield from _products(right, d, dy, numbers)


def _slopes(d: str, dy: Tensor, numbers: Numbers) -> Iterator[Guess]:
    """dy times something that is not the derivative."""
    yield f"it is {d} as it is: the local derivative is missing", lambda: dy
    for name, q in {**numbers, d: dy}.items():
        if not q.is_floating_point() or not _broadcasts(q, dy):
            continue
        for words, slope in SLOPES.items():
            written = words.format(name)
            yield f"it is {d} times {written}: {written} stands where the derivative belongs", _times(dy, slope, q)


def _times(dy: Tensor, slope: Callable[[Tensor], Tensor], q: Tensor) -> Callable[[], Tensor]:
    def compute() -> Tensor:
        factor = slope(q.double())
        if factor.numel() > 1 and bool((factor == factor.flatten()[0]).all()):
            raise ValueError("a constant factor is no slope")
        return dy * factor

    return compute


def _reductions(right: Tensor, d: str, dy: Tensor) -> Iterator[Guess]:
    """A sum, a mean or a running sum of dy."""
    dims = range(dy.dim())
    if dy.dim() < right.dim():
        for dim in range(right.dim()):
            yield (
                f"it is {d} for all elements alike along dimension {dim}: the local derivative (softmax) is missing",
                lambda dim=dim: dy.unsqueeze(dim).expand(right.shape),
            )
    for count in range(1, dy.dim() + 1):
        for over in combinations(dims, count):
            where = ", ".join(map(str, over))
            for word, reduce in (("sum", torch.sum), ("mean", torch.mean)):
                yield (
                    f"it is the {word} of {d} over dimension {where}, and that is not what belongs here",
                    lambda reduce=reduce, over=over: _shaped(reduce(dy, over), right),
                )
                yield (
                    f"it is the {word} of {d} over dimension {where}, for every element alike",
                    lambda reduce=reduce, over=over: reduce(dy, over, keepdim=True).expand(right.shape),
                )
    for dim in dims:
        if dy.shape == right.shape:
            yield (
                f"it is the running sum of {d} along dimension {dim} from the front: its order is reversed",
                lambda dim=dim: dy.cumsum(dim),
            )
            yield f"it is {d} reversed along dimension {dim}", lambda dim=dim: dy.flip(dim)


def _products(right: Tensor, d: str, dy: Tensor, numbers: Numbers) -> Iterator[Guess]:
    """dy in a matrix product with a number of the call: on the wrong side, transposed, or with the wrong one."""
    if dy.dim() < 2 or right.numel() > LARGEST:
        return
    for name, q in numbers.items():
        if not q.is_floating_point() or q.dim() < 2:
            continue
        for (a, one), (b, other) in (((d, dy), (name, q.double())), ((name, q.double()), (d, dy))):
            for a_turned in (False, True):
                for b_turned in (False, True):
                    words = f"{a}{'^T' * a_turned} {b}{'^T' * b_turned}"
                    yield (
                        f"it is the product {words}: another one belongs here (transposed, or with another factor)",
                        lambda one=one, other=other, s=a_turned, t=b_turned: _product(one, other, s, t, right),
                    )


def _product(one: Tensor, other: Tensor, turn_one: bool, turn_other: bool, right: Tensor) -> Tensor:
    """The product of the last two dimensions; rows of further ones stand below each other where that fits."""
    a, b = (one.mT if turn_one else one), (other.mT if turn_other else other)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError("no product")
    return _shaped(a @ b, right)


def _shaped(value: Tensor, right: Tensor) -> Tensor:
    return value.reshape(right.shape) if value.numel() == right.numel() else value


def _broadcasts(q: Tensor, dy: Tensor) -> bool:
    try:
        return torch.broadcast_shapes(q.shape, dy.shape) == dy.shape
    except RuntimeError:
        return False
