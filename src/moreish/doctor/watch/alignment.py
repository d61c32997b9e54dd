"""Alignment: what the targets of sequences are beside the inputs that the model was called with."""

import re
from collections.abc import Iterator
from types import MappingProxyType, ModuleType
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from moreish.doctor.frames.frame import Lags, Padding
from moreish.doctor.frames.noted import Endless
from moreish.doctor.watch.arguments import Args, Kwargs
from moreish.doctor.watch.at_hand import at_hand
from moreish.doctor.watch.replay import copied

MOST_ROWS = 256
LAGS = range(-3, 5)
MOST_PARTS = 1 << 16  # of an object that may be a vocabulary
LEVELS = 6  # of the user's functions in which a name for the end is looked for
ENDS = re.compile(r"(^|_)(eos|eot)(_|$)|^(end|stop)_?(id|idx|ix|tok|token|symbol)|end_?of_?(text|seq|sent)")
LEAST = 32  # targets on which a share is counted
WHOLE = (torch.int64, torch.int32, torch.int16, torch.uint8)


def sequences(inputs: Args) -> list[Tensor]:
    """The inputs that may be sequences: (batch, time) of whole numbers, (batch, time, features) of others."""
    tensors = [t.detach() for t in inputs if isinstance(t, Tensor)]
    return [t for t in tensors if (t.dim() == 2 and t.dtype in WHOLE) or (t.dim() == 3 and t.is_floating_point())]


def in_rows(target: Tensor, x: Tensor) -> Tensor | None:
    """The targets as (batch, time), for all places of the sequences `x` or for all but one; None if they are not."""
    batch, time = x.shape[:2]
    if target.dim() > 2 or time < 2:
        return None
    for places in (time, time - 1):
        if target.numel() == batch * places and (target.dim() == 1 or target.shape == (batch, places)):
            return target.reshape(batch, places) if places > 1 else None
    return None


def lags(target: Tensor, inputs: Args, ignored: int) -> Lags | None:
    """Which input the targets are, counted for every lag; of several inputs the one that fits best."""
    found = [_lags(rows[:MOST_ROWS], x[:MOST_ROWS], ignored) for x, rows in _pairs(target, inputs) if x.dim() == 2]
    known = [lag for lag in found if lag is not None]
    return max(known, key=lambda lag: (lag.shares[1] > 0.9, max(lag.shares.values())), default=None)


def _pairs(target: Tensor, inputs: Args) -> Iterator[tuple[Tensor, Tensor]]:
    for x in sequences(inputs):
        rows = in_rows(target.detach(), x)
        if rows is not None:
            yield x, rows


def _lags(rows: Int[Tensor, "B T"], x: Int[Tensor, "B S"], ignored: int) -> Lags | None:
    counts = (rows != ignored) & (rows >= 0)
    if x.amax() < 2 or int(counts.sum()) < LEAST:  # a mask, or hardly a target
        return None
    shares, places = {}, rows.shape[1]
    for lag in LAGS:
        first, last = max(0, -lag), min(places, x.shape[1] - lag)
        some = counts[:, first:last] if last > first else counts[:, :0]
        equal = (rows[:, first:last] == x[:, first + lag : last + lag]) & some if some.numel() else some
        n = int(some.sum())
        shares[lag] = float(equal.sum()) / n if n >= LEAST else 0.0
    still = float((x[:, 1:] == x[:, :-1]).float().mean())
    ours = x[:, :places].sort(1).values == rows.sort(1).values
    return Lags(shares, still, float(ours.all(1).float().mean()), int(counts.sum()))


def padding(target: Tensor, inputs: Args, ignored: int) -> Padding | None:
    """Rows of targets that end in runs, of different lengths, of one symbol that counts in the loss."""
    pairs = list(_pairs(target, inputs))
    rows = pairs[0][1] if pairs else target.detach() if target.dim() == 2 else None
    if rows is None or rows.shape[1] < 4 or len(rows) < 2:
        return None
    rows = rows[:MOST_ROWS]
    symbol = int(rows[:, -1].mode().values)
    run = (rows == symbol).flip(1).cummin(1).values.flip(1)
    lengths = run.sum(1)
    if symbol == ignored or symbol < 0 or bool((lengths == lengths[0]).all()):
        return None
    outside = float((rows == symbol)[~run].float().mean()) if not bool(run.all()) else 0.0
    padded = any(_constant(x[:MOST_ROWS, : rows.shape[1]], run) for x, _ in pairs)
    if outside > 0.05 and not padded:
        return None
    return Padding(symbol, float(run.float().mean()), float((lengths >= 2).float().mean()), padded)


def _is_an_end(symbol: int) -> bool:
    """Whether the user's code, or a vocabulary or tokenizer that it has at hand, calls this symbol the end."""
    return any(
        _named_an_end(name, v, symbol)
        for each in at_hand(LEVELS)
        for name, v in (
            (each.name, each.value),
            *_parts(each.value),
            *(p for _, x in _parts(each.value) for p in _parts(x)),
        )
    )


def _parts(x: object) -> list[tuple[object, object]]:
    """What a dict, an object or a class holds."""
    try:
        held: object = x if isinstance(x, dict) else getattr(x, "__dict__", None)
    except Exception:  # whatever a stranger's object does when it is asked
        return []
    if not isinstance(held, dict | MappingProxyType) or len(held) > MOST_PARTS or isinstance(x, ModuleType):
        return []
    own = [*held.items()]
    return own if isinstance(x, dict | type) else [*own, *(p for p in vars(type(x)).items() if type(p[1]) is int)]


def _named_an_end(name: object, value: object, symbol: int) -> bool:
    if type(value) is not int or value != symbol:
        return False
    word = str(name).lower()
    bare = word.strip("<>[]|")
    return bool(ENDS.search(bare)) or word == "</s>" or (bare != word and bare in ("end", "stop"))


def _are_prompts(kept: Bool[Tensor, "B T"]) -> bool:
    """Whether most rows begin with places that do not count, more of them in some than in others."""
    before = (~kept).long().cummin(1).values.sum(1)
    return float((before > 0).float().mean()) > 0.5 and len(before.unique()) > 1


def endless(target: Tensor, inputs: Args, ignored: int) -> Endless | None:
    """Rows whose targets follow their inputs and end in ignored places, without one symbol that ends all of them."""
    for x, rows in _pairs(target, inputs):
        if x.dim() != 2 or rows.shape[1] < 4 or len(rows) < 8:
            continue
        rows, x = rows[:MOST_ROWS], x[:MOST_ROWS, : rows.shape[1]]
        kept = rows != ignored
        tail = (~kept).flip(1).cummin(1).values.flip(1)
        ended = tail[:, -1] & kept.any(1)
        follows = (rows[:, :-1] == x[:, 1:])[kept[:, :-1]]
        inside = x[:, 1:][tail[:, :-1] & ended[:, None]]
        if float(ended.float().mean()) < 0.5 or not len(inside) or float(follows.float().mean()) < 0.95:
            continue
        symbol, lengths = int(inside[0]), tail[ended].sum(1)
        last = rows[ended].gather(1, rows.shape[1] - 1 - lengths[:, None])
        counts = torch.bincount(last.reshape(-1).clamp(min=0))
        if bool((inside != symbol).any()) or bool((rows[kept] == symbol).any()) or len(lengths.unique()) < 2:
            continue
        if int((counts > 0).sum()) >= 3 and float(counts.max()) < 0.9 * float(counts.sum()):
            wanted = _are_prompts(kept) or _is_an_end(symbol)
            return Endless(symbol, float(ended.float().mean()), int((counts > 0).sum()), wanted)
    return None


def _constant(x: Tensor, run: Bool[Tensor, "B T"]) -> bool:
    """Whether the inputs, too, are all the same where the targets are padding; the first of a run may end the row."""
    inside = run.clone()
    inside[:, 1:] &= run[:, :-1]
    there = x[inside]
    return len(there) > 0 and float((there == there[-1]).float().mean()) > 0.99


def looks_ahead(model: nn.Module, args: Args, kwargs: Kwargs) -> bool | None:
    """Whether outputs of the first half of the places change with the inputs of the second; None if unknown."""
    sequence = next((x for x in sequences((*args, *kwargs.values())) if x.dim() == 2), None)
    twin = copied(model)
    if sequence is None or twin is None or len(sequence) < 2 or sequence.shape[1] < 4:
        return None
    shape, half = sequence.shape, sequence.shape[1] // 2

    def changed(value: Any) -> Any:
        if not isinstance(value, Tensor) or value.shape != shape or value.dtype not in WHOLE:
            return value
        value = value.clone()
        value[:, half:] = value[:, half:].roll(1, 0)
        return value

    twin.eval()
    with torch.no_grad():
        before = _by_place(twin(*args, **kwargs), shape)
        after = _by_place(twin(*map(changed, args), **{k: changed(v) for k, v in kwargs.items()}), shape)
    if before is None or after is None or before.shape != after.shape or torch.equal(before, after):
        return None
    return not torch.allclose(before[:, :half], after[:, :half], atol=1e-5, rtol=1e-4)


def _by_place(result: object, shape: torch.Size) -> Tensor | None:
    """The output that has something for every place: (batch, time, ...) or (batch * time, ...)."""
    if isinstance(result, Tensor):
        if not result.is_floating_point() or result.dim() < 2:
            return None
        if result.shape[:2] == shape:
            return result
        if len(result) == shape.numel():
            return result.reshape(*shape, *result.shape[1:])
        return result.transpose(1, 2) if result.dim() == 3 and result[:, 0].shape == shape else None
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, (tuple, list)) else ()
    return next((y for y in (_by_place(part, shape) for part in parts) if y is not None), None)
