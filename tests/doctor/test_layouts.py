"""What stands where in the data: channels of pictures and series, and symbols that are taken for padding."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from tests.doctor.test_further_kinds import told


def smooth(*shape, noise=0.05, shared=0.5):
    """Pictures whose neighbours are alike, and whose channels are somewhat."""
    x = torch.randn(shape) + shared * torch.randn(shape[0], 1, *shape[2:])
    kernel = (1,) * (4 - len(shape)) + (5, 5)
    for _ in range(2):
        x = F.avg_pool2d(x, kernel[-2:], 1, 2)
    return x / x.std() + noise * torch.randn(shape)


def shapes(*shape):
    x = torch.zeros(shape)
    for picture in x:
        top, left = torch.randint(2, shape[-1] // 2, (2,)).tolist()
        picture[:, top : top + shape[-1] // 2, left : left + shape[-1] // 3] = torch.rand(shape[1], 1, 1)
    return (255 * x).byte()


def recording(*shape):
    x = torch.randn(*shape[:2], shape[2] + 16).cumsum(2).unfold(2, 9, 1).mean(3)[..., : shape[2]]
    return (x - x.mean(2, keepdim=True)) / x.std(2, keepdim=True) + 0.05 * torch.randn(shape)


def as_channels(x):
    return x.movedim(1, -1).reshape(x.shape)


def as_pixels(x):
    return x.reshape(len(x), *x.shape[2:], x.shape[1]).movedim(-1, 1)


class Net(nn.Module):
    """A convolution, or a recurrent layer, over what a function makes of the input inside the model."""

    def __init__(self, first, inside=None):
        super().__init__()
        self.first, self.inside, self.last = first, inside, nn.LazyLinear(3)

    def forward(self, x):
        x = x.float() / 255 if x.dtype == torch.uint8 else x
        x = x if self.inside is None else self.inside(x)
        h = self.first(x)
        h = h[0].mean(1) if isinstance(h, tuple) else h.flatten(2).mean(2)
        return self.last(h)


def watched(first, batch, inside=None, steps=6):
    torch.manual_seed(0)
    model = Net(first, inside)
    model(batch())
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(steps):
            optimizer.zero_grad()
            x = batch()
            F.cross_entropy(model(x), torch.randint(3, (len(x),))).backward()
            optimizer.step()
    return told(doctor)


def conv(channels):
    return nn.Conv2d(channels, 4, 3)


PICTURES = {
    "textures": lambda: smooth(16, 3, 32, 32),
    "nearly grey": lambda: smooth(16, 3, 32, 32, shared=8.0),
    "shapes in bytes": lambda: shapes(16, 3, 33, 33),
    "depth beside colours": lambda: smooth(16, 4, 24, 48),
    "planes": lambda: smooth(16, 9, 32, 32),
    "in much noise": lambda: smooth(16, 3, 32, 32, noise=0.7),
}


@pytest.mark.parametrize("made", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("inside", [False, True], ids=["before the model", "in the model"])
def test_pictures_whose_channels_are_swapped_by_a_view_are_found(made, inside):
    torch.manual_seed(1)
    layer = conv(made().shape[1])
    assert "F146" not in watched(layer, made)
    if inside:
        said = watched(
            layer, lambda: made().permute(0, 2, 3, 1), lambda x: x.reshape(len(x), x.shape[3], *x.shape[1:3])
        )
    else:
        said = watched(layer, lambda: as_channels(made()))
    assert "(channel, height, width) by their shape and (height, width, channel) by" in said["F146"]


@pytest.mark.parametrize("made", [PICTURES["textures"], PICTURES["nearly grey"], PICTURES["depth beside colours"]])
def test_planes_that_are_taken_for_pixels_are_found(made):
    torch.manual_seed(1)
    said = watched(conv(made().shape[1]), lambda: as_pixels(made()))
    assert "(height, width, channel) by their shape and (channel, height, width) by" in said["F146"]


def test_a_film_whose_colours_are_swapped_is_found():
    def film():
        return smooth(8, 3 * 6, 24, 24).reshape(8, 3, 6, 24, 24)

    torch.manual_seed(1)
    layer = nn.Conv3d(3, 4, 3)
    assert "F146" not in watched(layer, film)
    assert "F146" in watched(layer, lambda: as_channels(film()))


def test_colours_on_noise_are_a_matter_to_watch():
    torch.manual_seed(1)
    assert "F146" in watched(
        conv(3), lambda: as_channels(2 * torch.rand(16, 3, 1, 1) + 0.2 * torch.randn(16, 3, 32, 32))
    )


@pytest.mark.parametrize(("channels", "length"), [(3, 64), (8, 64), (6, 100)])
def test_series_whose_channels_are_swapped_are_found(channels, length):
    torch.manual_seed(1)
    convolved, read = nn.Conv1d(channels, 4, 3), nn.GRU(channels, 4, batch_first=True)

    def right():
        return recording(16, channels, length)

    assert "F146" not in watched(convolved, right)
    assert "F146" in watched(convolved, lambda: as_channels(right()))
    assert "F146" not in watched(read, lambda: right().transpose(1, 2))
    assert "F146" in watched(read, lambda: right().reshape(16, length, channels))


def checkers():
    dark, man = (torch.arange(8)[:, None] + torch.arange(8)) % 2 == 0, torch.rand(16, 8, 8)
    return torch.stack([(man < 0.25) & dark, (man > 0.25) & (man < 0.5) & dark], 1).float()


def mosaic():
    x = 0.2 * smooth(16, 1, 32, 32).repeat(1, 4, 1, 1)
    x[:, :, ::2, ::2] += 1
    x[:, :, 1::2, 1::2] += 2
    return x


def striped(period, channels, across):
    x = (torch.arange(32) % period < max(period // 2, 1)).float()
    x = x if across else x[:, None]
    return lambda: x.expand(16, channels, 32, 32) + 0.1 * torch.randn(16, channels, 32, 32)


def screen(period):
    """Print: dots at equal distances on something smooth."""
    dots = (torch.arange(36) % period == 0).float()
    return lambda: smooth(16, 3, 36, 36) + dots[:, None] * dots + 0.1 * torch.randn(16, 3, 36, 36)


LEGITIMATE = {
    "noise": lambda: torch.rand(16, 3, 32, 32),
    "one colour each": lambda: torch.rand(16, 3, 1, 1).expand(16, 3, 32, 32),
    "colours on noise": lambda: 2 * torch.rand(16, 3, 1, 1) + 0.2 * torch.randn(16, 3, 32, 32),
    "channels last": lambda: smooth(16, 3, 32, 32).contiguous(memory_format=torch.channels_last),
    "a permutation": lambda: smooth(16, 3, 32, 32).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
    "blocks": lambda: F.pixel_unshuffle(smooth(16, 1, 64, 64), 2),
    "blocks of colours": lambda: F.pixel_unshuffle(smooth(16, 3, 64, 64), 2),
    "blown up": lambda: F.interpolate(smooth(16, 3, 16, 16), scale_factor=3),
    "a board": lambda: F.one_hot(torch.randint(3, (16, 10, 10)), 3).movedim(-1, 1).float(),
    "draughts": checkers,
    "a mosaic of colours": mosaic,
    "films": lambda: smooth(16, 1, 40, 40).unfold(3, 37, 1)[:, 0].permute(0, 2, 1, 3)[..., :36].contiguous(),
    **{
        f"stripes {period} {channels} {across}": striped(period, channels, across)
        for period in (2, 3, 4)
        for channels in (2, 3, 4)
        for across in (True, False)
    },
    "spectra": lambda: smooth(16, 2, 64, 40).abs(),
    "in much noise": lambda: smooth(16, 3, 32, 32, noise=0.7),
    **{f"a screen of {k}": screen(k) for k in (2, 3, 4, 6)},
    "tiny": lambda: smooth(16, 3, 6, 6),
    "few": lambda: as_channels(smooth(4, 3, 32, 32)),
}


@pytest.mark.parametrize("made", LEGITIMATE.values(), ids=LEGITIMATE)
def test_other_pictures_are_no_alarm(made):
    torch.manual_seed(1)
    assert "F146" not in watched(conv(made().shape[1]), made, steps=1 if len(made()) < 8 else 6)


def periodic(channels):
    return (
        torch.sin(2 * math.pi * torch.arange(70) / channels)
        + torch.randn(16, channels, 1)
        + torch.randn(16, channels, 70) / 9
    )


ROWS = {
    "patches": lambda: recording(16, 1, 8 * 64).reshape(16, 64, 8),
    "lags": lambda: recording(16, 1, 72)[:, 0].unfold(1, 8, 1)[:, :64],
    "spectra": lambda: smooth(16, 1, 64, 8)[:, 0],
    "noise": lambda: torch.randn(16, 64, 8),
    "a period": lambda: periodic(7).transpose(1, 2),
    "ones among zeros": lambda: F.one_hot(torch.randint(6, (16, 64)), 6).float(),
}


@pytest.mark.parametrize("made", ROWS.values(), ids=ROWS)
def test_other_series_are_no_alarm(made):
    torch.manual_seed(1)
    width = made().shape[2]
    assert "F146" not in watched(nn.GRU(width, 4, batch_first=True), made)
    assert "F146" not in watched(nn.Conv1d(width, 4, 3), lambda: made().transpose(1, 2))


# Padding that is a symbol


class Reader(nn.Module):
    def __init__(self, symbols, padding, use=None, each=False):
        super().__init__()
        self.embedding, self.use, self.each = nn.Embedding(symbols, 8, padding_idx=padding), use, each
        self.last = nn.Linear(8, symbols if each else 3)

    def forward(self, ids, mask=None):
        h = self.embedding(ids)
        if self.use is not None:
            return self.last(self.use(h, ids))
        if mask is not None:
            h = h * mask.unsqueeze(-1)
        return self.last(h if self.each else h.mean(1).tanh())


def read(batch, symbols=12, padding=0, use=None, each=False, ignore=-100, mask=None, steps=6):
    torch.manual_seed(0)
    model = Reader(symbols, padding, use, each)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(steps):
            optimizer.zero_grad()
            ids = batch()
            if each:
                out, target = model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()
            else:
                out, target = model(ids, None if mask is None else mask(ids)), torch.randint(3, (len(ids),))
            F.cross_entropy(out, target, ignore_index=ignore).backward()
            optimizer.step()
    found = {f.id: f.severity for g in doctor.findings for f in (g, *g.symptoms)}
    return found.get("F147")


def text(symbols=12, rows=24, length=20):
    return lambda: torch.randint(symbols, (rows, length))


def bases():
    return torch.distributions.Categorical(torch.tensor([0.3, 0.2, 0.2, 0.3])).sample((24, 40))


ILL = {
    "letters": (text(), 12, 0),
    "bases": (bases, 4, 0),
    "the last one": (text(), 12, -1),
    "short rows": (text(5, 32, 10), 5, 2),
    "time first": (lambda: torch.randint(12, (20, 24)), 12, 0),
}


@pytest.mark.parametrize("name", ILL)
def test_a_symbol_that_is_the_padding_index_is_found(name):
    batch, symbols, padding = ILL[name]
    torch.manual_seed(1)
    assert read(batch, symbols, padding) == "watch"
    assert read(batch, symbols, padding, each=True) == "sick"
    assert read(batch, symbols, None) is None


def unread(share, runs=1, symbols=4):
    """Symbols of which some are not known, at any place."""

    def batch():
        ids = torch.randint(1, symbols + 1, (48, 60))
        ids[torch.rand(48, 60) < 0.1] = 2
        hole = torch.rand(48, 60) < share
        for _ in range(runs - 1):
            hole |= hole.roll(1, 1) & (torch.rand(48, 60) < 0.5)
        return torch.where(hole, 0, ids)

    return batch


@pytest.mark.parametrize(
    "batch",
    [unread(0.05), unread(0.09), unread(0.04, runs=4), unread(0.04, symbols=8)],
    ids=["few", "some", "runs", "more symbols"],
)
def test_places_that_could_not_be_read_are_no_alarm_unless_they_are_to_be_predicted(batch):
    torch.manual_seed(1)
    drawn = iter([torch.from_numpy(batch().numpy().copy()) for _ in range(20)])  # made before the model is there
    assert read(lambda: next(drawn)) is None
    assert read(lambda: next(drawn), symbols=12, each=True) == "sick"


def test_a_rare_symbol_that_has_its_own_neighbours_is_found():
    def batch():
        ids = torch.randint(1, 5, (48, 60))
        after = (ids.roll(1, 1) == 3) & (torch.rand(48, 60) < 0.3)
        return ids.masked_fill(after, 0)

    torch.manual_seed(1)
    drawn = iter([torch.from_numpy(batch().numpy().copy()) for _ in range(20)])
    assert read(lambda: next(drawn)) == "watch"


def test_columns_of_answers_that_go_on_as_one_row_are_no_symbols():
    """As of a questionnaire, in which 0 was not answered."""
    torch.manual_seed(0)
    answers = nn.Sequential(nn.Embedding(6, 4, padding_idx=0), nn.Flatten(1), nn.Linear(80, 3))
    optimizer = torch.optim.SGD(answers.parameters(), 0.01)
    with Doctor(answers, optimizer, budget=math.inf) as doctor:
        for _ in range(6):
            optimizer.zero_grad()
            F.cross_entropy(answers(text(6)()), torch.randint(3, (24,))).backward()
            optimizer.step()
    assert "F147" not in {f.id for f in doctor.findings}


def right():
    return torch.randint(1, 12, (24, 30)) * (torch.arange(30) < torch.randint(4, 31, (24, 1)))


def few():
    return torch.randint(1, 4, (24, 30)) * (torch.arange(30) < torch.randint(8, 31, (24, 1)))


def pairs():
    return torch.cat([right(), right()], 1)


def in_fields():
    return torch.cat([right()[:, :10] for _ in range(5)], 1)


def once():
    ids = torch.randint(1, 12, (24, 30))
    return ids.scatter(1, torch.randint(1, 29, (24, 1)), 0)


def nothing():
    return torch.randint(1, 12, (24, 30)) * (torch.rand(24, 30) < 0.4)


def columns():
    return (torch.randint(1, 4, (24, 8)) + 3 * torch.arange(8)) * (torch.rand(24, 8) > 0.2)


def some_left_out():
    return torch.randint(1, 12, (24, 30)).masked_fill(torch.rand(24, 30) < 0.1, 0)


def some_written():
    ids = torch.randint(1, 12, (24, 30))
    ids[torch.rand(24, 30) < 0.1] = 0
    return ids


def averaged(h, ids):
    mask = ids != 0
    return (h.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)).tanh()


PADDED = {
    "at the right": (right, {}),
    "at the left": (lambda: right().flip(1), {}),
    "time first": (lambda: right().T, {}),
    "time first, few symbols": (lambda: few().T, {}),
    "pairs": (pairs, {}),
    "fields": (in_fields, {"symbols": 12}),
    "one each": (once, {}),
    "nothing there": (nothing, {}),
    "columns": (columns, {"symbols": 40}),
    "left out": (some_left_out, {}),
    "written": (some_written, {}),
    "a mean of those there": (text(), {"use": averaged}),
    "a mask from outside": (text(), {"mask": lambda ids: torch.from_numpy((ids.numpy() > 0).astype("f4"))}),
    "a sum": (text(), {"use": lambda h, ids: h.sum(1)}),
    "where": (text(), {"use": lambda h, ids: torch.where((ids == 0)[..., None], 0.0, h).mean(1)}),
}


@pytest.mark.parametrize("name", PADDED)
def test_padding_and_holes_are_no_alarm(name):
    batch, more = PADDED[name]
    torch.manual_seed(1)
    assert read(batch, **more) is None


def test_a_symbol_is_named_with_its_row():
    torch.manual_seed(1)
    model = Reader(12, 0)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(4):
            optimizer.zero_grad()
            F.cross_entropy(model(text()()), torch.randint(3, (24,))).backward()
            optimizer.step()
    assert doctor._probe.failure is None
    finding = next(f for f in doctor.findings if f.id == "F147")
    assert finding.layer == "embedding"
    assert finding.sentence.startswith("0 is the padding_idx of an embedding and stands between other symbols in")
