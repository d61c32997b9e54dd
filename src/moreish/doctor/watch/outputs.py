"""What models give back: outputs that are compared with each other, latents that are sampled, verdicts on fakes."""

import math
import weakref
from typing import NamedTuple

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Call, Compared, Latent, Verdicts
from moreish.doctor.frames.noted import Beyond
from moreish.doctor.watch.arguments import first_tensor, tensors_of
from moreish.doctor.watch.ends import ends_of
from moreish.doctor.watch.games import Games
from moreish.doctor.watch.loss_graph import learns
from moreish.doctor.watch.step_context import StepContext

LEAST, MOST = 8, 256  # rows of a batch whose spread is measured
MOST_CALLS = 8  # calls of whole models that are measured in one frame
SQUASHES = {"sigmoid", "sigmoid_", "softplus", "log_sigmoid", "log", "binary_cross_entropy"}
SQUASHES |= {"binary_cross_entropy_with_logits"}
SCALED = {"normalize", "div", "true_divide", "detach"}  # what makes rows comparable
COMPARES = {"compare", "multiply", "subtract", "product", "loss"}


class _Sampled(NamedTuple):
    """Noise times a standard deviation, and that."""

    noise: weakref.ref[Tensor]
    std: Tensor


class Outputs:
    """Measures them into the frame of one step.

    Two outputs that are compared with each other have no target to hold them apart; a latent is a mean to which
    noise is added; one model that judges both data and another model's outputs is a discriminator.
    """

    def __init__(self, context: StepContext) -> None:
        self.context = context
        self._noise: dict[int, weakref.ref[Tensor]] = {}
        self._sampled: dict[int, _Sampled] = {}
        self._verdicts: list[tuple[str, str, bool]] = []  # key, model, whether it was given what a model made
        self._compared = self._latent = self._both = False
        self._data: dict[str, Tensor] = {}  # by the model that is given them, beside what another one makes
        self._reach: dict[str, tuple[str, float, float]] = {}
        self._games = Games(context.frame)

    def noise(self, x: Tensor) -> None:
        """This tensor was drawn at random."""
        self._noise[id(x)] = weakref.ref(x)

    def call(self, call: Call, given: list[Tensor], result: Tensor, outside: bool) -> None:
        """Look at a call; `outside` is whether it was made outside any model."""
        if call.op in SQUASHES:
            self._squashes(call)
        if len(given) != 2:
            return
        a, b = given
        if call.kind == "multiply":
            self._sample(a, b, result)
            self._sample(b, a, result)
        elif call.kind == "add" and not self._latent:
            self._add(a, b)
            self._add(b, a)
        if (
            (outside or call.kind == "compare")
            and not self._compared
            and call.kind in COMPARES
            and self._are_a_pair(call, a, b)
        ):
            self._compare(call.kind, a, b)

    def root(self, name: str, args: tuple[object, ...], output: object) -> None:
        """One of several models gave a verdict of one number a row."""
        y, x = first_tensor(output), next(iter(tensors_of(args, {})), None)
        if y is None or x is None or not (y.is_floating_point() and x.is_floating_point()):
            return
        made = self._made_by_another(name, x)
        self._games.verdict(name, x, y, made=made)
        if not made:
            self._data.setdefault(name, x.detach()[:MOST])
        elif (ends := ends_of(x)) is not None:
            self._reach[name] = ends
        if not LEAST <= len(x) == y.numel() or x.dim() < 2 or len(self._verdicts) >= MOST_CALLS:
            return
        key, add, flat = f"~verdict.{len(self._verdicts)}/", self.context.reader.add, y.detach().float().reshape(-1)
        self._verdicts.append((key, name, made))
        low, high = torch.aminmax(flat)
        add(f"{key}mean", flat.mean())
        add(f"{key}low", low)
        add(f"{key}high", high)
        rows = x.detach().float().flatten(1)[:MOST]
        add(f"{key}spread", (rows - rows.mean(0)).square().mean().sqrt())

    def close(self, values: dict[str, float]) -> None:
        """Take the numbers out of those of the frame, into where they belong."""
        frame = self.context.frame
        for key, name, fake in self._verdicts:
            numbers = [values.pop(f"{key}{what}") for what in ("mean", "low", "high", "spread")]
            frame.verdicts.append(Verdicts(name, fake, *numbers))
        if self._compared:
            alike, spread = (values.pop(f"~compared/{what}") for what in ("alike", "spread"))
            frame.compared = Compared(alike, spread, self._both)
        if self._latent:
            frame.latent = Latent(*(values.pop(f"~latent/{what}") for what in Latent._fields))
        frame.noted.beyond, frame.noted.game = frame.noted.beyond or self._beyond(), self._games.close()
        self._noise, self._sampled, self._data = {}, {}, {}

    def _beyond(self) -> Beyond | None:
        """Data that lie outside of what the model that imitates them can make."""
        for name, (op, low, high) in self._reach.items():
            if name in self._data:
                x, margin = self._data[name], 0.05 * (high - low if math.isfinite(high - low) else 0)
                share = float(((x < low - margin) | (x > high + margin)).float().mean())
                if share:
                    return Beyond(name, op, share, low, high)
        return None

    def _is_noise(self, x: Tensor) -> bool:
        drawn = self._noise.get(id(x))
        return drawn is not None and drawn() is x

    def _sample(self, noise: Tensor, std: Tensor, result: Tensor) -> None:
        if self._is_noise(noise) and self.context.origin(std) is not None and noise.shape == std.shape:
            self._sampled[id(result)] = _Sampled(weakref.ref(result), std.detach())

    def _add(self, mean: Tensor, noise: Tensor) -> None:
        """The mean of a latent and its noise meet: how much the mean tells of the input, and the KL from N(0, 1)."""
        sampled = self._sampled.get(id(noise))
        if sampled is None or sampled.noise() is not noise or self.context.origin(mean) is None:
            return
        if mean.shape != sampled.std.shape or mean.dim() < 2 or not len(mean) >= LEAST or mean[0].numel() < 2:
            return
        self._latent = True
        mu, variance = mean.detach().float()[:MOST].flatten(1), sampled.std.float()[:MOST].flatten(1).square()
        kl = 0.5 * (mu.square() + variance - 1 - variance.clamp(min=1e-30).log()).sum(1).mean()
        self.context.reader.add("~latent/kl", kl)
        self.context.reader.add("~latent/spread", mu.var(0).amax())

    def _are_a_pair(self, call: Call, a: Tensor, b: Tensor) -> bool:
        """Whether two outputs of models are held against each other, not two parts of one that make up a formula."""
        if self._is_itself(call.kind, a, b):
            return True
        origins = [self.context.origin(x) for x in (a, b)]
        makers = [o if o is None or o.module else _maker(o) for o in origins]
        if a is b or makers[0] is None or makers[1] is None or origins[0] is None or origins[1] is None:
            return False
        if call.kind in ("compare", "loss") or all(o.op in SCALED for o in origins if o is not None):
            return True
        same = makers[0].layer == makers[1].layer != ""
        return same and (makers[0] is not makers[1] or origins[0].kind == origins[1].kind == "select")

    def _is_itself(self, kind: str, a: Tensor, b: Tensor) -> bool:
        """Whether each row of a model's output is held against every other: e[:, None] - e[None], e @ e.T, cdist.

        One side of a product may have a factor of its own: 2 * e @ e.T, (e / t) @ e.T.
        """
        if self.context.origin(a) is None or a.numel() != b.numel():
            return False
        dense = a.layout is b.layout is torch.strided  # others have no place in memory
        if dense and a.data_ptr() == b.data_ptr():
            return a.shape != b.shape or kind == "compare"
        return dense and kind == "product" and b.requires_grad and _is_turned(a, b)

    def _compare(self, kind: str, a: Tensor, b: Tensor) -> None:
        if self._is_itself(kind, a, b):
            a = b = a.reshape(-1, a.shape[-1]) if a.dim() == 3 and 1 in a.shape[:2] else a
        elif self.context.origin(a) is None or self.context.origin(b) is None:
            return
        if not a.is_floating_point():
            return
        if a.shape != b.shape or a.dim() != 2 or len(a) < LEAST or a.shape[1] < 2:
            return
        # row by row, and both want a gradient
        self._compared, self._both = True, a is not b and kind == "compare" and a.requires_grad and b.requires_grad
        rows = a.detach().float()[:MOST]
        n = len(rows)
        unit = torch.nn.functional.normalize(rows, dim=1)
        alike = (n * n * unit.mean(0).square().sum() - n) / (n * (n - 1))
        self.context.reader.add("~compared/alike", alike)
        self.context.reader.add("~compared/spread", (rows - rows.mean(0)).square().mean().sqrt())

    def _squashes(self, call: Call) -> None:
        made = call if call.module else _maker(call)
        if made is not None:
            self.context.frame.squashes.add(made.module)

    def _made_by_another(self, name: str, x: Tensor) -> bool:
        """Whether a tensor comes from another model than the one of this name, perhaps from before this look."""
        if x.grad_fn is not None and self.context.origin(x) is None and learns(x.grad_fn):
            return True
        origin = self.context.origin(x)
        made = origin if origin is None or origin.module else _maker(origin)
        return made is not None and made.module != name and not made.module.startswith(f"{name}.")


def _is_turned(a: Tensor, b: Tensor) -> bool:
    """Whether a table is another one turned, but for a factor."""
    if a.dim() != 2 or a.shape != b.shape[::-1] or not LEAST <= len(a) <= MOST or not a.is_floating_point():
        return False
    a, b = a.detach().float(), b.detach().float().t()
    size = torch.linalg.vector_norm(b)
    factor = (a * b).sum() / size.square().clamp(min=1e-30)
    return bool(torch.linalg.vector_norm(a - factor * b) <= 1e-5 * factor.abs() * size)


def _maker(call: Call) -> Call | None:
    """The nearest call inside a model that a call depends on."""
    waiting, seen = list(call.sources), 0
    while waiting and seen < MOST:
        call, seen = waiting.pop(), seen + 1
        if call.module:
            return call
        waiting.extend(call.sources)
    return None
