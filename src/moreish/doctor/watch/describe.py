"""What a module is, in one line: "Linear(64, 32)"; and which line of the user's code is running."""

import functools
import os
import re
import sys
from pathlib import Path
from types import CodeType
from typing import Literal

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from moreish.doctor.frames.made import Assigned

LONGEST = 60  # characters of a description
MOST_MODULES = 5_000
TELLING = ("p",)  # arguments that are shown although they have their usual value

_MOREISH = str(Path(__file__).resolve().parents[2])
_PASSED_OVER = (str(Path(torch.__file__).parent), str(Path(__file__).resolve().parents[1]), "<frozen ")
_STANDARD = str(Path(os.__file__).parent)
Whose = Literal["user's", "a library's", "moreish's", "the doctor's or torch's"]  # code
_ALONE = re.compile(r"\((\d+),\)")  # a tuple of one number
_EQUAL = re.compile(r"\((\d+)(?:, \1)*,?\)")  # one number for each dimension
_LIBRARIES = ("site-packages", "dist-packages")


def described(prefix: str, root: nn.Module) -> dict[str, str]:
    """What every module of a model is, by its qualified name."""
    found: dict[str, str] = {}
    for path, module in root.named_modules():
        if len(found) >= MOST_MODULES:
            break
        found[".".join(filter(None, (prefix, path)))] = description(module)
    return found


def assigned(prefix: str, root: nn.Module) -> dict[str, Assigned]:
    """Where each module became an attribute of one whose class the user wrote, as far as names tell."""
    found: dict[str, Assigned] = {}
    waiting: list[tuple[str, nn.Module, Assigned | None]] = [(prefix, root, None)]
    while waiting and len(found) < MOST_MODULES:
        path, module, own = waiting.pop()
        code = getattr(type(module).__init__, "__code__", None)
        theirs = isinstance(code, CodeType) and _whose(code.co_filename) == "user's"
        for k, (name, child) in enumerate(module._modules.items()):
            if child is None:
                continue
            at = None
            if theirs and isinstance(code, CodeType):
                at = Assigned(code.co_filename, code.co_firstlineno, name)
            elif own is not None and own.place is None and type(module) is nn.Sequential:
                at = own._replace(place=k)
            inside = f"{path}.{name}" if path else name
            if at is not None:
                found[inside] = at
            waiting.append((inside, child, at))
    return found


def description(module: nn.Module) -> str:
    """Type and the arguments that differ from their defaults; the type alone where the module does not say."""
    kind = type(module)
    try:
        alike = _EQUAL if isinstance(module, _ConvNd) else _ALONE
        parts = _parts(alike.sub(r"\1", " ".join(module.extra_repr().split())))
    except Exception:  # a stranger's code
        parts = []
    begin = kind.__init__
    code = getattr(begin, "__code__", None)
    usual = _defaults(code, begin.__defaults__) | (begin.__kwdefaults__ or {}) if isinstance(code, CodeType) else {}
    shown = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            shown.append(part)
        elif name in TELLING or name not in usual:
            shown.append(value if _is_needed(code, name) else part)
        elif not _same(value, usual[name]):
            shown.append(part)
    text = ", ".join(shown)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    return f"{kind.__name__}({text})" if text else kind.__name__


def line_of_code() -> str:
    """The line that is running outside torch and the doctor, "train.py:31"; "" for a model of moreish.

    Of a line in a library, the line of the user's code that led there, where there is one.
    """
    frame, nearest = sys._getframe(1), None
    while frame is not None:
        file = frame.f_code.co_filename
        whose = _whose(file)
        if whose == "user's":
            return f"{_shown(file)}{frame.f_lineno}"
        if nearest is None and whose == "moreish's":
            return ""
        if whose == "a library's" and nearest is None:
            nearest = f"{_shown(file)}{frame.f_lineno}"
        frame = frame.f_back
    return nearest or ""


@functools.lru_cache(maxsize=4096)
def _whose(file: str) -> Whose:
    if file.startswith(_PASSED_OVER):
        return "the doctor's or torch's"
    if file.startswith(_MOREISH):
        return "moreish's"
    library = file.startswith(_STANDARD) or any(folder in file for folder in _LIBRARIES)
    return "a library's" if library else "user's"


@functools.lru_cache(maxsize=4096)
def _shown(file: str) -> str:
    if "ipykernel" in file or file.startswith("<ipython"):
        return "a cell of the notebook, line "
    return f"{Path(file).name}:"


def _parts(text: str) -> list[str]:
    """The arguments of a call, separated at the commas that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            parts.append(text[begin:k].strip())
            begin = k + 1
    return [part for part in (*parts, text[begin:].strip()) if part]


def _defaults(code: CodeType, defaults: tuple[object, ...] | None) -> dict[str, object]:
    names = code.co_varnames[: code.co_argcount]
    return dict(zip(reversed(names), reversed(defaults or ()), strict=False))


def _is_needed(code: object, name: str) -> bool:
    """Whether an argument has no default, so that its place says its name."""
    return isinstance(code, CodeType) and name in code.co_varnames[: code.co_argcount]


def _same(shown: str, usual: object) -> bool:
    """Whether a value is the usual one."""
    return shown in (str(usual), repr(usual))
