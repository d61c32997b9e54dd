"""Shapes are checked where a signature declares one; the other functions of those modules run as they are.

jaxtyping's hook wraps every function and every dataclass of a module, also those that declare no shape, and the
doctor's tests took half as long again. So `jaxtyping.jaxtyped`, which the hook puts before each, passes them by.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import jaxtyping
from jaxtyping import AbstractArray

T = TypeVar("T")
_NAMES = re.compile(rf"\b({'|'.join(n for n in dir(jaxtyping) if n[0].isupper())})\b")
_jaxtyped: Any = jaxtyping.jaxtyped


def declares_a_shape(annotation: object) -> bool:
    """Whether a shape stands anywhere in an annotation."""
    if isinstance(annotation, str):
        return _NAMES.search(annotation) is not None
    if inspect.isclass(annotation) and issubclass(annotation, AbstractArray):
        return True
    parts = annotation if isinstance(annotation, list) else get_args(annotation)
    return any(declares_a_shape(part) for part in parts)


def _functions(wrapped: Any) -> list[Any]:
    if isinstance(wrapped, classmethod | staticmethod):
        return [wrapped.__func__]
    if isinstance(wrapped, property):
        return [f for f in (wrapped.fget, wrapped.fset, wrapped.fdel) if f is not None]
    return [wrapped]


def _where_declared(*, typechecker: object) -> Callable[[T], T]:
    check = _jaxtyped(typechecker=typechecker)

    def decorate(wrapped: T) -> T:
        annotations = [a for f in _functions(wrapped) for a in inspect.get_annotations(f).values()]
        return check(wrapped) if any(declares_a_shape(a) for a in annotations) else wrapped

    return decorate


def check_only_declared_shapes() -> None:
    """From now on, for every module that is loaded under jaxtyping's hook."""
    jaxtyping.jaxtyped = _where_declared
