"""Maps of classes that were interpolated, and maps that were not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor.watch.label_maps import between
from tests.doctor.test_further_kinds import trained


def fields(n=8, size=24, classes=5, seed=0):
    """Land in rectangles, of whole numbers."""
    g = torch.Generator().manual_seed(seed)
    maps = torch.zeros(n, size, size, dtype=torch.long)
    for m in maps:
        for _ in range(6):
            r, c = torch.randint(0, size - 10, (2,), generator=g).tolist()
            m[r : r + 10, c : c + 10] = int(torch.randint(0, classes, (1,), generator=g))
    return maps


def resized(maps, mode, to=(32, 32)):
    return F.interpolate(maps[:, None].float(), size=to, mode=mode)[:, 0].long()


def turned(maps, mode):
    corner = torch.tensor([[[0.94, -0.34, 0.0], [0.34, 0.94, 0.0]]]).expand(len(maps), -1, -1)
    grid = F.affine_grid(corner, [len(maps), 1, *maps.shape[1:]], align_corners=False)
    return F.grid_sample(maps[:, None].float(), grid, mode=mode, align_corners=False)[:, 0].long()


def trimap(maps):
    """Background 0, edge 1, things 2: the edge is a class of its own."""
    things = (maps > 2).float()[:, None]
    wide, narrow = F.max_pool2d(things, 3, 1, 1), -F.max_pool2d(-things, 3, 1, 1)
    return (wide + narrow)[:, 0].long()


def membranes(n=8, size=32):
    """Cells: outside 0, skin 1, inside 2, the skin of a kernel 3, kernel 4. Two skins are thin and lie between."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    maps = torch.zeros(n, size, size, dtype=torch.long)
    for k, m in enumerate(maps):
        away = ((x - 14 - k % 4) ** 2 + (y - 15 - k % 3) ** 2).float().sqrt()
        for kind, radius in enumerate((11.5, 10.5, 5.5, 4.5), 1):
            m[away < radius] = kind
    return maps


def strata(n=8, size=24):
    """Layers of ground that always lie upon one another: thick somewhere, thin elsewhere."""
    maps = torch.full((n, size, size), 4)
    for k, m in enumerate(maps):
        m[:, : 10 + k % 3], m[:, 10 + k % 3 : 11 + k % 3] = 0, 2
        m[18:, 8 : 12 + k % 3] = 2
    return maps


def heights(n=8, size=24):
    t = torch.linspace(0, 6, size)
    return torch.stack([(4 * (1 + torch.sin(t + k)[:, None] * torch.cos(t * 0.7)[None])).long() for k in range(n)])


def found(maps):
    torch.manual_seed(0)
    model = nn.Conv2d(1, 9, 3, padding=1)
    return "F153" in trained(
        model, lambda k: F.cross_entropy(model(torch.randn(len(maps), 1, *maps.shape[1:])), maps)
    )


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_maps_that_were_resized_with_interpolation_are_found(mode):
    assert found(resized(fields(), mode).clamp(min=0))


def test_maps_that_were_turned_with_interpolation_are_found():
    assert found(turned(fields(), "bilinear"))


WELL = {
    "as they are": fields(),
    "nearest": resized(fields(), "nearest"),
    "turned, nearest": turned(fields(), "nearest"),
    "an edge of its own": trimap(fields()),
    "two classes": resized(fields(classes=2), "bilinear"),
    "heights": heights(),
    "skins": membranes(),
    "strata": strata(),
    "noise": torch.randint(0, 5, (8, 24, 24), generator=torch.Generator().manual_seed(0)),
    "ignored edges": fields().masked_fill(fields().diff(dim=2, prepend=fields()[:, :, :1]) != 0, -100),
}


@pytest.mark.parametrize("maps", WELL.values(), ids=WELL)
def test_other_maps_are_not(maps):
    assert not found(maps)


def test_amounts_that_were_cut_into_classes_are_told_by_their_tones():
    """As of rain: between light and heavy lies moderate."""
    maps = resized(fields(), "bilinear").clamp(min=0)
    tones = maps[:, None].float() + 0.1 * torch.rand(len(maps), 1, *maps.shape[1:])
    mixed = torch.tensor([3.0, 0.0, 4.0, 1.0, 2.0])[maps][:, None]
    assert between(maps, tones) is None
    assert between(maps, -tones) is None
    assert between(maps, mixed) == between(maps)
    assert between(maps, mixed[..., :8]) == between(maps)


def test_what_is_no_map_is_passed_by():
    assert between(torch.zeros(4, 9, dtype=torch.long)) is None
    assert between(torch.zeros(4, 3, 3, dtype=torch.long)) is None
    assert between(torch.rand(4, 9, 9)) is None
    assert between(torch.zeros(0, 9, 9, dtype=torch.long)) is None
