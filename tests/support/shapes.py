"""Shapes are checked where a signature declares one; the other functions of those modules run as they are.

jaxtyping's hook wraps every function and every dataclass of a module, also those that declare no shape, and the
doctor's tests took half as long again. So `jaxtyping.jaxtyped`, which the hook puts before each, passes them by.

To check every call of the others still takes two fifths of the time of all tests. With CI=true every call is checked;
otherwise the first calls of each function in each process, and every so many-th of the later ones.
"""

import functools
import inspect
import itertools
import os
import re
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import jaxtyping
from jaxtyping import AbstractArray

T = TypeVar("T")
FIRST, EVERY = 64, 32
ALWAYS = bool(os.environ.get("CI"))
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


def _each(wrapped: Any, decorate: Callable[[Any], Any]) -> Any:
    """With the function, or the functions that a method or a property is made of, decorated."""
    if isinstance(wrapped, classmethod | staticmethod):
        return type(wrapped)(decorate(wrapped.__func__))
    if isinstance(wrapped, property):
        return property(*(f and decorate(f) for f in (wrapped.fget, wrapped.fset, wrapped.fdel)))
    return decorate(wrapped)


def sampled(plain: Any, checked: Any, always: bool = ALWAYS) -> Any:
    """The checked function at its first calls and at some of the later ones; else the plain one."""
    if always or inspect.isclass(plain):
        return checked
    calls = itertools.count()

    @functools.wraps(plain)
    def called(*args: Any, **kwargs: Any) -> Any:
        call = next(calls)
        return (checked if call < FIRST or call % EVERY == 0 else plain)(*args, **kwargs)

    return called


def _where_declared(*, typechecker: object) -> Callable[[T], T]:
    check = _jaxtyped(typechecker=typechecker)

    def decorate(plain: Any) -> Any:
        declared = any(declares_a_shape(a) for a in inspect.get_annotations(plain).values())
        return sampled(plain, check(plain)) if declared else plain

    return lambda wrapped: _each(wrapped, decorate)


def check_only_declared_shapes() -> None:
    """From now on, for every module that is loaded under jaxtyping's hook."""
    jaxtyping.jaxtyped = _where_declared
