"""Feed it a list, get more like it.

The names below are loaded when they are first used, so that `import moreish` costs nothing and loads no torch.
"""

TYPE_CHECKING = False  # as typing's, which would have to be loaded
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from moreish.api import count, listen, mix, open_run, read, resume, suggest, train

__version__ = "0.1.0"
__all__ = ["__version__", "count", "listen", "mix", "open_run", "read", "resume", "suggest", "train"]


def __getattr__(name: str) -> "Any | ModuleType":
    from importlib import import_module

    if name in __all__:
        return getattr(import_module("moreish.api"), name)
    if name in _parts():
        return import_module(f"moreish.{name}")
    raise AttributeError(f"module 'moreish' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_parts()])


def _parts() -> list[str]:
    """The parts of moreish: `moreish.backprop`, `moreish.doctor`, ..."""
    from pkgutil import iter_modules

    return [part.name for part in iter_modules(__path__) if not part.name.startswith("_")]
