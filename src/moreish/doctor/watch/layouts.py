"""Layouts: whether pictures and series have their channels where their shape says, read from how smooth they are.

Neighbours in a picture are alike. Laid out flat, those of a picture (channel, height, width) are one number apart,
those of one (height, width, channel) as many as there are channels: what is alike at which distance tells.
`view` and `reshape` leave the numbers where they were, so a shape that says one while the numbers go by the other was
made by them. In which order memory holds a tensor (channels_last) does not matter.
"""

import math
from typing import Literal

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.noted import Layout, Noted
from moreish.doctor.frames.operations import CONVOLUTIONS
from moreish.doctor.watch.arguments import Args
from moreish.doctor.watch.given import is_first
from moreish.doctor.watch.pairs import is_plain

LARGE, MOST_LARGE = 1 << 16, 8  # numbers of one example that make it large, and how many of those are read
MOST_LOOKS, MOST_PICTURES, MOST_PLACES = 3, 16, 4096  # tensors of one frame, of those examples, of those numbers
MOST_CHANNELS, MOST_SERIES, LEAST_SIDE, LEAST_LENGTH = 16, 64, 8, 16
LESS, CLEARLY_LESS = 0.8, 0.7  # times what another distance comes to
A_LITTLE = 1.1  # times: more than chance makes of some thousand places
A_TRACE = 1.03  # times: more than chance makes in the same direction, again and again
GOLDEN = (math.sqrt(5) - 1) / 2

Flat = Tensor  # (examples, numbers)
Votes = Tensor  # (examples,)


class Layouts:
    """Of one frame: pictures that models are called with, and what first layers get."""

    def __init__(self, noted: Noted, thorough: bool) -> None:
        self.noted, self._left = noted, MOST_LOOKS if thorough else 0
        self._seen: set[int] = set()  # what was looked at

    def given(self, inputs: Args) -> None:
        """A model is called. Series are looked at where a layer takes them: there it is known which axis is which."""
        for x in inputs:
            if isinstance(x, Tensor) and x.dim() in (4, 5) and not x.requires_grad:
                self._look("", x, "pictures")

    def called(self, call: Call, tensors: list[Tensor]) -> None:
        """A layer with weights: whether it is the first to meet pictures or series."""
        if not self._left or not tensors or call.op == "bilinear" or tensors[0].requires_grad:
            return
        x, convolves = tensors[0], call.op in CONVOLUTIONS
        if x.dim() not in ((3, 4, 5) if convolves else (3,)) or not is_first(call):
            return
        self._look(call.layer, x, "rows" if not convolves else "series" if x.dim() == 3 else "pictures")

    def _look(self, layer: str, x: Tensor, what: Literal["pictures", "series", "rows"]) -> None:
        known = is_plain(x) and (x.is_floating_point() or x.dtype == torch.uint8)
        if not self._left or not known or not len(x) or id(x) in self._seen:
            return
        self._seen.add(id(x))
        x, shape = x.detach()[: MOST_PICTURES if x[0].numel() < LARGE else MOST_LARGE], tuple(x.shape)
        pictures = what == "pictures"
        channels, length = (shape[2], shape[1]) if what == "rows" else (shape[1], shape[-1])
        if (
            not 2 <= channels <= (MOST_CHANNELS if pictures else MOST_SERIES)
            or length < (2 if pictures else 4) * channels
        ):
            return
        if min(shape[-2:]) < LEAST_SIDE if pictures else length < LEAST_LENGTH:
            return
        self._left -= 1
        if pictures:
            votes, sure = _pixels(x.reshape(len(x), -1), channels, length)
            planes = _planes(x.movedim(1, -1).reshape(len(x), -1), channels, length)
            found = (planes, True, "planes") if int(planes.sum()) > int(votes.sum()) else (votes, sure, "pixels")
        elif what == "series":
            found = _times(x.reshape(len(x), -1), channels, length), False, "times"
        else:
            found = _series(x.reshape(len(x), -1), channels, length), False, "series"
        told = votes_of(*found, layer, shape)
        if told is not None and (self.noted.layout is None or told.votes > self.noted.layout.votes):
            self.noted.layout = told


def votes_of(votes: Votes, sure: bool, kind: str, layer: str, shape: tuple[int, ...]) -> Layout | None:
    """How many examples speak for another layout; those of one value everywhere do not count (NaN)."""
    says = votes[torch.isfinite(votes)]
    return Layout(layer, shape, kind, len(says), int(says.sum()), sure) if len(says) else None


def _pixels(flat: Flat, channels: int, width: int) -> tuple[Votes, bool]:
    """Pictures (channel, height, width) whose numbers go by (height, width, channel)."""
    size, c = flat.shape[1], channels
    plane = size // c
    row = width * c  # of pixels with all their colours
    at = _places(size - max(plane, row + 1, 2 * c + 1), flat)
    distances = {
        *range(1, c + 2),
        2 * c - 1,
        2 * c,
        2 * c + 1,
        width - 1,
        width,
        width + 1,
        row - 1,
        row,
        row + 1,
        plane,
    }
    near = {k: _apart(flat, at, k) for k in distances}
    beside = torch.stack([near[k] for k in range(1, c + 2) if k != c]).amin(0)
    below = torch.stack([near[k] for k in (width - 1, width, width + 1, plane)]).amin(0)
    across = [_apart(flat, at[at % c == k], 1) for k in range(c)]
    steps = across[-1] > A_LITTLE * torch.stack(across[:-1]).amax(0)  # from pixel to pixel, not from colour to colour
    tall = (near[row] < LESS * below) & (near[c] < LESS * below)
    by_both = tall & (steps | (near[c] < beside / A_LITTLE))
    if (
        c > 2
    ):  # noise hides how smooth a picture is; what every pixel and every row returns to is left (two: a mosaic)
        returns = [near[k] < torch.minimum(near[k - 1], near[k + 1]) / A_TRACE for k in (c, 2 * c, row)]
        by_both |= returns[0] & returns[1] & returns[2] & (near[row] < below / A_TRACE) & (near[c] < below / A_TRACE)
    if c < 3 or 2 * int(by_both.sum()) >= len(flat):
        return _unless_blank(by_both, near[c] + beside), True
    ends = torch.arange(1, plane // width, device=flat.device) * width
    ends = (ends[ends // width % c != 0, None] - torch.arange(1, c + 1, device=flat.device)).reshape(-1)
    goes_on = _apart(flat, ends, c).mean() <= near[c].mean() / LESS  # where a row of the shape ends, no picture does
    apart = (near[c] < CLEARLY_LESS * beside) & (near[c] < LESS * near[plane])
    return _unless_blank(apart & goes_on, near[c] + beside), False


def _planes(flat: Flat, channels: int, width: int) -> Votes:
    """Pictures that are (height, width, channel) here, whose numbers go by (channel, height, width)."""
    size, c = flat.shape[1], channels
    at = _places(size - (width + 1) * c, flat)
    at = at[(at + 1) % width != 0]  # a row of the picture ends there
    near = {k: _apart(flat, at, k) for k in {1, c, width, (width - 1) * c, width * c, (width + 1) * c}}
    last = at % c == c - 1
    smooth = _apart(flat, at[last], 1).mean() < A_LITTLE * _apart(flat, at[~last], 1).mean()
    below = torch.stack([near[k * c] for k in (width - 1, width, width + 1)]).amin(0)
    return _unless_blank(smooth & (near[1] < LESS * near[c]) & (near[width] < LESS * below), near[1] + near[c])


def _times(flat: Flat, channels: int, length: int) -> Votes:
    """Series (channel, time) whose numbers go by (time, channel)."""
    size, c = flat.shape[1], channels
    at = _places(size - max(length, c + 1), flat)
    beside = torch.stack([_apart(flat, at, k) for k in {1, 2, 3, c // 2, c - 1, c + 1} - {0, c}]).amin(0)
    same, level = _apart(flat, at, c), _apart(flat, at, length)
    ends = torch.arange(1, c, device=flat.device)[:, None] * length - torch.arange(1, c + 1, device=flat.device)
    goes_on = _apart(flat, ends.reshape(-1), c).mean() < same.mean() / LESS  # no jump from channel to channel
    return _unless_blank((same < CLEARLY_LESS * beside) & (same < LESS * level) & goes_on, same + beside)


def _series(flat: Flat, channels: int, length: int) -> Votes:
    """Rows (time, channel) whose numbers go by (channel, time): a jump where a series ends, and at no row's end."""
    size, c = flat.shape[1], channels
    at = _places(size - c - 1, flat)
    at = at[(at + 1) % length != 0]
    one, same = _apart(flat, at, 1), _apart(flat, at, c)
    last = at % c == c - 1
    within, over = _apart(flat, at[~last], 1), _apart(flat, at[last], 1)
    ends = torch.arange(1, c, device=flat.device) * length - 1
    jumps = _apart(flat, ends, 1).mean() > 2 * one.mean()
    smooth = (over.mean() < within.mean() / LESS) & (over.mean() > LESS * within.mean())
    return _unless_blank((one < CLEARLY_LESS * same) & jumps & smooth, one + same)


def _places(size: int, flat: Flat) -> Tensor:
    """Places evenly spread, in step with nothing."""
    if size <= MOST_PLACES:
        return torch.arange(max(size, 0), device=flat.device)
    places = torch.arange(MOST_PLACES, dtype=torch.float64, device="cpu") * GOLDEN % 1 * size
    return places.long().to(flat.device)


def _apart(flat: Flat, at: Tensor, distance: int) -> Votes:
    """How far apart numbers are that lie so far from each other: the mean of each example."""
    return (flat[:, at + distance].float() - flat[:, at].float()).abs().mean(1).cpu()


def _unless_blank(votes: Tensor, moves: Votes) -> Votes:
    return torch.where(torch.isfinite(moves) & (moves > 0), votes.float(), math.nan)
