"""An answer: what a learner's file defines, called with care, and the ways to say that something is wrong."""

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

Number = Any  # a number, a tensor, an array, or a list of these


class Wrong(Exception):
    """The answer is not right; the sentence says what is wrong with it."""


class Answer:
    """The names that a file defined."""

    def __init__(self, names: Mapping[str, Any], path: Path) -> None:
        self.names, self.path = names, path

    @classmethod
    def of(cls, text: str, path: Path) -> "Answer":
        """Run a file's text. Raises Wrong where it cannot be run."""
        module = ModuleType("answer")
        module.__dict__["__file__"] = str(path)
        try:
            exec(compile(text, str(path), "exec"), module.__dict__)
        except SyntaxError as error:
            raise Wrong(f"line {error.lineno} is not Python: {error.msg}") from None
        except Exception as error:
            raise Wrong(f"the file stops at {where(error, path)}: {described(error)}") from None
        return cls(module.__dict__, path)

    def __getitem__(self, name: str) -> Any:
        """What the file calls so. Raises Wrong where it has no such name."""
        if name not in self.names:
            raise Wrong(
                f'there is no "{name}" in the file: it was renamed or removed, and is looked for by this name'
            )
        return self.names[name]

    def call(self, name: str, *args: Any) -> Any:
        """Call a function of the file. Raises Wrong where it stops, or returns nothing."""
        return self.do(name, lambda: self[name](*args))

    def do(self, name: str, act: Callable[[], Any]) -> Any:
        """The same for whatever is done with what the file defines."""
        try:
            result = act()
        except Wrong:
            raise
        except RecursionError:
            raise Wrong(f"{name} calls itself too deeply: Python allows about 1,000 calls within calls") from None
        except Exception as error:
            raise Wrong(f"{name} stops at {where(error, self.path)}: {described(error)}") from None
        if result is None or result is ...:
            raise Wrong(f"{name} returns nothing yet: write what is marked with YOURS")
        return result


def where(error: BaseException, path: Path) -> str:
    """The line of the file at which it happened."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"line {lines[-1]}" if lines else "a place outside the file"


def described(error: BaseException) -> str:
    """One line for an error."""
    first = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + first[0] if first else ''}"


def tensor(found: Number, name: str) -> Tensor:
    """What came back as float64. Raises Wrong where it is no numbers."""
    try:
        made = found.detach() if isinstance(found, Tensor) else torch.tensor(found)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{name} is {type(found).__name__}, and numbers are wanted") from None
    return made.to(torch.float64)


def close(found: Tensor, right: Tensor, tolerance: float = 1e-5) -> bool:
    """Equal up to rounding, in shape too."""
    return found.shape == right.shape and bool(torch.allclose(found, right, rtol=tolerance, atol=tolerance))


def compare(
    name: str,
    found: Number,
    right: Number,
    mistakes: Mapping[str, Number] | None = None,
    tolerance: float = 1e-5,
) -> None:
    """Raises Wrong unless `found` is `right`; with the words of the mistake that gives what was found."""
    mine, want = tensor(found, name), tensor(right, "right")
    if close(mine, want, tolerance):
        return
    for words, value in (mistakes or {}).items():
        if close(mine, tensor(value, "mistake"), tolerance):
            raise Wrong(f"{name}: {words}")
    if mine.shape != want.shape:
        raise Wrong(f"{name} has shape {tuple(mine.shape)}, and {tuple(want.shape)} is wanted")
    if not mine.isfinite().all():
        raise Wrong(f"{name} has nan or infinity in it")
    at = (mine - want).abs().flatten().argmax()
    place = "" if mine.dim() == 0 else f" at {tuple(int(i) for i in torch.unravel_index(at, mine.shape))}"
    raise Wrong(f"{name} is {mine.flatten()[at]:.6g}{place}, and {want.flatten()[at]:.6g} is right")
