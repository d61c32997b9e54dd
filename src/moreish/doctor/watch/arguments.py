"""Arguments and results of a stranger's calls: which of them are tensors, wherever they stand."""

from typing import Any

from torch import Tensor

Args = tuple[Any, ...]  # of a call of a stranger's function or module, by place
Kwargs = dict[str, Any]  # and by name


def argument(args: Args, kwargs: Kwargs, place: int, name: str, default: Any = None) -> Any:
    """An argument of a call, whether it was given by place or by name."""
    return args[place] if len(args) > place else kwargs.get(name, default)


def first_tensor(result: object) -> Tensor | None:
    """The tensor that a module or function returned, or the first of several."""
    if isinstance(result, Tensor):
        return result
    if isinstance(result, (tuple, list)):
        return next((t for t in map(first_tensor, result) if t is not None), None)
    if isinstance(result, dict):
        return next((t for t in map(first_tensor, result.values()) if t is not None), None)
    return None


def tensors_of(args: Args, kwargs: Kwargs) -> list[Tensor]:
    """The tensors among the arguments, also those inside lists (cat, the weights of a recurrent layer)."""
    found: list[Tensor] = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found.extend(v for v in value if isinstance(v, Tensor))
    return found
