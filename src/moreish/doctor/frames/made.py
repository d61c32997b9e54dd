"""Where a layer was made: the line of the model's `__init__` that assigns it, read from its source when asked."""

import ast
import functools
import linecache
from pathlib import Path
from typing import NamedTuple


class Assigned(NamedTuple):
    """A layer as an attribute of a model: the file of the class, the line of its `__init__`, the attribute.

    `place` is that among the arguments of the Sequential that is assigned; None where the layer itself is.
    """

    file: str
    line: int
    attribute: str
    place: int | None = None


def made_in(assigned: Assigned | None) -> str:
    """ "train.py:12", or "" where the source does not say."""
    if assigned is None:
        return ""
    value = _assignments(assigned.file, assigned.line).get(assigned.attribute)
    if value is None:
        return ""
    if assigned.place is not None:
        arguments = value.args if isinstance(value, ast.Call) else []
        if assigned.place >= len(arguments) or any(isinstance(a, ast.Starred) for a in arguments):
            return ""
        value = arguments[assigned.place]
    return f"{Path(assigned.file).name}:{value.lineno}"


@functools.lru_cache(maxsize=64)
def _assignments(file: str, line: int) -> dict[str, ast.expr]:
    """What the `__init__` of this line assigns to each attribute, where it does so once."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.lineno == line)
    found: dict[str, list[ast.expr]] = {}
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                        found.setdefault(target.attr, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}
