"""What has become of copies of a model when the run ends: have they followed it, all of them?"""

import gc
import math
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from moreish.doctor.frames.noted import Copied
from moreish.doctor.watch.copies import Copies, watched
from moreish.doctor.watch.measure import sample
from moreish.doctor.watch.probe import Probe
from moreish.doctor.watch.updates import KEPT, held_by, is_fresh

MOST = 16  # copies that are looked at
FIRST, SPACING = 200, 1.5  # steps before copies are looked for, and times as many before they are once more
WORTH_IT, WORTH_MORE = 0.3, 3.0  # seconds of a run at whose end they are looked for, and in the middle of which
OFTEN = 50  # times that something was written into every parameter, as nobody puts a model by
ALONG = 0.5  # cosine between the ways of a copy and of its model from which it follows


class Search:
    """Looks for copies when a run ends, and now and then before: what a function made is gone when it returns."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._next = FIRST

    def due(self) -> bool:
        """Whether to look in the middle of the run."""
        clock = self._probe.schedule.clock
        if self._probe.step < self._next:
            return False
        self._next = math.ceil(SPACING * self._probe.step)
        return clock.unbounded or clock.elapsed() >= WORTH_MORE

    def look(self) -> None:
        """Note what has become of the copies; what is known from the last time stays where none is left."""
        probe, history = self._probe, self._probe.history
        if not probe.step or not probe.roots or probe.failure is not None:
            return
        called = {name for f in history.frames for name in f.noted.copies}
        clock = probe.schedule.clock
        if called or clock.unbounded or clock.elapsed() >= WORTH_IT:
            found = followers(probe.names.copies, held_by(probe.optimizers), probe.updates.started, called)
            history.evidence.copies = found or history.evidence.copies


def followers(
    copies: Copies, held: Collection[int], started: Mapping[str, Tensor], called: Collection[str]
) -> list[Copied]:
    """Every copy of a watched model that is still there and that no optimizer holds.

    held : identities of the parameters that optimizers hold
    started : some elements of the first weights, by name
    called : models of which a copy was at work
    """
    roots = copies.roots
    kinds = {type(r) for r in roots.values()}
    told: list[Copied] = []
    for module in [m for m in gc.get_referrers(*kinds) if type(m) in kinds and "_parameters" in vars(m)]:
        model = None if module in watched else copies.model_of(module)
        if model is None or len(told) >= MOST or any(id(p) in held for p in module.parameters()):
            continue
        one = _compared(model, module, roots[model], started)
        if one is not None and copies.stays(module, model):
            one = one._replace(follows=False)
        if one is not None and (not one.still or model in called):
            told.append(one)
    return told


def _compared(model: str, copy: nn.Module, root: nn.Module, started: Mapping[str, Tensor]) -> Copied | None:
    """Where a copy is on the way from the first weights of the model to its last ones."""
    begin, along, length, own, still, fresh = f"{model}." if model else "", 0.0, 0.0, 0.0, True, True
    ours = dict(root.named_parameters())
    for name, p in copy.named_parameters():
        first = started.get(begin + name)
        if first is None or p.dim() < 2:
            continue
        now, then = sample(ours[name], KEPT) - first, sample(p, KEPT) - first
        if now.shape != first.shape or not bool(torch.isfinite(now).all() & torch.isfinite(then).all()):
            return None
        still, fresh = still and not bool(then.any()), fresh and is_fresh(p)
        along, length = along + float((then * now).sum()), length + float(now.square().sum())
        own += float(then.square().sum())
    if length <= 0 or along < ALONG * math.sqrt(length * own):
        return None
    every = [*copy.parameters()]
    follows = not any(p.requires_grad for p in every) or min((p._version for p in every), default=0) >= OFTEN
    return Copied(model, along / length, still and fresh, _left_behind(copy, root), follows)


def _left_behind(copy: nn.Module, root: nn.Module) -> bool:
    """Whether running statistics are as they are made, and those of the model have gone on."""
    theirs = dict(root.named_buffers())
    pairs = [
        (name, b, theirs[name])
        for name, b in copy.named_buffers()
        if name in theirs and name.endswith(("running_mean", "running_var"))
    ]
    made = all(bool((b == (0 if name.endswith("mean") else 1)).all()) for name, b, _ in pairs)
    return bool(pairs) and made and not any(torch.equal(b, ours) for _, b, ours in pairs)
