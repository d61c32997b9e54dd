"""Notes of single calls: states that are cut off, probabilities that are normalised again, views that swap axes."""

import sys
import weakref
from collections.abc import Callable

import torch
from torch import Tensor, nn

from moreish.doctor.frames.frame import Call, Frame
from moreish.doctor.frames.noted import Carried, Flat, Noted, Repeated, State, Summed
from moreish.doctor.frames.operations import BETWEEN, SHAPED
from moreish.doctor.watch.arguments import Args, Kwargs, argument, tensors_of
from moreish.doctor.watch.blanks import Blanks
from moreish.doctor.watch.boxes import EDGES, Corners
from moreish.doctor.watch.copies import Copies
from moreish.doctor.watch.derivatives import Differentiating
from moreish.doctor.watch.layouts import Layouts
from moreish.doctor.watch.marks import Marks
from moreish.doctor.watch.messages import Messages
from moreish.doctor.watch.pairs import Pairs, is_plain
from moreish.doctor.watch.risk_sets import AtRisk
from moreish.doctor.watch.sampling import Sampling
from moreish.doctor.watch.special_losses import ctc, rate, signed
from moreish.doctor.watch.swaps import Swaps
from moreish.doctor.watch.values import Values

MOST_STATES, MOST_FACTORS = 64, 16  # calls of one forward that are asked what they get of themselves; terms of a loss
LIMITS = {"clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_max", "minimum", "maximum"}
LEARNED = {"linear", "embedding", "recurrent", "attention", "product", "module"}
FEWEST_NUMBERS = 8  # of which it is no chance that all are 0, or at an end
MOST_MARKED, MOST_COLUMNS = 4096, 64  # elements of a tensor, and of each row, by which it is known again
CUTS = {"detach", "detach_", "data"}
OF_ONE_EXAMPLE = {
    *("log_sigmoid", "softplus", "sigmoid", "relu", "clamp", "clamp_min", "exp", "subtract", "sub"),
    *("mse_loss", "l1_loss", "binary_cross_entropy_with_logits", "binary_cross_entropy"),
}  # what means something else for the sum of many scores than for each of them


class Noting:
    """Fills the notes of one frame. What a copy of a model gave is followed through later calls."""

    def __init__(self, noted: Noted, copies: Copies, thorough: bool, asked: dict[int, Tensor]) -> None:
        self.noted, self.copies, self.thorough = noted, copies, thorough
        self.marks, self.values, self.pairs = Marks(), Values(), Pairs()
        self.at_risk, self.messages, self.corners = AtRisk(), Messages(asked), Corners()
        self.derivatives = Differentiating(noted.derivatives)
        self.layouts, self.blanks, self._sampling = Layouts(noted, thorough), Blanks(noted), Sampling()
        self.swaps = Swaps(noted)
        self._by_copy: dict[int, weakref.ref[Tensor]] = {}
        self._calls: dict[str, int] = {}
        self._ran: set[str] = set()  # recurrent layers
        self._mixed: dict[int, int] = {}  # products with a square table of data
        self._asked = 0
        self._evaluated: dict[tuple[object, ...], int] = {}  # how often a model was given this without gradients
        # Dropout and norms that did as in training without gradients, since a model was called: by layer, whether
        # that is dropout in a module that is in eval mode.
        self.at_work: dict[str, bool] = {}
        self._training = True  # whether the model that was called without gradients is in train mode

    def copy_called(self, module: nn.Module, args: Args, output: object) -> None:
        """A module of no watched model gave this; of interest where it is a copy of one."""
        model = self.copies.model_of(module)
        if model is not None:
            self.copies.called(module, model)
            self.values.gave(args, output)
        if model is not None and isinstance(output, Tensor):
            (self.noted.in_place if output.requires_grad else self.noted.copies).add(model)
            self._by_copy[id(output)] = weakref.ref(output)

    def begins(self, inputs: Args) -> None:
        """A model is called with gradients on."""
        self.at_work.clear()
        self.pairs.given(inputs)
        self.layouts.given(inputs)

    def evaluated(self, inputs: Args, *, training: bool) -> None:
        """A model is called without gradients: with the numbers of an earlier call, something is drawn again."""
        self.at_work.clear()
        self._training = training
        self.messages.given = {id(t) for t in inputs}
        x = next((t for t in inputs if isinstance(t, Tensor)), None)
        if x is None or not x.numel() or not is_plain(x):
            return
        self.noted.samples |= self._sampling.given(x)
        mark = _mark(x.detach())
        times = self._evaluated[mark] = self._evaluated.get(mark, -1) + 1
        self.noted.drawn_again = max(self.noted.drawn_again, times, _repeats(x.detach()))

    def works_without_grad(self, call: Call) -> None:
        """Dropout or a norm does without gradients what it does in training."""
        training = call.training and (self._training or bool(call.module))
        if training or call.op == "batch_norm":
            self.at_work[call.layer or call.module or call.op] = False
        elif call.kind == "attention" or any(c.kind in LEARNED for c in call.before()):
            self.at_work[call.layer or call.module or call.op] = True  # dropout of data is noise that is wanted

    def asked(self, frame: Frame) -> None:
        """What the latest call of a model gave is held against answers, or decided by."""
        frame.training_without_grad.extend(n for n in self.at_work if n not in frame.training_without_grad)
        self.noted.drops_on = next((n for n, drops in self.at_work.items() if drops), self.noted.drops_on)

    def pass_on(
        self,
        op: str,
        kind: str,
        args: Args,
        kwargs: Kwargs,
        result: object,
        origin: Callable[[Tensor], Call | None],
        *,
        inside: bool = False,
    ) -> None:
        """What is made of a copy's output is so, too; what is marked otherwise stays marked. `inside` is whether a
        watched model calls.
        """
        self.messages.inside = inside
        self.values.called(op, kind, args, kwargs, result)
        self.derivatives.called(kind, args, kwargs, result)
        self.blanks.called(op, kind, args, kwargs, result)
        if isinstance(result, Tensor):
            source = origin(args[0]) if args and isinstance(args[0], Tensor) else None
            self.marks.called(op, kind, args, kwargs, result, source)
            if kind in ("compare", "reduce"):
                self.pairs.called(op, kind, result, source)
            elif is_plain(result):
                self._structure(op, kind, args, kwargs, result)
            if kind == "threshold" or op == "round":
                self._threshold(op, args, source)
            elif kind == "alignment" and self.noted.ctc is None:
                self.noted.ctc = ctc(args, kwargs)
            elif kind == "signed" and result.requires_grad:
                self.noted.signed = signed(op, args, kwargs) or self.noted.signed
            elif kind == "counted" and result.requires_grad:
                self.noted.rate = self.noted.rate or rate(args, kwargs)
            elif kind == "multiply" and result.dim() == 0 and result.requires_grad:
                room = MOST_FACTORS - len(self.noted.factors)
                self.noted.factors += [float(v) for v in args if isinstance(v, int | float)][: max(room, 0)]
            elif op == "argmax" and source is not None:
                self._argmax(args, kwargs, source)
            elif op in LIMITS and result.requires_grad and _is_one_number(result) and not _is_one_number(args[0]):
                self.noted.at_limit = op
        if self._by_copy and any(map(self.is_by_copy, tensors_of(args, kwargs))):
            for part in result if isinstance(result, tuple | list) else (result,):
                if isinstance(part, Tensor):
                    self._by_copy[id(part)] = weakref.ref(part)

    def _structure(self, op: str, kind: str, args: Args, kwargs: Kwargs, result: Tensor) -> None:
        """Running sums over rows, edges of boxes, messages of a graph."""
        if kind == "cumulative" or op == "log":
            self.at_risk.called(op, args, kwargs, result)
        elif op in EDGES or kind == "subtract":
            self.corners.called(op, args, result)
        elif kind in ("select", "scatter", "product", "gathered"):
            self.messages.called(op, kind, args, kwargs, result)

    def _threshold(self, op: str, args: Args, source: Call | None) -> None:
        """What a layer gives is compared with a number between 0 and 1, or rounded."""
        number = next((v for v in args if isinstance(v, float)), 0.0)
        if source is not None and source.kind in SHAPED | {"select"}:
            source = next(source.behind(SHAPED | {"select"}), None)
        if source is not None and source.kind in ("linear", "module") and (op == "round" or 0 < number < 1):
            self.noted.thresholds.add(source.layer)

    def _argmax(self, args: Args, kwargs: Kwargs, source: Call) -> None:
        """Which of the columns is the largest is asked of a table that has but one."""
        x, axis = args[0], argument(args, kwargs, 1, "dim", kwargs.get("axis"))
        if not isinstance(x, Tensor) or x.dim() < 2 or axis not in (-1, x.dim() - 1):
            return
        if x.shape[-1] == 1 < x.shape[0]:
            made = source if source.layer else next((c for c in source.behind(SHAPED | BETWEEN) if c.layer), source)
            self.noted.one_column = made.layer or made.op

    def carried(self, call: Call, tensors: list[Tensor], origin: Callable[[Tensor], Call | None]) -> None:
        """Whether a recurrent layer is given a state that was there before this step."""
        if self.noted.carried is not None or len(tensors) < 2 or call.layer in self._ran:
            return
        self._ran.add(call.layer)
        x, state = tensors[0], tensors[1]
        old = origin(state) is None and not state.requires_grad and self.marks.of(state) is None
        if old and x.dim() == 3 and state.dim() == 3 and bool(state.any()):
            time = 0 if x.shape[1] == state.shape[1] and x.shape[0] != state.shape[1] else 1
            self.noted.carried = Carried(call.layer, state.shape[1], x.shape[time])

    def is_by_copy(self, x: Tensor) -> bool:
        """Whether a copy of a watched model made this, or what it was made of."""
        known = self._by_copy.get(id(x))
        return known is not None and known() is x

    def call(self, call: Call, tensors: list[Tensor], *, outside: bool) -> None:
        """Note a call of the network with gradients on."""
        again = call.op in ("softmax", "log_softmax", "logsumexp") and self.noted.normalised_again is None
        if again and tensors:
            source = next(call.behind(SHAPED), None)
            if source is not None and source.op == "softmax" and _is_distribution(tensors[0]):
                self.noted.normalised_again = source.layer
        if call.kind == "flat" and self.noted.flat is None:
            layer = next((c.layer for c in call.behind(BETWEEN) if c.layer), "")
            self.noted.flat = Flat(layer, call.op)
        self.swaps.called(call, tensors)
        if self.thorough and call.weights and call.kind in ("linear", "recurrent"):
            self._state(call)
            self.layouts.called(call, tensors)
        one = call.op in OF_ONE_EXAMPLE and bool(tensors) and tensors[0].numel() == 1
        of_two = len(tensors) > 1 and tensors[1].requires_grad  # a difference of two terms of a loss
        if one and not of_two and self.noted.summed is None:
            rows = summed_rows(call)
            self.noted.summed = Summed(call.op, rows) if rows else None
        if call.kind == "product" and tensors and _mixes_rows(tensors[0]):
            table = id(tensors[0])
            self._mixed[table] = self._mixed.get(table, 0) + 1
            self.noted.smoothed = max(self.noted.smoothed, self._mixed[table])
        if outside and call.kind == "subtract":
            self.noted.alike |= _are_alike(tensors)
            self.met(call.sources, tensors)
        elif outside and call.kind == "multiply" and self.noted.zeroed is None:
            data = [t for t in tensors if not t.requires_grad and t.numel() >= FEWEST_NUMBERS]
            if data and len(tensors) > len(data) and not any(bool(t.any()) for t in data):
                nearest = (call, *call.before())
                self.noted.zeroed = next((c.layer for c in nearest if c.module), "")

    def without_grad(self, weights: list[str]) -> None:
        """Weights work while gradients are off: perhaps because a checkpoint will run them again."""
        frame = sys._getframe(1) if weights and self.thorough else None
        while frame is not None:
            if frame.f_globals.get("__name__") == "torch.utils.checkpoint":
                self.noted.checkpointed.update(weights)
                return
            frame = frame.f_back

    def met(self, sources: tuple[Call, ...], tensors: list[Tensor]) -> None:
        """Outputs are compared with data."""
        if len(tensors) == 2 and len(sources) == 1:
            nearest = (sources[0], *sources[0].behind(SHAPED | {"select"}))
            self.noted.met.update(c.layer for c in nearest if c.layer)

    def _state(self, call: Call) -> None:
        """Whether a layer that is called again gets what it gave before, and by which ways."""
        name = call.weight
        self._calls[name] = self._calls.get(name, 0) + 1
        if self._calls[name] == 1 or self._asked >= MOST_STATES:
            return
        self._asked += 1
        if _reaches(call, name, through_cuts=False):
            self.noted.states.setdefault(name, State()).whole += 1
        elif _reaches(call, name, through_cuts=True):
            self.noted.states.setdefault(name, State()).cut += 1

    def viewed(self, layer: str, op: str, args: Args, result: object) -> None:
        """Note a view whose sizes are those of before in another order; what was marked stays so."""
        if isinstance(result, Tensor) and self.marks.any:
            self.marks.called(op, "view", args, {}, result, None)
        self.values.called(op, "view", args, {}, result)
        self.blanks.viewed(args[0] if args else None, result)
        if op in ("view", "reshape") and self.thorough and args:
            self.swaps.viewed(layer, op, args[0], result)

    def close(self) -> None:
        """Let go of every tensor."""
        self.noted.weighed, self.noted.held = self.marks.weighed(), self.marks.held
        self.noted.order = self.marks.returns.order()
        self.messages.close()
        self.swaps.close()
        self.noted.pulled, self.noted.risk_sets = self.pairs.pulled, self.at_risk.found
        self.noted.edges, self.noted.boxes = self.messages.found, self.corners.found
        self.pairs.close()
        self.blanks.close()
        self.corners.forget()
        self._by_copy.clear()
        self.marks.forget()
        self.values.forget()
        self.derivatives.forget()


def _mixes_rows(x: Tensor) -> bool:
    """Whether a product with this from the left gives each row as a mix of rows: a square table of data."""
    return not x.requires_grad and x.dim() == 2 and x.shape[0] == x.shape[1] >= FEWEST_NUMBERS


def _mark(x: Tensor) -> tuple[object, ...]:
    """Numbers by which a tensor is known again, from some of its elements."""
    flat = x.reshape(-1)
    some = torch.view_as_real(flat).reshape(-1) if flat.is_complex() else flat
    some = some[:: max(1, len(some) // MOST_MARKED)].cpu().double()
    return tuple(x.shape), x.dtype, float(some.sum()), float(some @ torch.arange(len(some), dtype=torch.float64))


def _repeats(x: Tensor) -> int:
    """How many more rows of numbers are equal to the first one: it is asked about many times at once."""
    if not x.is_floating_point() or x.dim() < 2 or x[0].numel() < 2:
        return 0
    flat = x.reshape(len(x), -1)
    some = flat[:, :: max(1, flat.shape[1] // MOST_COLUMNS)]
    return int((some == some[:1]).all(1).sum()) - 1


def _is_one_number(x: object) -> bool:
    """Whether there are several numbers, and all are the same."""
    if not isinstance(x, Tensor) or x.numel() < FEWEST_NUMBERS:
        return False
    low, high = x.detach().aminmax()
    return bool(low == high)


def _are_alike(tensors: list[Tensor]) -> bool:
    """Whether two tensors, of which one has a gradient, were made apart and hold the very same numbers."""
    if len(tensors) != 2 or tensors[0].shape != tensors[1].shape or tensors[0].numel() < FEWEST_NUMBERS:
        return False
    one, other = (t.detach() for t in tensors)
    if not any(t.requires_grad for t in tensors) or one.data_ptr() == other.data_ptr():
        return False
    return torch.equal(one, other) and bool((one != one.reshape(-1)[0]).any())


def summed_rows(call: Call) -> int:
    """How many rows of products of two looked-up tables, row by row, were summed to the number that a call got.

    0 where that number is anything else: what a layer, an attention or a recurrence made of several rows is one
    example's as often as not.
    """
    between = frozenset(SHAPED | {"add", "subtract", "divide", "multiply", "pointwise"})
    for total in call.behind(between):
        if total.op not in ("sum", "mean") or total.reduction is None or total.reduction.axis is not None:
            continue
        for product in total.behind(SHAPED):
            if product.kind != "multiply" or len(product.sources) < 2 or len(product.shape) != 2:
                continue
            if min(product.shape) > 1 and all(_is_looked_up(source) for source in product.sources):
                return product.shape[0]
    return 0


def _is_looked_up(call: Call) -> bool:
    """Whether rows of an embedding, or a difference of such, is what a call gave: one row for one id."""
    if call.kind == "embedding":
        return len(call.shape) == 2
    return (
        call.kind in ("add", "subtract", "dropout") and bool(call.sources) and all(map(_is_looked_up, call.sources))
    )


def _reaches(call: Call, weight: str, *, through_cuts: bool) -> bool:
    waiting, seen = list(call.sources), set[int]()
    while waiting:
        source = waiting.pop()
        if id(source) in seen or (source.op in CUTS and not through_cuts):
            continue
        seen.add(id(source))
        if weight in source.weights:
            return True
        waiting.extend(source.sources)
    return False


def _is_distribution(x: Tensor) -> bool:
    x = x.detach()
    if not x.is_floating_point() or not x.dim() or x.shape[-1] < 2 or float(x.amin()) < 0:
        return False
    return float((x.float().sum(-1) - 1).abs().amax()) < 1e-3


def repeated(prefix: str, root: nn.Module) -> Repeated | None:
    """A container in which one module with weights stands more than once."""
    for name, module in root.named_modules(prefix=prefix):
        if isinstance(module, nn.ModuleList | nn.ModuleDict | nn.Sequential):
            parts = [m for m in module._modules.values() if m is not None and any(True for _ in m.parameters())]
            if len(parts) > len({id(m) for m in parts}):
                return Repeated(name, len(parts))
    return None
