"""An answer: what a learner's file defines, called with care, and the ways to say that something is wrong."""

import traceback
from collections.abc import Callable, Iterator, Mapping
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
        """Call a function of the file with copies. Raises Wrong where it stops, or returns nothing."""
        return self.do(name, lambda: self[name](*map(_copied, args)))

    def call_with(self, name: str, *args: Any) -> Any:
        """The same with these very arguments, where it is judged whether they are left as they are."""
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


def _copied(given: Any) -> Any:
    """A tensor or list that may be written into; the way back to a tensor's own stays."""
    return given.clone() if isinstance(given, Tensor) else list(given) if isinstance(given, list) else given


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
        made = _stacked(found).detach()
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{name} is {type(found).__name__}, and numbers are wanted") from None
    return made.to(torch.float64)


def _stacked(found: Number) -> Tensor:
    """Rows may come as a list of tensors, too."""
    if isinstance(found, list | tuple) and any(isinstance(row, Tensor | list | tuple) for row in found):
        return torch.stack([_stacked(row) for row in found])
    return found if isinstance(found, Tensor) else torch.tensor(found)


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
    known(name, mine, mistakes or {}, tolerance)
    if mine.shape != want.shape:
        also = next((f": {words}" for words, value in _shapes(want) if close(mine, value, tolerance)), "")
        raise Wrong(f"{name} has shape {tuple(mine.shape)}, and {tuple(want.shape)} is wanted{also}")
    if not mine.isfinite().all():
        raise Wrong(f"{name} has nan or infinity in it")
    known(name, mine, dict(_relatives(mine, want)), tolerance)
    at = (mine - want).abs().flatten().argmax()
    place = "" if mine.dim() == 0 else f" at {tuple(int(i) for i in torch.unravel_index(at, mine.shape))}"
    raise Wrong(f"{name} is {mine.flatten()[at]:.6g}{place}, and {want.flatten()[at]:.6g} is right")


def known(name: str, found: Number, mistakes: Mapping[str, Number], tolerance: float = 1e-5) -> None:
    """Raises Wrong with the words of the mistake that gives what was found, if one does."""
    mine = tensor(found, name)
    for words, value in mistakes.items():
        if close(mine, tensor(value, "mistake"), tolerance):
            raise Wrong(f"{name}: {words}")


def _shapes(want: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The right numbers in another shape."""
    yield "the numbers are right, and it is transposed", want.mT if want.dim() > 1 else want
    yield "the numbers are right, and a dimension of 1 has to go", want.unsqueeze(-1)
    yield "the numbers are right, and a dimension of 1 has to go", want.unsqueeze(0)
    yield "the numbers are right, and a dimension of 1 is missing", want.squeeze()
    yield "the numbers are right, and it is flattened", want.flatten()
    yield "one number came for all of them: their mean", want.mean()
    yield "one number came for all of them: their sum", want.sum()
    for dim in range(want.dim()):
        yield f"it is summed over dimension {dim}", want.sum(dim)
        yield f"it is the mean over dimension {dim}", want.mean(dim)
        for words, part in (("first", want.narrow(dim, 0, 1)), ("last", want.narrow(dim, -1, 1))):
            yield f"only the {words} of dimension {dim} is there", part
            yield f"only the {words} of dimension {dim} is there", part.squeeze(dim)


def _relatives(mine: Tensor, want: Tensor) -> Iterator[tuple[str, Tensor]]:
    """What is near to the right result, whatever the exercise: the same shape, other numbers."""
    yield "the sign is turned", -want
    yield "everything is 0", torch.zeros_like(want)
    yield "it is twice what is right", 2 * want
    yield "it is half of what is right", want / 2
    yield "it is 1 over what is right", 1 / want
    yield "the square came, and its root is right", want**2
    yield "the root came, and its square is right", want.abs().sqrt()
    yield "e to the power of what is right came: take the logarithm", want.exp()
    yield "the logarithm of what is right came", want.abs().log()
    if want.numel() < 2:
        return
    factor = (mine * want).sum() / (want * want).sum()
    yield (
        f"it is {factor:.4g} times what is right, everywhere: a factor that is missing, or one too many",
        factor * want,
    )
    off = (mine - want).mean()
    yield f"it is {abs(off):.4g} {'more' if off > 0 else 'less'} than what is right, everywhere", want + off
    for dim in range(want.dim()):
        yield f"dimension {dim} stands in reverse order", want.flip(dim)
        yield f"it is late by one along dimension {dim}", want.roll(1, dim)
        yield f"it is early by one along dimension {dim}", want.roll(-1, dim)
    if want.dim() > 1:
        yield "it is transposed", want.mT  # of another shape where it is not square, and then equal to nothing
    order = want.flatten().argsort()
    shuffled = torch.empty_like(want).flatten()
    shuffled[mine.flatten().argsort()] = want.flatten()[order]
    yield "the numbers are right, and stand in other places", shuffled.view_as(want)
