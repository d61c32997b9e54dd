"""Maps of classes: whether what lies between two regions is what interpolation makes of their numbers."""

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.doctor.frames.noted import Between

MOST_MAPS = 16
FLAT, EDGE = 3, 2  # places of one class on either side of an edge, and of the edge itself
MOST_UNORDERED = 4  # classes from which it is no chance that their tones are in order
REGION = 4  # places high and wide that make a class more than an edge


def between(maps: Tensor, pictures: Tensor | None = None) -> Between | None:
    """Of the edges between two flat regions (along the rows of maps (B, H, W) of class numbers) whose numbers are two
    or more apart: how many there are, how many have a class between the two in them that has regions of its own
    elsewhere, and between how many pairs such a class lies; None where there are no such maps, or where pictures
    (B, C, H, W) grow brighter with the number of the class, as amounts do that were cut into classes.
    """
    if maps.dim() != 3 or not len(maps) or min(maps.shape[1:]) < 2 * FLAT + EDGE or maps.is_floating_point():
        return None
    x = maps[:MOST_MAPS].detach().cpu()
    if pictures is not None and _are_amounts(x, pictures[:MOST_MAPS].detach().cpu().float()):
        return None
    windows = x.unfold(2, 2 * FLAT + EDGE, 1).reshape(-1, 2 * FLAT + EDGE)
    left, edge, right = windows[:, :FLAT], windows[:, FLAT : FLAT + EDGE], windows[:, FLAT + EDGE :]
    a, b = left[:, 0], right[:, 0]
    flat = (left == a[:, None]).all(1) & (right == b[:, None]).all(1) & ((a - b).abs() >= 2) & (a >= 0) & (b >= 0)
    a, b, edge = a[flat], b[flat], edge[flat]
    low, high = torch.minimum(a, b)[:, None], torch.maximum(a, b)[:, None]
    highest, lowest = F.max_pool2d(x.float(), REGION, 1), -F.max_pool2d(-x.float(), REGION, 1)
    inside = (edge > low) & (edge < high) & torch.isin(edge, highest[highest == lowest].long())
    made = inside.any(1)
    straight = ((edge == low) | (edge == high)).all(1)
    between_which = torch.stack([edge, low.expand_as(edge), high.expand_as(edge)], -1)[inside].unique(dim=0)
    pairs = int(between_which[:, 0].unique(return_counts=True)[1].max()) if len(between_which) else 0
    return Between(int((made | straight).sum()), int(made.sum()), pairs)


def _are_amounts(maps: Tensor, pictures: Tensor) -> bool:
    """Whether the mean of a channel rises, or falls, from each class to the next one, of four or more."""
    if pictures.dim() != 4 or pictures.shape[2:] != maps.shape[1:]:
        return False
    classes = [c for c in maps.unique().tolist() if c >= 0]
    if len(classes) < MOST_UNORDERED:
        return False
    tones = torch.stack([pictures.movedim(1, -1)[maps == c].mean(0) for c in classes]).diff(dim=0)
    return bool(((tones > 0).all(0) | (tones < 0).all(0)).any())
