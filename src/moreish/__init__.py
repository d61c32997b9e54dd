"""Feed it a list, get more like it.

The names below are loaded when they are first used, so that `import moreish` costs nothing and loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moreish.api import mix, open_run, read, train

__version__ = "0.1.0"
__all__ = ["__version__", "mix", "open_run", "read", "train"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("moreish.api"), name)
    raise AttributeError(f"module 'moreish' has no attribute {name!r}")
