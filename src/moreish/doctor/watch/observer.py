"""The observer: turns the calls of one step into a frame."""

import math
from collections.abc import Callable, Set
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.counts import RunningCounts
from moreish.doctor.frames.frame import Call, Frame, Normalised, Reduction
from moreish.doctor.frames.operations import BETWEEN, BOUNDED, CONVOLUTIONS, FRAGILE, MEASURED, RECTIFIED, STEEP
from moreish.doctor.frames.saturation import STUCK, distance, saturation
from moreish.doctor.watch import given, graph, loss_graph, losses, masks, written
from moreish.doctor.watch.arguments import Args, Kwargs, argument, first_tensor, tensors_of
from moreish.doctor.watch.describe import assigned, described, line_of_code
from moreish.doctor.watch.measure import extreme, histogram, is_bad, sample, unit_axis
from moreish.doctor.watch.names import Names, is_leaf
from moreish.doctor.watch.noting import repeated
from moreish.doctor.watch.outputs import Outputs
from moreish.doctor.watch.step_context import StepContext
from moreish.doctor.watch.terms import Terms

MOST_TARGETS = 8  # of one step
MAP_EXAMPLES, MAP_UNITS = 32, 64
# kinds that say more than their numbers
STRUCTURED = {"embedding", "multiply", "add", "reduce", "dropout", "divide", "subtract", "pointwise"}
PASSING = {"view", "reorder", "select", "add", "multiply"}  # kinds that say nothing of what came from no layer
# kinds of which no call is kept
ONLY_NOTED = {"unscale", "noise", "threshold", "least", "derivative", "cumulative", "scatter", "gathered", "differ"}
MOST_LOOKED_UP = 8  # tensors of ids of one step
UNSCALED, RIGHT = "~unscaled", "~right."
MOST_SLOPES = 32  # functions whose slope is watched in one frame
LEAST = 16  # values per channel from which a batch's statistics are compared with the running ones


def settled(momentum: float | None) -> int:
    """Steps after which running statistics have forgotten where they began, to e^-5; 50 if they never do."""
    return 50 if momentum is None or momentum < 0.005 else math.ceil(5 / momentum)


class Observer(StepContext):
    """Fills one frame: structure, moments, gradients of activations, losses.

    Without `detail` the moments of activations and of their gradients are left out, which only the start, the report
    and the search for the first NaN ask for. `safely` is entered around whatever autograd calls here.
    """

    def __init__(
        self,
        frame: Frame,
        names: Names,
        counts: RunningCounts,
        pictures: bool,
        detail: bool = True,
        safely: Callable[[], AbstractContextManager[None, bool | None]] = nullcontext,
    ) -> None:
        super().__init__(frame, counts, pictures, names.copies)
        self.names, self.pictures, self.detail, self.safely = names, pictures, detail or pictures, safely
        if pictures:
            for prefix, root in names.roots.items():
                frame.described |= described(prefix, root)
                frame.assigned |= assigned(prefix, root)
                frame.noted.repeated = frame.noted.repeated or repeated(prefix, root)
        self.handles: list[RemovableHandle] = []
        self.stack: list[nn.Module] = []
        self.strangers = graph.Strangers()
        self._slopes: dict[str, tuple[list[Tensor], list[Tensor]]] = {}  # by function: behind and before it
        self.unscaled = False  # whether loss scaling was taken off the gradients
        self._right = 0  # comparisons of decisions with labels
        self.outputs, self.terms = Outputs(self), Terms()
        self._measured: set[str] = set()
        self._closed = False

    def begin(self, inputs: Args, root: str = "") -> None:
        """A watched model is called with these inputs and gradients on.

        Called once more before any loss, it is not known which inputs a loss is of: there are none then.
        """
        self.noting.begins(inputs)
        self.inputs = () if root in self.unanswered else inputs
        self.unanswered.add(root)
        tensors = [t for t in inputs if isinstance(t, Tensor)]
        x = next((t for t in tensors if t.is_floating_point()), None)
        if x is not None:
            self.reader.moments("input/", x)
        self.frame.inputs_made |= self.made_some(inputs)
        self.frame.inputs_require_grad |= any(t.requires_grad for t in tensors)
        self.frame.equal_inputs = given.equal_inputs(inputs)

    def backward_begins(self, loss: Tensor | None) -> None:
        """Whether there is a graph behind the loss at all, and what its terms reach."""
        self.unanswered.clear()
        self.terms.begin(loss)
        self.frame.leaf_losses += loss is not None and loss.grad_fn is None
        if self.thorough:
            loss_graph.read(self.frame.noted, loss)

    def passed(self, op: str, args: Args, result: object) -> bool:
        """Whether a tensor was only looked at in another shape; it counts as made by the call that made it."""
        self.noting.viewed(self.names.modules.get(id(self.stack[-1]), "") if self.stack else "", op, args, result)
        origin = self.origin(args[0]) if args and isinstance(args[0], Tensor) else None
        if origin is None or origin.kind == "reduce" or not isinstance(result, Tensor):
            return False
        self.remember(result, origin)
        return True

    def call(self, op: str, kind: str, args: Args, kwargs: Kwargs, result: object) -> None:
        """Note one function call of the forward pass."""
        if kind in ("cut", "decide"):
            graph.cut(self, op, args, kwargs, result)
        y = first_tensor(result)
        self.noting.pass_on(op, kind, args, kwargs, result, self.origin, inside=bool(self.stack))
        if kind == "unscale":
            self._unscale(argument(args, kwargs, 2, "inv_scale"))
        if kind in ("largest", "match") and (self.grad or not isinstance(result, Tensor | tuple)):
            return  # only of interest in evaluations
        if y is not None and kind == "noise":
            self.outputs.noise(y)
        if y is None or kind in ONLY_NOTED or not y.numel() or y.is_meta:
            return
        tensors = tensors_of(args, kwargs)
        self._compare(op, kind, args, kwargs, tensors, y)
        parameters = self.names.parameters
        if self.stack and self.grad:
            self.strangers.note(tensors, parameters, op, self.names.modules.get(id(self.stack[-1]), ""))
        sources = tuple([c for c in map(self.origin, tensors) if c is not None])
        weights = [parameters[id(t)] for t in tensors if id(t) in parameters]
        if not sources and not weights and kind not in ("loss", "divergence") and (kind in PASSING or not self.stack):
            return  # of data, not of the network
        if weights:
            (self.frame.used if self.grad else self.frame.used_without_grad).update(weights)
        if kind == "product" and weights:
            kind = "linear"
        call = self._new_call(op, kind, sources, weights, y)
        if self.grad and op in masks.AT and self.frame.hidden is None:
            self.frame.hidden = masks.hidden(call, args, kwargs, self.looked_up)
        if self.grad:
            self.outputs.call(call, tensors, y, outside=not self.stack)
            self.noting.call(call, tensors, outside=not self.stack)
        if kind in STRUCTURED or op == "batch_norm":
            self._structure(call, op, args, kwargs, tensors, y)
        if not self.grad:
            self.noting.without_grad(weights)
            if kind == "largest" and isinstance(result, tuple):
                self.remember(result[1], call)
            elif kind != "match" or sources:
                self._without_grad(call, args, kwargs, y)
            return
        if kind in ("loss", "divergence"):
            (losses.observe if kind == "loss" else losses.divergence)(self, call, args, kwargs, y)
            if self.frame.losses:
                self.frame.losses[-1].line = call.line
            return
        if (weights and kind in ("linear", "recurrent")) or (op == "cat" and self.stack):
            self._given(call, tensors)
        if kind in MEASURED:
            self._measure(call, y, args, kwargs)
        elif op in FRAGILE and call.layer not in self._measured and y.is_floating_point():
            self._measured.add(call.layer)
            self.frame.calls.append(call)
            self.reader.nonfinite(f"{call.layer}/nonfinite", y)
        if op in STEEP and y.requires_grad:
            self._slope(call.layer or op, tensors, y)
        for part in result if kind == "select" and isinstance(result, tuple | list) else (y,):
            self.remember(part, call)

    def _unscale(self, by: object) -> None:
        """Loss scaling is taken off the gradients: the loss on which backward was called is that much too large."""
        self.unscaled = True
        self.noting.noted.clipped_scaled |= self.frame.clipped
        if isinstance(by, Tensor):
            self.reader.add(UNSCALED, by.detach().reshape(()))

    def _slope(self, name: str, given: list[Tensor], y: Tensor) -> None:
        """Whether the gradient is finite behind a function and no more before it: its slope is infinite there."""
        x = next((t for t in given if t.requires_grad and t.is_floating_point()), None)
        if x is None or x is y or len(self._slopes) >= MOST_SLOPES:
            return
        behind, before = self._slopes.setdefault(name, ([], []))
        self.handles.append(y.register_hook(lambda grad: behind.append(is_bad(grad))))
        self.handles.append(x.register_hook(lambda grad: before.append(is_bad(grad))))

    def _compare(self, op: str, kind: str, args: Args, kwargs: Kwargs, given: list[Tensor], y: Tensor) -> None:
        """What meets what: tables of all pairs, and the targets of losses."""
        self.tables.called(op, kind, args, kwargs, y)
        if self.grad and len(given) == 2 and (kind == "loss" or (kind == "subtract" and not self.stack)):
            a, b = given
            if a.requires_grad != b.requires_grad and len(self.targets) < MOST_TARGETS:
                self.targets.append(b if a.requires_grad else a)

    def unseen(self, module: nn.Module, output: object) -> bool:
        """Whether a module is a leaf and none of the functions inside it that made its output was recognised."""
        if not self.grad or not is_leaf(module):
            return False
        y = first_tensor(output)
        return y is not None and self.origin(y) is None

    def module_output(self, module: nn.Module, output: object) -> None:
        """Note what a leaf module returned."""
        y = first_tensor(output)
        if y is None or not y.is_floating_point():
            return
        call = Call(self.names.modules[id(module)], type(module).__name__, "module", "", tuple(y.shape))
        call.module, call.training = call.layer, module.training
        if self.pictures:
            call.line = line_of_code()
        self._measure(call, y, (), {})
        self.remember(y, call)

    def root_output(self, root: nn.Module, args: Args, output: object) -> None:
        """Note what one of several models gave back."""
        self.outputs.root(self.names.modules[id(root)], args, output)

    def close(self, held: Set[int] = frozenset()) -> None:
        """Fetch the numbers and let go of every tensor; `held` are the parameters that something updates."""
        self._closed = True
        for handle in self.handles:
            handle.remove()
        self.frame.broadcast.extend(self.tables.accidents)
        values = self.frame.values
        values.update(self.reader.read())
        self.outputs.close(values)
        self.frame.noted.idle = self.terms.idle(self.names.parameters, held)
        self.frame.noted.terms_share = self.terms.share
        if self.rows is not None and len(self.frame.losses) == len(self.names.root_ids) == 1:  # no game of two
            self.counts.rows.add(*self.rows, 2)
        right = [values.pop(f"{RIGHT}{k + 1}") for k in range(self._right)]
        self.frame.accuracy = sum(right) / len(right) if right else None
        scale = values.pop(UNSCALED, None)
        if scale is not None and "loss" in values:  # of loss scaling
            values["loss"] *= scale
            if not math.isfinite(values["loss"]):
                del values["loss"]
        self.frame.infinite_slopes = [
            name
            for name, (behind, before) in self._slopes.items()
            if any(map(bool, before)) and not any(map(bool, behind))
        ]
        self._slopes = {}
        for loss in (*self.frame.losses, *self.frame.evaluations):
            losses.work_out(loss, values)
        self.strangers.forget()
        self.forget()
        self.handles, self.stack = [], []

    def _new_call(self, op: str, kind: str, sources: tuple[Call, ...], weights: list[str], y: Tensor) -> Call:
        module = self.stack[-1] if self.stack else None
        path, training, leaf = "", True, False
        if module is not None:
            path, training, leaf = self.names.modules.get(id(module), ""), module.training, is_leaf(module)
        call = Call("", op, kind, path, tuple(y.shape), sources, training, tuple(weights))
        if self.pictures:
            call.line = line_of_code()
        if kind in MEASURED or kind == "dropout" or op in FRAGILE:
            call.layer = self.names.layer(call, leaf)
        return call

    def _structure(
        self,
        call: Call,
        op: str,
        args: Args,
        kwargs: Kwargs,
        tensors: list[Tensor],
        y: Tensor,
    ) -> None:
        """What the structure alone tells: gates, residual paths, reductions, broadcasts."""
        if call.kind == "embedding" and len(tensors) > 1:
            table = tensors[1] if tensors[1].is_floating_point() else tensors[0]
            self.frame.vocabularies.add(table.shape[0])
            self.noting.blanks.looked_up(call, args, kwargs, y)
            ids = [t for t in tensors if not t.is_floating_point()]
            self.looked_up += ids[: MOST_LOOKED_UP - len(self.looked_up)]
        elif call.kind == "multiply":
            for source in call.sources:
                source.gate = True
        elif call.kind == "add" and len(call.sources) == 2 and len({id(c) for c in call.sources}) == 2:
            if not all(c.kind == "embedding" for c in call.sources):
                self.frame.residual = True
        elif call.kind == "reduce" and tensors:
            axis = argument(args, kwargs, 1, "dim", kwargs.get("axis"))
            axis = axis[0] if isinstance(axis, tuple | list) and len(axis) == 1 else axis
            keepdim = bool(argument(args, kwargs, 2, "keepdim", False))
            call.reduction = Reduction(id(tensors[0]), axis if isinstance(axis, int) else None, keepdim)
        elif call.kind == "dropout":
            call.p = p = float(argument(args, kwargs, 1, "p", 0.5))
            call.active = bool(argument(args, kwargs, 2, "training", "alpha" not in op))
            if self.grad and call.active:
                self.frame.dropped[call.layer or call.op] = p
        elif op == "batch_norm":
            call.active = bool(argument(args, kwargs, 5, "training", False))
        if call.kind in ("divide", "subtract") and len(tensors) == 2:
            losses.broadcast(self, call, tensors, y)
        if self.grad:
            written.structure(self, call, tensors, y)

    def _given(self, call: Call, tensors: list[Tensor]) -> None:
        """What a layer is given where it is the first to meet the data, and the state that it begins with."""
        if call.kind == "recurrent":
            self.noting.carried(call, tensors, self.origin)
        beside = call.op == "cat"  # data beside what an embedding gave
        data = [t for t in tensors if id(t) not in self.names.parameters and not (beside and self.origin(t))]
        x, room = next(iter(data), None), len(self.frame.given) < given.MOST_GIVEN
        if self.thorough and x is not None and room and (beside or given.is_first(call)):
            seen = given.given(call, x)
            if seen is not None:
                self.frame.given.append(seen)

    def _measure(self, call: Call, y: Tensor, args: Args, kwargs: Kwargs) -> None:
        self.frame.calls.append(call)
        layer = call.layer
        if not y.is_floating_point() or layer in self._measured:
            return
        self._measured.add(layer)
        if self.detail:
            self.reader.moments(f"{layer}/", y)
        else:
            self.reader.nonfinite(f"{layer}/nonfinite", y)
        if self.pictures:
            self.frame.histograms[f"{layer}/activation"] = histogram(y)
        if call.kind == "activation" and y.dim() > 0:
            self._activation(call, y)
        elif call.op == "batch_norm":
            self._batch_norm(call, args, kwargs)
        if self.detail and y.requires_grad and self.grad:
            self.handles.append(y.register_hook(lambda grad: self._gradient(layer, grad)))

    def _gradient(self, layer: str, grad: Tensor) -> None:
        if self._closed:
            return
        with self.safely():
            self.reader.moments(f"{layer}/grad_", grad)
            if self.pictures:
                self.frame.histograms[f"{layer}/gradient"] = histogram(grad)

    def _activation(self, call: Call, y: Tensor) -> None:
        """Saturation of bounded activations, at both ends; units stuck over a window of examples."""
        if call.op not in BOUNDED and call.op not in RECTIFIED:
            return
        y, layer = y.detach(), call.layer
        axis = unit_axis(y.shape, any(c.op in CONVOLUTIONS for c in call.behind(BETWEEN)))
        units = y.shape[axis]
        if not y.numel():
            return
        if call.op in RECTIFIED:  # nothing below 0 comes out: what is 0 at most is 0 everywhere
            size, stuck = y, extreme(torch.amax, y, axis) == 0
        else:
            size = distance(call.op, y)
            assert size is not None
            self.reader.share(f"{layer}/saturated", sample(size) > saturation(call.op))
            stuck = extreme(torch.amin, size, axis) > STUCK
        share = self.counts.stuck(layer, stuck, y.numel() // units)
        if share is not None:
            self.reader.add(f"{layer}/dead", share)
        self.reader.share(f"{layer}/dead_in_batch", stuck)
        if self.pictures:
            each = size == 0 if call.op in RECTIFIED else size > STUCK
            rows = each.movedim(axis, -1).reshape(-1, units)[:MAP_EXAMPLES, :MAP_UNITS]
            self.frame.stuck[layer] = rows.int().tolist()

    def _batch_norm(self, call: Call, args: Args, kwargs: Kwargs) -> None:
        """Values per channel, and how far the running statistics are from those of this batch."""
        x, mean, var = (argument(args, kwargs, i, n) for i, n in enumerate(("input", "running_mean", "running_var")))
        n, momentum = x.numel() // max(x.shape[1], 1), argument(args, kwargs, 6, "momentum", 0.1)
        call.normalised = Normalised(tuple(x.shape), n, momentum)
        enough = call.active and n >= LEAST  # of fewer, the variance is mostly chance
        if mean is None or not enough or self.frame.step < settled(momentum):
            return
        x, others = x.detach(), [a for a in range(x.dim()) if a != 1]
        if x.dtype not in (torch.float32, torch.float64):
            x = x.float()
        batch_mean = x.sum(others) / n
        centred = x - (batch_mean if x.dim() == 2 else batch_mean.reshape(1, -1, *[1] * (x.dim() - 2)))
        batch_var = centred.square_().sum(others) / n  # torch.var_mean takes five times as long on a CPU
        var = var + 1e-5
        distances = torch.stack([(mean - batch_mean) * var.rsqrt(), ((batch_var + 1e-5) / var).log()])
        drift, stretch = self.counts.drift(call.layer, distances)
        self.reader.add(f"{call.layer}/drift", drift)
        self.reader.add(f"{call.layer}/stretch", stretch)

    def _without_grad(self, call: Call, args: Args, kwargs: Kwargs, y: Tensor) -> None:
        """With gradients off only what an evaluation needs counts: losses, and what was in train mode."""
        if call.kind == "attention":
            call.p, call.active = masks.dropped(call.op, args, kwargs)
        if call.op == "batch_norm" or call.kind in ("dropout", "attention"):
            self.frame.noted.norms_at_work |= call.op == "batch_norm" and call.active
            if call.active and call.p != 0:
                self.noting.works_without_grad(call)
        elif call.kind == "loss":
            losses.observe(self, call, args, kwargs, y)
        elif call.kind == "decide":
            self.frame.decided_without_grad = True
            self.noting.asked(self.frame)
        elif call.kind == "match" and call.sources[0].kind in ("decide", "largest"):
            self._right += 1
            self.reader.add(f"{RIGHT}{self._right}", y.float().mean())
        self.frame.ran_without_grad |= bool(call.weights)
        self.remember(y, call)
