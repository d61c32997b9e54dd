"""Rows that were trained on, with their classes: some of those seen, to ask whether the one depends on the other."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

MOST = 1024  # rows that are kept
MOST_COLUMNS = 256
MOST_BATCHES = 256  # whose classes are counted apart
MOST_CLASSES = 64
LEAST_CLASSES, LEAST_ROWS = 5, 8  # and rows of each, to ask for the order of classes
FEWEST_COLUMNS, MANY_ROWS = 3, 100  # from which two equal rows are one that came again
SHUFFLES = 39  # of the classes, against which what is found is held


class Dependence(NamedTuple):
    """Whether rows tell their classes: the place among shuffled ones, 0 for more than any, 1 for less than any.

    means : of the spread between the means of the classes
    neighbours : of the share of rows whose nearest neighbour has the same class
    """

    rows: int
    means: float
    neighbours: float

    @property
    def none(self) -> bool:
        """Whether nothing of it stands out from chance."""
        return self.means > 0.05 and self.neighbours > 0.05


class Neighbours(NamedTuple):
    """Whether classes of close numbers have inputs that are alike: the place of that among shuffled numbers (0 for
    more than any), and how many classes there are.
    """

    classes: int
    place: float


class Again(NamedTuple):
    """Rows that came again: how many, which share of them with the same class, and which share that is by chance."""

    rows: int
    same: float
    chance: float


class Order(NamedTuple):
    """How much the batch that a class is from says of it: nats, beside the entropy of all classes."""

    batches: int
    told: float
    entropy: float


class Rows:
    """Rows in bounded memory, the latest of those seen, and how often each class was in each batch that was seen."""

    def __init__(self) -> None:
        self.batches: list[Int[Tensor, " classes"]] = []
        self._rows: list[tuple[Float[Tensor, "n columns"], Int[Tensor, " n"]]] = []
        self._known: tuple[int, Dependence | None] = (0, None)
        self.seen = 0
        self._numbers = True  # whether all rows are of numbers that have no order of symbols in them

    def add(self, x: Tensor, classes: Int[Tensor, " n"], number: int) -> None:
        """Add a batch: rows of any shape, and the class of each."""
        x, classes = x.detach(), classes.detach().cpu()
        if number > MOST_CLASSES or len(x) != len(classes):
            return
        self._numbers &= x.is_floating_point()
        kept = (classes >= 0) & (classes < number)
        if len(self.batches) < MOST_BATCHES:
            self.batches.append(torch.bincount(classes[kept], minlength=number))
        if self._rows and self._rows[-1][0].shape[1:] != _columns(x[:1]).shape[1:]:
            self._rows = []
        self._rows.append((_columns(x[:MOST]).cpu()[kept[:MOST]], classes[:MOST][kept[:MOST]]))
        self.seen += 1
        while len(self._rows) > 1 and sum(len(y) for _, y in self._rows[1:]) >= MOST:
            del self._rows[0]

    def join(self, classes: Int[Tensor, " n"], number: int) -> None:
        """Count further classes into the batch that was added last: those of another loss of the same step."""
        classes = classes.detach().cpu()
        kept = (classes >= 0) & (classes < number)
        if 0 < len(self.batches) < MOST_BATCHES and len(self.batches[-1]) == number:
            self.batches[-1] = self.batches[-1] + torch.bincount(classes[kept], minlength=number)

    def order(self) -> Order | None:
        """What batches tell of classes; None before five batches of eight or more in each, or three with sixteen or
        more of one class in each.
        """
        counts = [c.double() for c in self.batches if c.sum() >= 8]
        pure = len(counts) >= 3 and all(c.sum() >= 16 and c.max() == c.sum() for c in counts)
        if (len(counts) < 5 and not pure) or len({len(c) for c in counts}) > 1:
            return None
        table = torch.stack([c / c.sum() for c in counts]) / len(counts)
        all_classes = table.sum(0)
        inside = torch.special.entr(table * len(counts)).sum(1).mean().item()
        entropy = torch.special.entr(all_classes).sum().item()
        return Order(len(counts), entropy - inside, entropy)

    def again(self) -> Again | None:
        """What became of the classes of rows that came again; None for fewer than 100 different rows."""
        if not self._rows or not self._numbers:
            return None
        x, y = (torch.cat(parts) for parts in zip(*self._rows, strict=True))
        _, of = torch.unique(x, dim=0, return_inverse=True)
        rows = int(of.max()) + 1 if len(of) else 0
        if x.shape[1] < FEWEST_COLUMNS or rows < MANY_ROWS:
            return None
        places = torch.arange(len(of))
        first = torch.full((rows,), len(of)).scatter_reduce(0, of, places, "amin")
        last = torch.zeros(rows, dtype=torch.int64).scatter_reduce(0, of, places, "amax")
        came = first < last
        shares = torch.bincount(y).double() / len(y)
        same = float((y[first[came]] == y[last[came]]).double().mean()) if bool(came.any()) else 1.0
        return Again(int(came.sum()), same, float(shares.square().sum()))

    def dependence(self) -> Dependence | None:
        """Whether rows tell their classes; None for fewer than 200 different ones."""
        if self._known[0] != self.seen:
            self._known = self.seen, self._ask()
        return self._known[1]

    def neighbours(self) -> Neighbours | None:
        """Whether the order of the classes is one of the inputs, too; None where rows do not tell five classes."""
        known = self.dependence()
        if known is None or known.means > 0:
            return None
        x, y = (torch.cat(parts) for parts in zip(*self._rows, strict=True))
        x = (x - x.mean(0)) / x.std(0).clamp(min=1e-6)
        common = [c for c in y.unique().tolist() if int((y == c).sum()) >= LEAST_ROWS]
        if len(common) < LEAST_CLASSES:
            return None
        means = torch.stack([x[y == c].mean(0) for c in common])
        apart, numbers = torch.cdist(means, means), torch.tensor(common, dtype=torch.float32)
        generator = torch.Generator().manual_seed(0)
        orders = [numbers, *(numbers[torch.randperm(len(numbers), generator=generator)] for _ in range(SHUFFLES))]
        return Neighbours(len(common), _place([_along(apart, some) for some in orders]))

    def _ask(self) -> Dependence | None:
        if not self._rows:
            return None
        x, y = (torch.cat(parts) for parts in zip(*self._rows, strict=True))
        x, y = x[-MOST:], y[-MOST:]
        x, first = torch.unique(x, dim=0, return_inverse=True)
        y = torch.zeros(len(x), dtype=y.dtype).scatter(0, first, y)  # of equal rows, one
        if len(x) < 200 or len(torch.unique(y)) < 2 or not torch.isfinite(x).all():
            return None
        x = (x - x.mean(0)) / x.std(0).clamp(min=1e-6)
        near = torch.cdist(x, x).fill_diagonal_(torch.inf).argmin(1)
        generator = torch.Generator().manual_seed(0)
        shuffled = [y, *(y[torch.randperm(len(y), generator=generator)] for _ in range(SHUFFLES))]
        means = [_between(x, some) for some in shuffled]
        neighbours = [float((some[near] == some).float().mean()) for some in shuffled]
        return Dependence(len(x), _place(means), _place(neighbours))


def _place(values: list[float]) -> float:
    """Share of the others that are as large as the first."""
    return sum(v >= values[0] for v in values[1:]) / (len(values) - 1)


def _along(apart: Float[Tensor, "n n"], numbers: Float[Tensor, " n"]) -> float:
    """Correlation of distances between classes with those of their numbers."""
    upper = torch.triu_indices(len(numbers), len(numbers), 1)
    pairs = torch.stack([apart[upper[0], upper[1]], (numbers[upper[0]] - numbers[upper[1]]).abs()])
    return float(torch.corrcoef(pairs)[0, 1].nan_to_num())


def _between(x: Float[Tensor, "n columns"], classes: Int[Tensor, " n"]) -> float:
    """Spread of the means of the classes, each counted as often as it occurs."""
    member = torch.nn.functional.one_hot(classes.long()).to(x.dtype)
    sums = member.T @ x
    return float((sums.square().sum(1) / member.sum(0).clamp(min=1)).sum())


def _columns(x: Tensor) -> Float[Tensor, "n columns"]:
    """Each row as at most `MOST_COLUMNS` numbers: some of its elements, or of whole numbers how often each occurs."""
    flat = x.reshape(len(x), -1)
    if x.dtype.is_floating_point:
        stride = max(1, flat.shape[1] // MOST_COLUMNS)
        return flat[:, ::stride][:, :MOST_COLUMNS].float()
    symbols = flat.long() % MOST_COLUMNS
    return torch.zeros(len(x), MOST_COLUMNS, dtype=torch.float32, device=x.device).scatter_add_(
        1, symbols, torch.ones_like(symbols).float()
    )
