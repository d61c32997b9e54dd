"""Who is who: qualified names of modules and parameters, and stable names of layers."""

from torch import nn

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.operations import BETWEEN


class Names:
    """Who is who: qualified names of modules and parameters, and stable names of layers.

    A module that does one thing gives the layer its name. A function called inside a larger module is named after
    the module and the function; called on the output of another layer, it is another layer ("block.tanh.2").
    """

    def __init__(self, roots: dict[str, nn.Module]) -> None:
        self.roots = roots
        self.root_ids: set[int] = set()
        self.modules: dict[int, str] = {}
        self.parameters: dict[int, str] = {}
        self._layers: dict[tuple[str, str, str], str] = {}
        self._taken: set[str] = set()
        self.refresh()

    def refresh(self) -> list[tuple[str, nn.Parameter]]:
        """Read the names again, because layers and parameters may have been added since; every parameter once."""
        self.modules, self.parameters, every = {}, {}, []
        self.root_ids = {id(root) for root in self.roots.values()}
        for prefix, root in self.roots.items():
            self._read(prefix, root, every)
        return every

    def _read(self, path: str, module: nn.Module, every: list[tuple[str, nn.Parameter]]) -> None:
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
