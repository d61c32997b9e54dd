"""Samples: for every rule, arguments of random shapes, memory layouts and options, drawn from explicit generators.

The tests draw them for the whole table, `check` draws them for a learner's function. A rule without samples is a
failing test.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

Function = Callable[..., Any]
Arguments = tuple[Any, ...]
"""What a function of torch is called with: tensors and options of any kind, in its order."""
T = TypeVar("T")


class Draw:
    """Random sizes, choices and tensors. `pick(low, high)` gives an integer between the two, both included.

    With options=False `option` gives its default and tensors are contiguous: the plain case of each function.
    """

    def __init__(self, pick: Callable[[int, int], int], dtype: torch.dtype, options: bool = True):
        self.pick, self.dtype, self.options = pick, dtype, options
        self.numbers = torch.Generator().manual_seed(pick(0, 2**31))

    def size(self, low: int = 1, high: int = 5) -> int:
        """A length; the plain case has none below 3, so that n, n - 1 and 1 are different numbers."""
        return self.pick(low, high) if self.options else self.pick(max(low, 3), max(high, 7))

    def sizes(self, low: int, high: int) -> list[int]:
        """Between `low` and `high` lengths; the plain case has as few as it can, but one."""
        return [self.size() for _ in range(self.pick(low, high) if self.options else max(low, 1))]

    def option(self, default: T, *others: T) -> T:
        """One of the values; the first, the default, where options are off."""
        return (default, *others)[self.pick(0, len(others))] if self.options else default

    def tensor(self, *shape: int) -> Tensor:
        """Values around 0, no two alike, none 0, asking for a gradient; sometimes not contiguous."""
        layout = self.option("plain", "transposed", "strided")
        strided = [*shape[:-1], 2 * shape[-1]] if shape else []
        form = {"plain": shape, "transposed": shape[::-1], "strided": strided}[layout]
        x = torch.randn(form, generator=self.numbers, dtype=torch.float64)
        x = (x + 0.03 * x.sign()).to(self.dtype)
        if layout == "transposed":
            x = x.permute(list(range(len(shape)))[::-1])
        if layout == "strided" and shape:
            x = x[..., ::2]
        return x.requires_grad_()

    def row(self, n: int) -> Tensor:
        """A contiguous row: in a strided weight of a BatchNorm torch's CPU backward reads the wrong numbers."""
        return self.tensor(n).detach().contiguous().requires_grad_()

    def positive(self, *shape: int) -> Tensor:
        """Values above 0.1."""
        return (self.tensor(*shape).detach().abs() + 0.1).requires_grad_()

    def integers(self, high: int, *shape: int) -> Tensor:
        """0 .. high-1, with repetitions."""
        return torch.randint(high, shape, generator=self.numbers)

    def dim(self, x: Tensor) -> int:
        """A dimension of x, from the front or from the back."""
        return self.pick(-x.dim(), x.dim() - 1)


def sample_inputs(
    theirs: Function, *, dtype: torch.dtype = torch.float64, seeds: Sequence[int] = range(20), options: bool = True
) -> Iterator[Arguments]:
    """Positional arguments for the torch function `theirs`, one tuple per seed; float tensors ask for a gradient.

    With options=False only the plain case. Raises KeyError for a function without samples.
    """
    for seed in seeds:
        yield SAMPLES[theirs](seeded(seed, dtype, options))


def seeded(seed: int, dtype: torch.dtype, options: bool = True) -> Draw:
    """Draws that depend on the seed only."""
    generator = torch.Generator().manual_seed(seed)

    def pick(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    return Draw(pick, dtype, options)


def _linear(draw: Draw) -> Arguments:
    i, o = draw.size(), draw.size()
    return draw.tensor(*draw.sizes(1, 3), i), draw.tensor(o, i), draw.option(draw.tensor(o), None)


def _embedding(draw: Draw) -> Arguments:
    v = draw.size()
    return draw.integers(v, *draw.sizes(1, 3)), draw.tensor(v, draw.size()), draw.option(None, 0, -1)


def _matmul(draw: Draw) -> Arguments:
    n, k, m = draw.size(), draw.size(), draw.size()
    case = draw.option("matrices", "batched", "broadcast", "vector left", "vector right", "vectors")
    if not draw.options and draw.pick(0, 1):
        case = "broadcast"
    batch = draw.sizes(0, 2)
    shapes = {
        "matrices": ([n, k], [k, m]),
        "batched": ([*batch, n, k], [*batch, k, m]),
        "broadcast": ([*batch, n, k], [1, k, m]),
        "vector left": ([k], [*batch, k, m]),
        "vector right": ([*batch, n, k], [k]),
        "vectors": ([k], [k]),
    }[case]
    return draw.tensor(*shapes[0]), draw.tensor(*shapes[1])


def _elementwise(draw: Draw) -> Arguments:
    return (draw.tensor(*draw.sizes(0, 3)),)


def _with(*options: Sequence[Any]) -> Callable[[Draw], Arguments]:
    """An elementwise function with further arguments, each one of a few values, the default first."""
    return lambda draw: (*_elementwise(draw), *(draw.option(*values) for values in options))


def _along(draw: Draw) -> Arguments:
    x = draw.tensor(*[draw.size(), *draw.sizes(0, 2)])
    return x, draw.option(-1, draw.dim(x))


def _along_any(draw: Draw) -> Arguments:
    x, dim = _along(draw)
    return x, draw.option(0, dim)


def _dropout(draw: Draw) -> Arguments:
    return draw.tensor(*draw.sizes(1, 3)), draw.option(0.5, 0.1, 0.9), True


def _broadcast(draw: Draw) -> Arguments:
    """Two operands that broadcast against each other; one may be a number. The plain case is a matrix and a row."""
    shape = draw.sizes(1, 3) if draw.options else [draw.size(), draw.size()]
    start = draw.option(0, len(shape) - 1) if draw.options else len(shape) - 1
    other = [draw.option(n, 1) for n in shape][start:]
    x, y = draw.tensor(*shape), draw.positive(*other)
    return draw.option((x, y), (y, x), (x, 1.7), (x, 3))


def _log(draw: Draw) -> Arguments:
    return (draw.positive(*draw.sizes(0, 3)),)


def _pow(draw: Draw) -> Arguments:
    x, other = draw.positive(*draw.sizes(1, 2)), draw.tensor(draw.option(1, 1))
    return draw.option((x, 2), (x, -0.5), (x, 0), (x, other), (2.5, x), (draw.tensor(3), 3))


def _reduction(draw: Draw) -> Arguments:
    x = draw.tensor(*[draw.size(), *draw.sizes(0, 2)])
    return (
        (x,) if draw.option(True, False) else (x, draw.option(draw.dim(x), [draw.dim(x)]), draw.option(False, True))
    )


def _var(draw: Draw) -> Arguments:
    x = draw.tensor(draw.size(2), draw.size(2))
    return (x, draw.option(0, 1, -1, [0, 1]), draw.option(True, False), draw.option(False, True))


def _max(draw: Draw) -> Arguments:
    x = draw.tensor(*[draw.size(), *draw.sizes(0, 2)])
    return (x,) if draw.option(True, False) else (x, draw.dim(x), draw.option(False, True))


def _loss(draw: Draw) -> Arguments:
    """(logits, targets, weight, size_average, ignore_index, reduce, reduction): rows, one row or many dimensions."""
    v, rest = draw.size(2), draw.option([draw.size()], [draw.size(), draw.size()], [])
    logits = draw.tensor(*rest[:1], v, *rest[1:])
    targets = draw.integers(v, *rest)
    ignored = draw.option(-100, 1)
    if targets.dim() and not bool((targets != ignored).any()):  # a mean over no target is nan, in torch too
        targets = torch.zeros_like(targets)
    elif not targets.dim():
        ignored = -100
    return logits, targets, None, None, ignored, None, draw.option("mean", "sum", "none")


def _cross_entropy(draw: Draw) -> Arguments:
    return *_loss(draw), draw.option(0.0, 0.1)


def _batch_norm(draw: Draw) -> Arguments:
    c = draw.size()
    x = draw.tensor(draw.size(2), c, *draw.option([], [draw.size()], [2, draw.size()]))
    running = draw.option(True, False)
    training = draw.option(True, False) or not running
    mean, var = (draw.tensor(c).detach(), draw.positive(c).detach()) if running else (None, None)
    weight, bias = (draw.row(c), draw.row(c)) if draw.option(True, False) else (None, None)
    return x, mean, var, weight, bias, training, draw.option(0.1, 0.5), draw.option(1e-5, 1e-2)


def _layer_norm(draw: Draw) -> Arguments:
    shape = draw.option([draw.size(2)], [2, draw.size()])
    weight, bias = (draw.tensor(*shape), draw.tensor(*shape)) if draw.option(True, False) else (None, None)
    return draw.tensor(*draw.sizes(0, 2), *shape), shape, weight, bias, draw.option(1e-5, 1e-2)


def _attention(draw: Draw) -> Arguments:
    batch, t, e = draw.sizes(1, 2), draw.size(), draw.size()
    s = draw.option(t, draw.size())
    query, key, value = draw.tensor(*batch, t, e), draw.tensor(*batch, s, e), draw.tensor(*batch, s, e)
    look = draw.integers(2, t, s).bool() | torch.eye(t, s, dtype=torch.bool)
    look[:, 0] = True
    mask = draw.option(None, look, draw.tensor(t, s), draw.tensor(1, s))
    causal = mask is None and draw.option(False, True)
    return query, key, value, mask, 0.0, causal


def _conv(nd: int) -> Callable[[Draw], Arguments]:
    def sample(draw: Draw) -> Arguments:
        groups, i, o = draw.option(1, 2), draw.size(1, 2), draw.size(1, 2)
        kernel, dilation = [draw.size(1, 3) for _ in range(nd)], draw.option(1, 2)
        stride, padding = draw.option(1, 2), draw.option(0, 1, "same", "valid")
        if padding == "same":  # torch warns about an even kernel, whose padding is lopsided
            stride, kernel = 1, [k | 1 for k in kernel]
        length = [(k - 1) * dilation + 1 + draw.size(0, 3) for k in kernel]
        x = draw.tensor(*draw.option([draw.size(1, 3)], []), i * groups, *length)
        bias = draw.option(draw.tensor(o * groups), None)
        return x, draw.tensor(o * groups, i, *kernel), bias, stride, padding, dilation, groups

    return sample


def _pool(draw: Draw) -> Arguments:
    kernel = draw.option(2, 3, [2, 1])
    x = draw.tensor(*draw.option([2], []), draw.size(1, 2), draw.size(3, 6), draw.size(3, 6))
    return x, kernel, draw.option(None, 1, 2), draw.option(0, 1) if kernel != [2, 1] else 0


def _adaptive_pool(draw: Draw) -> Arguments:
    x = draw.tensor(*draw.option([2], []), draw.size(1, 2), draw.size(2, 6), draw.size(2, 6))
    return x, draw.option(1, 2, [2, 3], [None, 1])


def _cell(gates: int, with_memory: bool = False) -> Callable[[Draw], Arguments]:
    def sample(draw: Draw) -> Arguments:
        b, c, h = draw.size(), draw.size(), draw.size()
        hidden = (draw.tensor(b, h), draw.tensor(b, h)) if with_memory else draw.tensor(b, h)
        weights = draw.tensor(gates * h, c), draw.tensor(gates * h, h)
        biases = (draw.tensor(gates * h), draw.tensor(gates * h)) if draw.option(True, False) else (None, None)
        return draw.tensor(b, c), hidden, *weights, *biases

    return sample


def _view(draw: Draw) -> Arguments:
    a, b, c = draw.size(), draw.size(), draw.size()
    x = draw.tensor(a, b, c).detach().contiguous().requires_grad_()
    return draw.option((x, a * b, c), (x, a, -1), (x, -1), (x, [a, b * c]))


def _transpose(draw: Draw) -> Arguments:
    x = draw.tensor(*[draw.size(), *draw.sizes(1, 2)])
    return x, draw.dim(x), draw.dim(x)


def _several(draw: Draw) -> list[Tensor]:
    shape = draw.sizes(1, 2)
    return [draw.tensor(*shape) for _ in range(draw.size(1, 3))]


def _cat(draw: Draw) -> Arguments:
    tensors = _several(draw)
    dim = draw.option(0, draw.dim(tensors[0]))
    longer = list(tensors[0].shape)
    longer[dim] = draw.size()
    return [*tensors, draw.tensor(*longer)], dim


def _getitem(draw: Draw) -> Arguments:
    a, b = draw.size(2), draw.size(2)
    x, rows = draw.tensor(a, b), draw.integers(a, 4)
    columns = draw.integers(b, 4)
    look = draw.integers(2, a, b).bool()
    index = draw.option(
        rows, 0, -1, slice(None, None, 2), (slice(None), 1), (..., None), (rows, columns), (slice(None), columns),
        (slice(0, 1), rows % b), look, [0, 1, 0], rows.view(2, 2), (None, rows, slice(1)),
    )  # fmt: skip
    return x, index


SAMPLES: dict[Function, Callable[[Draw], Arguments]] = {
    F.linear: _linear,
    F.embedding: _embedding,
    torch.matmul: _matmul,
    torch.tanh: _elementwise,
    torch.sigmoid: _elementwise,
    F.relu: _elementwise,
    F.leaky_relu: _with([0.01, 0.3]),
    F.elu: _with([1.0, 0.5]),
    F.gelu: _elementwise,
    F.softmax: _along,
    F.log_softmax: _along,
    F.dropout: _dropout,
    F.nll_loss: _loss,
    F.cross_entropy: _cross_entropy,
    F.batch_norm: _batch_norm,
    F.layer_norm: _layer_norm,
    F.scaled_dot_product_attention: _attention,
    F.conv1d: _conv(1),
    F.conv2d: _conv(2),
    F.max_pool2d: _pool,
    F.avg_pool2d: _pool,
    F.adaptive_avg_pool2d: _adaptive_pool,
    torch.rnn_tanh_cell: _cell(1),
    torch.rnn_relu_cell: _cell(1),
    torch.gru_cell: _cell(3),
    torch.lstm_cell: _cell(4, with_memory=True),
    torch.add: _broadcast,
    torch.sub: _broadcast,
    torch.mul: _broadcast,
    torch.div: _broadcast,
    torch.neg: _elementwise,
    torch.exp: _elementwise,
    torch.log: _log,
    torch.pow: _pow,
    torch.sum: _reduction,
    torch.cumsum: _along,
    torch.mean: _reduction,
    torch.var: _var,
    torch.max: _max,
    Tensor.view: _view,
    torch.reshape: lambda draw: (draw.tensor(2, draw.size(), 3), draw.option([-1], [3, -1])),
    torch.flatten: lambda draw: (draw.tensor(*draw.sizes(2, 4)), draw.option(0, -2)),
    torch.unflatten: lambda draw: (draw.tensor(draw.size(), 6), 1, draw.option([2, 3], [-1, 2])),
    torch.squeeze: lambda draw: (draw.tensor(1, draw.size(), 1), *draw.option((), (0,), (1,), (-1,))),
    torch.unsqueeze: lambda draw: (draw.tensor(*draw.sizes(2, 3)), draw.option(0, 1, -1)),
    torch.transpose: _transpose,
    torch.permute: lambda draw: (draw.tensor(*(draw.size() for _ in range(3))), draw.option([2, 0, 1], [1, -1, 0])),
    Tensor.expand: lambda draw: (draw.tensor(1, draw.size()), draw.size(), draw.option(4, 1), -1),
    torch.cat: _cat,
    torch.stack: lambda draw: (_several(draw), draw.option(0, 1, -1)),
    torch.unbind: _along_any,
    torch.split: lambda draw: (draw.tensor(draw.size(), 5), draw.option(2, 1, [1, 4], [2, 3, 0]), draw.option(1, -1)),
    torch.chunk: lambda draw: (draw.tensor(draw.size(), draw.size()), draw.option(2, 3), draw.option(0, 1)),
    torch.clone: _elementwise,
    F.pad: lambda draw: (draw.tensor(2, 4), draw.option([1, 0], [2, 1, 0, 1], [-1, 2])),
    Tensor.__getitem__: _getitem,
}
