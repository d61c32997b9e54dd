"""Scripts of cells (the percent format of jupytext): cut, run one after the other, made into a notebook."""

import ast
import io
import sys
import types
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MARK = "# %%"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True)
class Cell:
    """One cell: "markdown" or "code", its text, and the line of the script that it begins at (from 1)."""

    kind: str
    text: str
    line: int


@dataclass
class Shown:
    """What a cell left: printed text, and the value of its last expression, None where there is none."""

    cell: Cell
    printed: str = ""
    value: Any = None
    pictures: list[tuple[str, bytes]] = field(default_factory=list)


def cells(script: str) -> list[Cell]:
    """The cells of a script; what stands before the first mark is no cell."""
    found: list[Cell] = []
    kind, lines, start = "", [], 1
    for number, line in enumerate([*script.splitlines(), MARK], start=1):
        if not line.startswith(MARK):
            lines.append(line)
            continue
        if kind and any(lines):
            found.append(Cell(kind, _text(kind, lines), start))
        kind, lines, start = "markdown" if "[markdown]" in line else "code", [], number + 1
    return found


def _text(kind: str, lines: list[str]) -> str:
    if kind == "markdown":
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    return "\n".join(lines).strip("\n")


def run(path: Path, names: dict[str, Any] | None = None) -> Iterator[Shown]:
    """Run a script cell by cell, as a notebook would; what a cell raises comes out with the script's own lines."""
    module = types.ModuleType("__main__")
    module.__dict__.update(names or {}, __file__=str(path))
    before = sys.modules.get("__main__")
    sys.modules["__main__"] = module  # what is defined here can be found by its name, as in a notebook
    try:
        for cell in cells(path.read_text(encoding="utf-8")):
            shown = Shown(cell)
            if cell.kind == "code":
                _run_code(cell, path, module.__dict__, shown)
            yield shown
    finally:
        if before is not None:
            sys.modules["__main__"] = before


def _run_code(cell: Cell, path: Path, names: dict[str, Any], shown: Shown) -> None:
    tree = ast.increment_lineno(ast.parse(cell.text), cell.line - 1)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(tree, str(path), "exec"), names)
        if isinstance(last, ast.Expr):
            shown.value = eval(compile(ast.Expression(last.value), str(path), "eval"), names)
    shown.printed = printed.getvalue()
    shown.pictures = list(_pictures(shown.value))


def _pictures(value: Any) -> Iterator[tuple[str, bytes]]:
    """A value as files would have it: (suffix, bytes) for a figure and for what draws itself as SVG."""
    if hasattr(value, "savefig"):
        to = io.BytesIO()
        value.savefig(to, format="png", dpi=110)
        yield "png", to.getvalue()
    elif hasattr(value, "_repr_png_"):
        yield "png", value._repr_png_()
    elif hasattr(value, "_repr_svg_"):
        yield "svg", value._repr_svg_().encode()


def to_notebook(path: Path) -> str | None:
    """The script as the text of a notebook, by jupytext; None where that is not installed."""
    if find_spec("jupytext") is None:
        return None
    jupytext = import_module("jupytext")
    notebook = jupytext.read(path, fmt="py:percent")
    notebook.metadata["kernelspec"] = KERNEL  # without it JupyterLab asks which one before the first cell
    return jupytext.writes(notebook, fmt="ipynb")
