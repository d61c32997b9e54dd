"""One core for what is too little work for several.

Matrices of some hundred rows gain nothing from a second thread on a machine that does nothing else; on one that is
busy each product waits for a thread that has no core: a list took 19 s to read instead of 5.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from moreish.rng import torch_alone

if TYPE_CHECKING:
    from threadpoolctl import LibController

_LOCK = threading.Lock()
_inside = 0  # how many are, in all threads
_before: list[int] = []  # threads of each library when the first came


@contextmanager
def numpy_on_one_core() -> Iterator[None]:
    """numpy's matrix products on one core inside; as before when the last of all threads is out."""
    global _inside
    libraries = _blas()
    with _LOCK:
        _inside += 1
        if _inside == 1:
            _before[:] = [each.num_threads or 1 for each in libraries]
            for each in libraries:
                each.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if _inside == 0:
                for each, count in zip(libraries, _before, strict=True):
                    each.set_num_threads(count)


@contextmanager
def torch_on_one_core() -> Iterator[None]:
    """Torch for this thread alone, which computes on one core inside."""
    import torch

    with torch_alone():
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@cache
def _blas() -> "list[LibController]":
    """What numpy multiplies matrices with, as far as its number of threads can be chosen."""
    import numpy as np  # noqa: F401 (so that its library is loaded)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers
