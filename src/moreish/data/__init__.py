"""From a file to items, to ids, to batches.

Importing this loads nothing; each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moreish.data.build import from_items, read, undivided
    from moreish.data.corpus import Corpus, Items, Split
    from moreish.data.options import DataOptions
    from moreish.data.report import Report
    from moreish.data.vocab import Vocab

_HOME = {
    "Corpus": "corpus",
    "DataOptions": "options",
    "Items": "corpus",
    "Split": "corpus",
    "Report": "report",
    "Vocab": "vocab",
    "from_items": "build",
    "read": "build",
    "undivided": "build",
}
__all__ = ["Corpus", "DataOptions", "Items", "Report", "Split", "Vocab", "from_items", "read", "undivided"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"moreish.data.{_HOME[name]}"), name)
    raise AttributeError(f"module 'moreish.data' has no attribute {name!r}")
