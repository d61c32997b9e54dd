"""The compiled kernels, loaded: the best level that this processor has, if there is a library of it.

MOREISH_KERNELS=baseline|avx2|avx512 chooses a level, none does without. Everything that a kernel relies on (dtype,
contiguity, size, lifetime) is checked here and in `plan` before a pointer is handed over.
"""

import ctypes
import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from moreish.fast.build import levels, library_path, sources_hash

if TYPE_CHECKING:
    from torch import Tensor

VARIABLE = "MOREISH_KERNELS"

Pass = Callable[..., Any]

_number, _real, _pointer = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
_KINDS = {"n": _number, "x": _real, "p": _pointer}
ARGUMENTS = {
    "gru_forward": "nnn" + 11 * "p",
    "gru_backward": "nnn" + 12 * "p",
    "lstm_forward": "nnn" + 11 * "p",
    "lstm_backward": "nnn" + 12 * "p",
    "token_cross_entropy": "nnppxx",
    "dropout_mask": "npnxp",
    "embed_forward": "nnnppppp",
    "embed_backward": "nnnppppp",
    "add_norm_forward": "nn" + 7 * "p" + "xpp",
    "add_norm_backward": "nn" + 10 * "p",
    "tanh_gelu_forward": "nnpppp",
    "tanh_gelu_backward": "nnpppp",
    "causal_attention_forward": "nnnn" + 7 * "p",
    "causal_attention_backward": "nnnn" + 7 * "p",
    "panel_numbers": "nn",
    "lay_out": "nnpnnp",
    "by_panels": "nnnppp",
    "lstm_stream": "nnn" + 7 * "p",
}
"""Name of a function that has a suffix -> its arguments: n a whole number, x a real one, p an address."""
_RESULTS = {"token_cross_entropy": _real, "panel_numbers": _number}


class Uncompiled(ValueError):
    """Why this cannot go the compiled way, in one sentence; the torch way is open."""


class Library:
    """A shared library of one level."""

    def __init__(self, level: str, handle: ctypes.CDLL) -> None:
        self.level, self.handle = level, handle
        handle.moreish_rule.restype = ctypes.c_char_p
        names = iter(lambda: handle.moreish_rule(len(self.rules)), None)
        self.rules: dict[str, int] = {}
        for name in names:
            self.rules[name.decode()] = len(self.rules)


@cache
def load() -> Library:
    """The library of the best level. Raises Uncompiled where there is none for this machine, with the reason."""
    wanted = os.environ.get(VARIABLE, "")
    known = levels()
    if wanted == "none":
        raise Uncompiled(f"there are no compiled kernels, because {VARIABLE} is none")
    if wanted and wanted not in known:
        raise Uncompiled(f"{VARIABLE} is {wanted}, but this processor's levels are {', '.join(known)}, or none")
    baseline = _open("baseline")
    possible = [level for level in known if baseline.moreish_supports(level.encode())]
    if wanted and wanted not in possible:
        raise Uncompiled(f"{VARIABLE} is {wanted}, but this processor has {', '.join(possible)} only")
    level = wanted or possible[-1]
    return Library(level, _open(level))


@cache
def function(handle: ctypes.CDLL, name: str, suffix: str) -> Pass:
    """One of `ARGUMENTS`, for numbers or operands of this type: float32, float64 or bfloat16."""
    found = getattr(handle, f"moreish_{name}_{suffix}")
    found.argtypes, found.restype = [_KINDS[kind] for kind in ARGUMENTS[name]], _RESULTS.get(name)
    return found


def level() -> str:
    """The name of the level that is used; "none" where there is no library."""
    try:
        return load().level
    except Uncompiled:
        return "none"


def _open(level: str) -> ctypes.CDLL:
    path = library_path(level)
    cure = "python -m moreish.fast.build makes them where there is a C++ compiler"
    if not path.exists():
        raise Uncompiled(f"the compiled kernels are not there; {cure}")
    try:
        handle = ctypes.CDLL(str(path))
        handle.moreish_sources.restype = ctypes.c_char_p
        made_of = handle.moreish_sources().decode()
    except (OSError, AttributeError) as error:
        raise Uncompiled(f"the compiled kernels cannot be loaded ({error}); {cure}") from None
    if made_of != sources_hash(level):
        raise Uncompiled(f"the compiled kernels were made of other sources; {cure}")
    return handle


def address(x: "Tensor | None") -> int:
    """Where the numbers of a dense tensor on the CPU lie; 0 for none."""
    if x is None:
        return 0
    assert x.device.type == "cpu", x.device
    assert x.is_contiguous(), x.shape
    return x.data_ptr()
