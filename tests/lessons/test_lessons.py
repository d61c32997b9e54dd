"""The twelve lessons run in their short form, and each has what a lesson needs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from moreish.cli.lessons import lessons
from moreish.lessons import cells, kit
from moreish.lessons.exercises import EXERCISES
from moreish.lessons.table import LESSONS, lesson

ROOT = Path(__file__).resolve().parents[2]
RUN_ALL = """
import json, warnings
from moreish.lessons import cells
from moreish.lessons.table import LESSONS
warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning)
for each in LESSONS:
    shown = list(cells.run(each.path))
    print(json.dumps([each.number, "".join(s.printed for s in shown), sum(len(s.pictures) for s in shown)]))
"""


@pytest.mark.slow
def test_the_lessons_run_let_guess_show_and_give_the_published_figures(tmp_path):
    """In a process of their own, as a reader runs them: without the checks of shapes that tests have."""
    env = os.environ | {"MOREISH_SHORT": "1", "MOREISH_DATA": str(tmp_path / "nothing"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [number for number, _, _ in found] == [each.number for each in LESSONS]
    for number, printed, pictures in found:
        assert "You have not guessed yet" in printed, number
        assert re.search(r"published\s+ours, names\.txt\s+here", printed), number
        assert pictures >= 2, number
    assert "SICK  F04 saturated-tanh" in found[8][1]
    assert "SICK  F24 misaligned-targets" in found[11][1], "the doctor finds what the lesson did"


@pytest.mark.parametrize("each", LESSONS, ids=lambda each: str(each.number))
def test_a_lesson_opens_with_its_question_and_lets_predict(each):
    text = cells.cells(each.path.read_text(encoding="utf-8"))
    assert text[0].text.startswith(f"# {each.number}. {each.question}\n")
    assert sum("**Predict**" in cell.text or "guess(" in cell.text for cell in text) >= 3


@pytest.mark.parametrize("each", LESSONS, ids=lambda each: str(each.number))
def test_our_figures_are_those_that_were_measured(each):
    """What stands in the column "ours" stands in the tables of docs, which have six digits."""
    docs = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("ladder.md", "results.md"))
    measured = [float(n.replace(",", "")) for n in re.findall(r"-?\d[\d,]*\.?\d*(?:e-?\d+)?", docs)]
    text = each.path.read_text(encoding="utf-8")
    for what, written in re.findall(r"""^ +\("(.+?)", .+?, (-?[\d_]+\.?\d*), .+\),$""", text, flags=re.M):
        near = 0.51 * 10.0 ** -len(written.partition(".")[2])
        assert any(abs(float(written) - n) <= near + 5e-6 * abs(n) for n in measured), f"{what}: {written}"


@pytest.mark.parametrize("each", LESSONS, ids=lambda each: str(each.number))
def test_in_the_terminal_no_word_of_a_lesson_is_lost(each, monkeypatch, capsys):
    shown = [cells.Shown(cell) for cell in cells.cells(each.path.read_text(encoding="utf-8"))]
    shown = [one for one in shown if one.cell.kind == "markdown"]
    monkeypatch.setattr(cells, "run", lambda _: iter(shown))
    lessons("run", str(each.number))
    words = re.compile(r"\w+")
    assert words.findall(capsys.readouterr().out) == [
        word for one in shown for word in words.findall(re.sub(r"^(\d)\. ", r"\1. ", one.cell.text, flags=re.M))
    ]


def test_in_the_terminal_a_value_of_several_lines_is_several_lines(monkeypatch, capsys):
    class Table:
        def __repr__(self):
            return "n 13%\nr 12%"

    monkeypatch.setattr(cells, "run", lambda _: iter([cells.Shown(cells.Cell("code", "table", 1), value=Table())]))
    lessons("run", "6")
    assert capsys.readouterr().out == "  | table\nn 13%\nr 12%\n"


def test_every_exercise_is_named_in_its_lesson():
    for each in EXERCISES:
        text = lesson(int(each.id.split(".")[0])).path.read_text(encoding="utf-8")
        named = each.id in text or any(
            int(a.split(".")[1]) <= int(each.id.split(".")[1]) <= int(b.split(".")[1])
            for a, b in re.findall(r"(\d+\.\d) to (\d+\.\d)", text)
        )
        assert named, each.id


def test_a_script_is_cut_into_cells():
    found = cells.cells("ignored\n# %% [markdown]\n# # A title\n#\n# Text.\n# %%\nx = 1\n\nx + 1\n# %%\n\n")
    assert [(c.kind, c.text, c.line) for c in found] == [
        ("markdown", "# A title\n\nText.", 3),
        ("code", "x = 1\n\nx + 1", 7),
    ]


def test_cells_share_names_show_their_last_expression_and_fail_at_their_own_line(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("# %%\nx = 1\n# %%\nprint(x)\nx + 1\n# %%\n1 / 0\n")
    run = cells.run(script)
    next(run)
    second = next(run)
    assert (second.printed, second.value) == ("1\n", 2)
    with pytest.raises(ZeroDivisionError) as caught:
        next(run)
    assert caught.traceback[-1].lineno + 1 == 7


@pytest.mark.parametrize("each", LESSONS, ids=lambda each: str(each.number))
def test_a_lesson_becomes_a_notebook(each):
    pytest.importorskip("jupytext")
    notebook = json.loads(cells.to_notebook(each.path) or "{}")
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert kinds == [cell.kind for cell in cells.cells(each.path.read_text(encoding="utf-8"))]


def test_a_guess_is_answered(capsys):
    kit.guess(None, 2.0, "the slope")
    kit.guess(2.05, 2.0, "the slope")
    kit.guess(7, 2.0, "the slope")
    kit.guess("Yes", "yes")
    lines = capsys.readouterr().out.splitlines()
    assert "not guessed yet" in lines[0]
    assert "well seen" in lines[1]
    assert "a surprise" in lines[2]
    assert "well seen" in lines[3]
