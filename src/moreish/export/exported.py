"""What is exported, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moreish.data.vocab import Vocab
from moreish.models.net import Net

BOUNDARY = "<|endoftext|>"
"""How the boundary before and after an item is written where ids have names: GPT-2's own."""


@dataclass(frozen=True)
class Subject:
    """One network of a run, with all that another program needs to use it.

    name : of the run
    family : a name of `MODELS`
    options : its options, plain
    kinds : the names of the kinds of items that it tells apart; empty where the list has none
    """

    name: str
    family: str
    options: Mapping[str, Any]
    module: Net
    vocab: Vocab
    kinds: tuple[str, ...] = ()

    @property
    def boundary(self) -> str:
        """The name of id 0, which no symbol of the list has."""
        name = BOUNDARY
        while name in self.vocab.ids:
            name = f"<{name}>"
        return name

    def described(self) -> dict[str, Any]:
        """What `moreish.json` says beside the weights: how ids and symbols belong together."""
        return {
            "run": self.name,
            "model": {"name": self.family, **self.options},
            "vocab": self.vocab.to_json(),
            "boundary": 0,
            "vocab_size": len(self.vocab),
            "kinds": list(self.kinds),
        }


@dataclass(frozen=True)
class Exported:
    """A folder that was written.

    difference : the largest difference of a logit from torch's, where the export was compared with it
    shapes : of the inputs that were compared
    """

    folder: Path
    files: tuple[str, ...]
    difference: float | None = None
    shapes: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Contents:
    """The files of an export before they are written; see `Exported`."""

    files: Mapping[str, bytes]
    difference: float | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
