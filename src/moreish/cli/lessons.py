"""moreish lessons."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from moreish.cli.flags import Json
from moreish.errors import how_to_install


def lessons(
    do: Literal["list", "open", "run", "solution"] = "list",
    which: str | None = None,
    *,
    to: Path | None = None,
    script: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """Twelve lessons from a derivative to attention: list them, open one as a notebook, run one here.

    Parameters
    ----------
    do
        list; open 3: write the third into this folder; run 3: go through it in the terminal, pictures as files;
        solution 3.2: our answer to the second exercise of lesson 3.
    which
        The number of a lesson, or of an exercise.
    to
        The folder that files are written to; without it, this one.
    script
        Write a script of cells, which VS Code, Spyder and PyCharm run cell by cell, also where jupytext is installed.
    force
        Write over a file that is there.
    """
    from moreish.cli.show import emit, show, table
    from moreish.lessons.table import LESSONS

    if do == "list":
        if which is not None:
            raise ValueError(f"list takes no number; to open one: moreish lessons open {which}")
        if json:
            for each in LESSONS:
                emit({"number": each.number, "question": each.question, "about": each.about})
            return
        show(
            table(
                [("", "right"), ("", "left"), ("", "left")], [(str(e.number), e.question, e.about) for e in LESSONS]
            )
        )
        print("\nmoreish lessons open 3    the third as a notebook      moreish learn    the exercises")
        return
    if which is None:
        raise ValueError(f"{do} which? Say a number: moreish lessons {do} {'3.2' if do == 'solution' else '3'}")
    if do == "solution":
        from moreish.lessons.exercises import exercise

        print(exercise(which).solution, end="")
        return
    folder = to or Path()
    if do == "open":
        _open(_number(which), folder, script, force, json)
    else:
        _run(_number(which), folder)


def _number(which: str) -> int:
    try:
        return int(which)
    except ValueError:
        raise ValueError(f'"{which}" is no number of a lesson, such as 3; see: moreish lessons') from None


def _open(number: int, folder: Path, script: bool, force: bool, json: bool) -> None:
    from moreish.cli.show import emit
    from moreish.lessons.cells import to_notebook
    from moreish.lessons.table import lesson

    chosen = lesson(number)
    notebook = None if script else to_notebook(chosen.path)
    name = chosen.path.stem if notebook is None else f"{chosen.path.stem}.ipynb"
    target = folder / (f"{name}.py" if notebook is None else name)
    if target.exists() and not force:
        raise ValueError(f"{target} is there already, perhaps with your own work: --force writes over it")
    folder.mkdir(parents=True, exist_ok=True)
    text = chosen.path.read_text(encoding="utf-8") if notebook is None else notebook
    target.write_text(text, encoding="utf-8", newline="\n")
    if json:
        emit({"path": str(target)})
        return
    print(target)
    if notebook is not None:
        print(f"Open it: jupyter lab {target}")
    else:
        print("A script of cells: VS Code, Spyder and PyCharm run it cell by cell; moreish lessons run does so here.")
        if not script:
            print(f"As a notebook: {how_to_install('lessons')}, then open it again; then jupyter lab or marimo.")


def _run(number: int, folder: Path) -> None:
    from moreish.cli.show import note, out, printable
    from moreish.lessons import cells
    from moreish.lessons.table import lesson

    chosen = lesson(number)
    pictures = 0
    for shown in cells.run(chosen.path):
        if shown.cell.kind == "markdown":
            from rich.markdown import Markdown

            out.print(Markdown(shown.cell.text), soft_wrap=False)  # else what is longer than a line is cut in lists
            continue
        print(*(f"  | {line}" for line in shown.cell.text.splitlines()), sep="\n")
        if shown.printed:
            print(shown.printed, end="")
        for suffix, picture in shown.pictures:
            pictures += 1
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"lesson-{number}-{pictures}.{suffix}"
            path.write_bytes(picture)
            note(f"picture: {path}")
        if shown.value is not None and not shown.pictures:
            print(*map(printable, repr(shown.value).splitlines()), sep="\n")
