"""Who is who: qualified names of modules and parameters, and stable names of layers."""

import sys
from collections.abc import Iterable, Iterator

from torch import Tensor, nn

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.operations import BETWEEN
from moreish.doctor.watch.copies import Copies

OWN = ("moreish.", "torch.", "jaxtyping.", "beartype")  # no user has variables there
MOST_ITEMS = 256  # of a list or a dict that is searched for tensors


class Names:
    """Who is who: qualified names of modules and parameters, and stable names of layers.

    A module that does one thing gives the layer its name. A function called inside a larger module is named after
    the module and the function; called on the output of another layer, it is another layer ("block.tanh.2").
    """

    def __init__(self, roots: dict[str, nn.Module], tensors: dict[str, Tensor] | None = None) -> None:
        self.roots, self.tensors = roots, tensors or {}
        self.copies = Copies(self.roots)
        self.root_ids: set[int] = set()
        self.modules: dict[int, str] = {}
        self.parameters: dict[int, str] = {}
        self._layers: dict[tuple[str, str, str], str] = {}
        self._taken: set[str] = set()
        self.refresh()

    def refresh(self) -> list[tuple[str, Tensor]]:
        """Read the names again, because layers and parameters may have been added since; every parameter once."""
        self.modules, self.parameters, every = {}, {}, []
        self.copies.known()
        self.root_ids = {id(root) for root in self.roots.values()}
        for prefix, root in self.roots.items():
            self._read(prefix, root, every)
        for name, tensor in self.tensors.items():
            if id(tensor) not in self.parameters:
                self.parameters[id(tensor)] = name
                every.append((name, tensor))
        return every

    def _read(self, path: str, module: nn.Module, every: list[tuple[str, Tensor]]) -> None:
        """A module and all below it, in the order of `named_modules`, which takes ten times as long."""
        if id(module) in self.modules:
            return
        self.modules[id(module)] = path
        begin = f"{path}." if path else ""
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in self.parameters:
                self.parameters[id(parameter)] = begin + name
                every.append((begin + name, parameter))
        for name, child in module._modules.items():
            if child is not None:
                self._read(begin + name, child, every)

    def layer(self, call: Call, leaf: bool) -> str:
        """The name of the layer that this call belongs to; `leaf` is whether it was made inside a leaf module."""
        weight = call.weight
        fed_by = "" if weight else next((c.layer for c in call.behind(BETWEEN) if c.layer), "")
        key = (call.module, call.op, weight or fed_by)
        if key not in self._layers:
            path, op = call.module, call.op.rstrip("_")
            plain = weight if weight and not leaf else path if leaf and path else f"{path}.{op}".lstrip(".")
            name, count = plain, 1
            while name in self._taken:
                count += 1
                name = f"{plain}.{count}"
            self._taken.add(name)
            self._layers[key] = name
        return self._layers[key]


def is_leaf(module: nn.Module) -> bool:
    """Whether a module has no modules inside."""
    return not module._modules or all(m is None for m in module._modules.values())


def variable_names(tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    """Tensors by the names that variables have in the code that led here; else "tensor K".

    One that only a list or a dict holds is called after that: "params[2]", "weights['h']".
    """
    places: dict[int, str] = {}
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(OWN):
        frame = frame.f_back
    while frame is not None:
        for name, value in [*frame.f_locals.items(), *frame.f_globals.items()]:
            if isinstance(value, Tensor):
                places.setdefault(id(value), name)
        for name, value in [*frame.f_locals.items(), *frame.f_globals.items()]:
            for place, item in _items(value):
                places.setdefault(id(item), f"{name}{place}")
        frame = frame.f_back
    names: dict[str, Tensor] = {}
    for k, tensor in enumerate(tensors):
        name = places.get(id(tensor), f"tensor {k}")
        names[name if name not in names else f"{name}.{k}"] = tensor
    return names


def _items(value: object) -> Iterator[tuple[str, Tensor]]:
    """The tensors that a short list or dict holds, with their places."""
    if isinstance(value, list | tuple) and len(value) <= MOST_ITEMS:
        yield from ((f"[{k}]", item) for k, item in enumerate(value) if isinstance(item, Tensor))
    elif isinstance(value, dict) and len(value) <= MOST_ITEMS:
        yield from ((f"[{k!r}]", item) for k, item in value.items() if isinstance(item, Tensor))
