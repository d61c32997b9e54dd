"""Blanks: an index that an embedding keeps at 0 as padding, and where it stands in what is looked up.

Padding lies at one end of a row. What stands between other symbols, at any place and again and again, is a symbol,
unless something was taken out there: then a mask goes with it, or it adds nothing to a sum, or it is rare and falls
anywhere, as a base that could not be read.
"""

import math

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.noted import Blank, Noted
from moreish.doctor.watch.arguments import Args, Kwargs, argument, tensors_of
from moreish.doctor.watch.pairs import is_plain

MOST_ROWS, FEWEST_ROWS, FEWEST_PLACES, FEWEST_RUNS = 64, 8, 6, 12
MOST_KEPT, MOST_ASKED = 8, 32  # tensors that were compared or written; those that may be a mask
OFTEN, HELD = 0.03, 0.35  # of the places inside rows; of the rows
SPREAD = 0.4  # of the places of a row, at which runs of it end
TWICE = 1.1  # runs of a row that has one: not one in each
HOLES = 3.0  # times as often as the symbol that comes next: more likely to say that nothing is there
RARER, NONE = 2.0, 0.1  # times as rare as the middle one of the symbols; of its share, from which one counts
SURELY = 3.0  # standard deviations of a chi-square from which neighbours are others than anywhere
OWN_COLUMN = 1.5  # columns in which another symbol stands, as where each column has its own
WRITES = {"masked_fill", "masked_fill_", "where", "mul", "mul_", "multiply", "__setitem__"}
COMPARES = {"match", "threshold", "differ"}


class Blanks:
    """Of one frame: the first embedding with such an index among what it looks up."""

    def __init__(self, noted: Noted) -> None:
        self.noted = noted
        self._kept: list[Tensor] = []  # ids that were compared with something, or had something written into them
        self._ids: Tensor | None = None
        self._given: Tensor | None = None  # what the embedding gave
        self._found: Blank | None = None
        self._unread = False  # it may stand for what is not known
        self._asked = 0

    def looked_up(self, call: Call, args: Args, kwargs: Kwargs, result: Tensor) -> None:
        """An embedding was asked for rows."""
        ids, table, pad = (argument(args, kwargs, k, n) for k, n in enumerate(("input", "weight", "padding_idx")))
        if self._ids is not None or call.op != "embedding" or not isinstance(pad, int) or not table.requires_grad:
            return
        if not isinstance(ids, Tensor) or not is_plain(ids) or ids.dim() < 2 or not result.requires_grad:
            return
        pad = pad if pad >= 0 else pad + len(table)
        stands = _stands(ids.detach(), pad)
        if stands is not None and not any(_same(ids, other) for other in self._kept):
            self._ids, self._given = ids.detach(), result
            self._found = Blank(call.layer, pad, len(table), *stands)
            self._unread = _falls_anywhere(ids.detach().reshape(-1, ids.shape[-1])[:MOST_ROWS], pad)

    def viewed(self, x: object, result: object) -> None:
        """All that was looked up in a row becomes one row of numbers: the ids are columns of a table."""
        if self._ids is None or x is not self._given or not isinstance(result, Tensor):
            return
        if self._ids.dim() == 2 and result.dim() == 2 and len(result) == len(self._ids):
            self._found = None

    def called(self, op: str, kind: str, args: Args, kwargs: Kwargs, result: object) -> None:
        """Whatever could be a mask, or could have made one of the ids; a sum; a loss."""
        x = args[0] if args else None
        changed = x if op == "__setitem__" else result if op in WRITES else x if kind in COMPARES else None
        if isinstance(changed, Tensor) and changed.dtype in (torch.int64, torch.int32) and is_plain(changed):
            if self._ids is not None and _same(self._ids, changed):
                self._found = None
            self._kept = [*self._kept, changed.detach()][-MOST_KEPT:]
        found = self._found
        if found is None or self._ids is None:
            return
        if op == "sum" and x is self._given:
            self._found = None
        elif op in ("cross_entropy", "nll_loss"):
            target, ignored = argument(args, kwargs, 1, "target"), argument(args, kwargs, 4, "ignore_index", -100)
            if isinstance(x, Tensor) and isinstance(target, Tensor) and target.dtype == torch.int64 and x.dim() > 1:
                of_them = x.shape[1] == found.symbols and 2 * target.numel() >= self._ids.numel()
                wanted = of_them and ignored != found.symbol and bool((target == found.symbol).any())
                self._found = found._replace(target=found.target or wanted)
        elif self._asked < MOST_ASKED and any(self._masks(t, found.symbol) for t in tensors_of(args, kwargs)):
            self._found = None

    def close(self) -> None:
        """Tell what was seen, and let go of everything."""
        known = self._found is not None and (self._found.target or not self._unread)
        self.noted.blank = self._found if known else None
        self._kept, self._ids, self._given, self._found = [], None, None, None

    def _masks(self, x: Tensor, symbol: int) -> bool:
        """Whether this is 0 just where the symbol stands, or just where it does not."""
        ids = self._ids
        if ids is None or not is_plain(x) or x.numel() != ids.numel() or x.requires_grad or x.is_complex():
            return False
        self._asked += 1
        there = (x.detach() != 0).reshape(ids.shape).to(ids.device)
        return torch.equal(there, ids == symbol) or torch.equal(there, ids != symbol)


def _same(ids: Tensor, other: Tensor) -> bool:
    return other is ids or (ids.shape == other.shape and ids.device == other.device and torch.equal(ids, other))


def _stands(ids: Tensor, pad: int) -> tuple[float, float, float] | None:
    """The shares of places inside rows and of rows that hold it; None where it is padding, or may say "nothing".

    Rows may lie along the last axis, or along the first one (time, batch): along neither may it look like padding.
    """
    table = ids.reshape(-1, ids.shape[-1])
    ways = [_along(table[:MOST_ROWS], pad)]
    if ids.dim() == 2 and len(ids) >= FEWEST_PLACES and ids.shape[1] >= FEWEST_ROWS:
        ways.append(_along(ids.T[:MOST_ROWS], pad))
    if any(way is None for way in ways) or _is_nothing(table, pad):
        return None
    return ways[0]


def _along(rows: Tensor, pad: int) -> tuple[float, float, float] | None:
    """How often it stands between other symbols of a row, in how many rows, and for which share of all its places."""
    blank = rows == pad
    blank = blank[~blank.all(1)]
    if len(blank) < FEWEST_ROWS or rows.shape[1] < FEWEST_PLACES:
        return None
    other = (~blank).int()
    inside = (other.cumsum(1) > 0) & (other.flip(1).cumsum(1).flip(1) > 0)
    held = blank & inside
    ends = held[:, :-1] & ~blank[:, 1:]
    count, runs = int(held.sum()), int(ends.sum())
    often, holding = count / max(int(inside.sum()), 1), float(held.any(1).float().mean())
    mostly = count / max(int(blank.sum()), 1)
    if runs < FEWEST_RUNS or often < OFTEN or holding < HELD or mostly < 0.5:
        return None
    places = int(ends.any(0).sum())
    twice = runs / max(int(ends.any(1).sum()), 1)
    if places < SPREAD * min(rows.shape[1] - 2, runs) or twice < TWICE:
        return None
    return often, holding, mostly


def _is_nothing(rows: Tensor, pad: int) -> bool:
    """Whether it is so much more frequent than any symbol that it seems to stand for none, or each column has symbols
    of its own, of which it is one that is missing.
    """
    rows = rows[:MOST_ROWS]
    symbols, which, counts = rows.unique(return_inverse=True, return_counts=True)
    others = symbols != pad
    if not bool(others.any()) or int(counts[~others].sum()) > HOLES * int(counts[others].max()):
        return True
    columns = torch.arange(rows.shape[1], device=rows.device).expand_as(rows)
    pairs = (which * rows.shape[1] + columns).unique() // rows.shape[1]
    often = counts[pairs.unique()] >= 2
    stands = torch.bincount(pairs, minlength=len(symbols))[others & often].float()
    return bool(len(stands)) and float(stands.mean()) < OWN_COLUMN


def _falls_anywhere(rows: Tensor, pad: int) -> bool:
    """Whether it is rarer than any symbol, far rarer than most, and has the neighbours that any place has."""
    symbols, which, counts = rows.unique(return_inverse=True, return_counts=True)
    own = int((symbols == pad).nonzero()[0])
    others = counts[symbols != pad]
    others = others[others >= NONE * counts[own]]
    if len(others) < 2 or min(int(others.min()), int(others.median()) / RARER) < int(counts[own]):
        return False
    pairs = torch.bincount((which[:, :-1] * len(symbols) + which[:, 1:]).reshape(-1), minlength=len(symbols) ** 2)
    pairs = pairs.reshape(len(symbols), -1).double()
    return not any(_differ(p[own], p.sum(0) - p[own], own) for p in (pairs, pairs.T))


def _differ(beside: Tensor, elsewhere: Tensor, own: int) -> bool:
    """Whether the neighbours of a symbol, itself left out, are others than elsewhere, by more than chance."""
    there = elsewhere > 0
    there[own] = False
    expected = elsewhere[there] / elsewhere[there].sum() * beside[there].sum()
    degrees = max(len(expected) - 1, 1)
    chance = float(((beside[there] - expected).square() / expected.clamp(min=1)).sum())
    return chance > degrees + SURELY * math.sqrt(2 * degrees)
