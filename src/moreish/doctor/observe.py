"""The observer: turns the calls of one step into a frame."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from moreish.doctor import losses
from moreish.doctor.frame import Call, Frame
from moreish.doctor.ledger import Ledger
from moreish.doctor.measure import everywhere, histogram, unit_axis
from moreish.doctor.operations import (
    BETWEEN,
    BOUNDED,
    CONVOLUTIONS,
    FRAGILE,
    MEASURED,
    RECTIFIED,
    argument,
    first_tensor,
    tensors_of,
)
from moreish.doctor.sight import Sight

MAP_EXAMPLES, MAP_UNITS = 32, 64
LEAST = 16  # values per channel from which a batch's statistics are compared with the running ones


def settled(momentum: float | None) -> int:
    """Steps after which running statistics have forgotten where they began, to e^-5; 50 if they never do."""
    return 50 if momentum is None or momentum < 0.005 else math.ceil(5 / momentum)


class Names:
    """Who is who: qualified names of modules and parameters, and stable names of layers.

    A module that does one thing gives the layer its name. A function called inside a larger module is named after
    the module and the function; called on the output of another layer, it is another layer ("block.tanh.2").
    """

    def __init__(self, roots: dict[str, nn.Module]) -> None:
        self.roots = roots
        self.modules: dict[int, str] = {}
        self.parameters: dict[int, str] = {}
        self._layers: dict[tuple[str, str, str], str] = {}
        self._taken: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Read the names again: layers and parameters may have been added since."""
        self.modules, self.parameters = {}, {}
        for prefix, root in self.roots.items():
            for name, module in root.named_modules(prefix=prefix):
                self.modules.setdefault(id(module), name)
            for name, parameter in root.named_parameters(prefix=prefix):
                self.parameters.setdefault(id(parameter), name)

    def layer(self, path: str, leaf: bool, op: str, weight: str | None, fed_by: str) -> str:
        """The name of the layer that this call belongs to."""
        key = (path, op, weight or fed_by)
        if key not in self._layers:
            op = op.rstrip("_")
            plain = weight if weight and not leaf else path if leaf and path else f"{path}.{op}".lstrip(".")
            name, count = plain, 1
            while name in self._taken:
                count += 1
                name = f"{plain}.{count}"
            self._taken.add(name)
            self._layers[key] = name
        return self._layers[key]


class Observer(Sight):
    """Fills one frame: structure, moments, gradients of activations, losses."""

    def __init__(self, frame: Frame, names: Names, ledger: Ledger, pictures: bool) -> None:
        super().__init__(frame, ledger)
        self.names, self.pictures = names, pictures
        self.handles: list[Any] = []
        self.stack: list[nn.Module] = []
        self._measured: set[str] = set()
        self._closed = False

    def begin(self, inputs: tuple[Any, ...]) -> None:
        """A watched model is called with these inputs and gradients on."""
        self.inputs = inputs
        x = next((t for t in inputs if isinstance(t, Tensor) and t.is_floating_point()), None)
        if x is not None:
            self.reader.moments("input/", x)

    def call(self, op: str, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Note one function call of the forward pass."""
        y = first_tensor(result)
        if y is None:
            return
        given = tensors_of(args, kwargs)
        sources = tuple(c for c in map(self.origin, given) if c is not None)
        weights = [self.names.parameters[id(t)] for t in given if id(t) in self.names.parameters]
        if not (sources or weights or self.stack) and kind != "loss":
            return
        if kind == "product":
            kind = "linear" if weights else "product"
        self.frame.facts.setdefault("used", set()).update(weights)
        call = self._new_call(op, kind, sources, weights, y)
        self._facts(call, op, args, kwargs, given, y)
        if not self.grad:
            self._without_grad(call, args, kwargs, y)
            return
        if kind == "loss":
            losses.observe(self, call, args, kwargs, y)
        elif kind in MEASURED:
            self._measure(call, y, args, kwargs)
        elif op in FRAGILE and y.is_floating_point() and call.layer not in self._measured:
            self._measured.add(call.layer)
            self.frame.calls.append(call)
            self.reader.add(f"{call.layer}/nonfinite", (~torch.isfinite(y)).float().mean())
        if kind != "loss":
            self.made(y, call)

    def module_output(self, module: nn.Module, output: Any) -> None:
        """Note what a leaf module returned, if none of the functions inside it was recognised."""
        y = first_tensor(output)
        if y is None or self.origin(y) is not None or not self.grad or not y.is_floating_point():
            return
        if any(True for _ in module.children()):
            return
        call = Call(self.names.modules[id(module)], type(module).__name__, "module", "", tuple(y.shape))
        call.module, call.training = call.layer, module.training
        self._measure(call, y, (), {})
        self.made(y, call)

    def close(self) -> None:
        """Fetch the numbers and let go of every tensor."""
        self._closed = True
        for handle in self.handles:
            handle.remove()
        self.frame.values.update(self.reader.read())
        self.forget()
        self.handles, self.stack = [], []

    def _new_call(self, op: str, kind: str, sources: tuple[Call, ...], weights: list[str], y: Tensor) -> Call:
        module = self.stack[-1] if self.stack else None
        path = self.names.modules.get(id(module), "") if module is not None else ""
        call = Call("", op, kind, path, tuple(y.shape), sources, module.training if module is not None else True)
        leaf = module is not None and not any(True for _ in module.children())
        fed_by = next((c.layer for c in call.behind(BETWEEN) if c.layer), "")
        if kind in MEASURED or kind == "dropout" or op in FRAGILE:
            call.layer = self.names.layer(path, leaf, op, weights[0] if weights else None, fed_by)
        call.facts["fed_by"] = fed_by
        if weights:
            call.facts["weight"] = weights[0]
            call.facts["weights"] = tuple(weights)
        return call

    def _facts(
        self,
        call: Call,
        op: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: list[Tensor],
        y: Tensor,
    ) -> None:
        """What the structure alone tells: gates, residual paths, reductions, broadcasts."""
        if call.kind == "embedding" and len(given) > 1:
            table = given[1] if given[1].is_floating_point() else given[0]
            self.frame.facts.setdefault("vocabularies", set()).add(table.shape[0])
        elif call.kind == "multiply":
            for source in call.sources:
                source.facts["gate"] = True
        elif call.kind == "add" and len(call.sources) == 2 and len({id(c) for c in call.sources}) == 2:
            if not all(c.kind == "embedding" for c in call.sources):
                self.frame.facts["residual"] = True
        elif call.kind == "reduce" and given:
            call.facts.update(of=id(given[0]), shape=tuple(given[0].shape))
            call.facts["dim"] = argument(args, kwargs, 1, "dim", kwargs.get("axis"))
            call.facts["keepdim"] = bool(argument(args, kwargs, 2, "keepdim", False))
        elif call.kind == "dropout":
            call.facts["p"] = argument(args, kwargs, 1, "p", 0.5)
            call.facts["active"] = argument(args, kwargs, 2, "training", True)
            if self.grad and call.facts["active"]:
                self.frame.facts.setdefault("dropped", {})[call.layer or call.op] = call.facts["p"]
        elif op == "batch_norm":
            call.facts["active"] = bool(argument(args, kwargs, 5, "training", False))
        if call.kind in ("divide", "subtract") and len(given) == 2:
            losses.broadcast(self, call, given, y)

    def _measure(self, call: Call, y: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.frame.calls.append(call)
        layer = call.layer
        if not y.is_floating_point() or layer in self._measured:
            return
        self._measured.add(layer)
        flat = self.reader.moments(f"{layer}/", y)
        if self.pictures:
            self.frame.histograms[f"{layer}/activation"] = histogram(y)
        if call.kind == "activation" and y.dim() > 0:
            self._activation(call, y, flat)
        elif call.op == "batch_norm":
            self._batch_norm(call, args, kwargs)
        if y.requires_grad and self.grad:
            self.handles.append(y.register_hook(lambda grad: self._gradient(layer, grad)))

    def _gradient(self, layer: str, grad: Tensor) -> None:
        if self._closed:
            return
        with torch.no_grad(), torch._C.DisableTorchFunction():
            self.reader.moments(f"{layer}/grad_", grad)
            if self.pictures:
                self.frame.histograms[f"{layer}/gradient"] = histogram(grad)

    def _activation(self, call: Call, y: Tensor, flat: Tensor) -> None:
        """Saturation of bounded activations, at both ends; units stuck over a window of examples."""
        y = y.detach()
        if call.op in BOUNDED:
            size = flat.abs() if call.op.startswith("tanh") else (flat - 0.5).abs() * 2
            beyond = 0.97 if call.op.startswith("tanh") else 0.94
            self.reader.add(f"{call.layer}/saturated", (size > beyond).float().mean())
            stuck = (y if call.op.startswith("tanh") else (y - 0.5) * 2).abs() > 0.99
        elif call.op in RECTIFIED:
            stuck = y == 0
        else:
            return
        first = any(c.op in CONVOLUTIONS for c in call.behind(BETWEEN))
        axis = unit_axis(y.shape, first)
        call.facts["units"] = y.shape[axis]
        units = everywhere(stuck, axis)
        share = self.ledger.stuck(call.layer, units, y.numel() // max(y.shape[axis], 1))
        if share is not None:
            self.reader.add(f"{call.layer}/dead", share)
        self.reader.add(f"{call.layer}/dead_in_batch", units.float().mean())
        if self.pictures:
            rows = stuck.movedim(axis, -1).reshape(-1, y.shape[axis])[:MAP_EXAMPLES, :MAP_UNITS]
            self.frame.histograms[f"{call.layer}/map"] = {"rows": rows.int().tolist()}

    def _batch_norm(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Values per channel, and how far the running statistics are from those of this batch."""
        x, mean, var = (argument(args, kwargs, i, n) for i, n in enumerate(("input", "running_mean", "running_var")))
        call.facts["input_shape"] = tuple(x.shape)
        call.facts["values"] = x.numel() // max(x.shape[1], 1)
        call.facts["momentum"] = argument(args, kwargs, 6, "momentum", 0.1)
        call.facts["direct"] = bool(call.sources) and call.sources[0].op in ("linear", "matmul", "addmm")
        told = call.facts["active"] and call.facts["values"] >= LEAST  # of fewer, the variance is mostly chance
        if mean is None or not told or self.frame.step < settled(call.facts["momentum"]):
            return
        others = [a for a in range(x.dim()) if a != 1]
        batch_var, batch_mean = torch.var_mean(x.detach().float(), others, correction=0)
        distance = (mean - batch_mean) / (var + 1e-5).sqrt()
        stretch = ((batch_var + 1e-5) / (var + 1e-5)).log()
        self.reader.add(f"{call.layer}/drift", self.ledger.drift(call.layer, distance))
        self.reader.add(f"{call.layer}/stretch", self.ledger.drift(f"{call.layer}/stretch", stretch))

    def _without_grad(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any], y: Tensor) -> None:
        """With gradients off only the facts of an evaluation count: losses, and what was in train mode."""
        if call.op == "batch_norm" or call.kind == "dropout":
            if call.facts.get("active") and call.facts.get("p", 1):
                self.frame.facts.setdefault("active_without_grad", []).append(call.layer or call.module or call.op)
        elif call.kind == "loss":
            losses.observe(self, call, args, kwargs, y)
        elif call.kind == "decide":
            self.frame.facts["decided"] = True
        self.made(y, call)
