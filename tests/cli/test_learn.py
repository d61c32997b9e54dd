"""moreish lessons and moreish learn, as they are typed."""

import json
import os
import re
import subprocess
import sys
import time

import pytest

from moreish.cli import run
from moreish.lessons import diagnosing, learning
from moreish.lessons.exercises import EXERCISES, exercise
from moreish.lessons.learning import Learner, check


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_lessons_are_listed(capsys):
    assert run(["lessons"]) == 0
    assert "What is a slope?" in capsys.readouterr().out
    assert run(["lessons", "--json"]) == 0
    assert [json.loads(line)["number"] for line in capsys.readouterr().out.splitlines()] == [*range(1, 13)]


def test_a_lesson_is_written_once(tmp_path, capsys):
    assert run(["lessons", "open", "3", "--script"]) == 0
    assert (tmp_path / "03_counting.py").exists()
    (tmp_path / "03_counting.py").write_text("my own work")
    assert run(["lessons", "open", "3", "--script"]) == 2
    assert "--force writes over it" in capsys.readouterr().err
    assert (tmp_path / "03_counting.py").read_text() == "my own work"
    assert run(["lessons", "open", "3", "--script", "--force"]) == 0


def test_a_lesson_runs_in_the_terminal(tmp_path, capsys):
    assert run(["lessons", "run", "1"]) == 0
    assert "What is a slope?" in capsys.readouterr().out
    assert (tmp_path / "lesson-1-1.png").exists()


@pytest.mark.parametrize("words", [["open"], ["open", "13"], ["open", "x"], ["solution", "1.9"], ["list", "3"]])
def test_what_there_is_not_is_said(words, capsys):
    assert run(["lessons", *words]) == 2
    assert capsys.readouterr().err.startswith("moreish: ")


@pytest.mark.slow
def test_an_exercise_is_opened_judged_hinted_at_and_begun_anew(tmp_path, capsys):
    assert run(["learn", "--check", "3.1"]) == 1
    assert "keep the dimension" in capsys.readouterr().err
    assert run(["learn", "--hint"]) == 0
    assert capsys.readouterr().out.startswith("3.1 ")  # the one that failed, not the first one that there is
    file = tmp_path / "moreish-learn" / "03_1_rows.py"
    file.write_text(exercise("3.1").solution)
    assert run(["learn", "--check", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert run(["learn", "--list", "--json"]) == 0
    passed = [found["exercise"] for found in map(json.loads, capsys.readouterr().out.splitlines()) if found["passed"]]
    assert passed == ["3.1"]
    hints = []
    for _ in range(4):
        assert run(["learn", "--hint"]) == 0
        hints.append(capsys.readouterr().out)
    assert len(set(hints[:3])) == 3
    assert hints[2] == hints[3]
    assert run(["learn", "--reset", "3.1"]) == 0
    assert file.read_text() == exercise("3.1").task
    assert Learner.at(tmp_path / "moreish-learn").passed == []


@pytest.mark.slow
def test_the_next_exercise_is_watched_and_judged_at_every_save(tmp_path):
    """A real process, and a real file that is saved wrong and then right."""
    command = [sys.executable, "-m", "moreish", "learn"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert process.stdin
    assert process.stdout
    file = tmp_path / "moreish-learn" / "01_1_slope.py"
    lines = iter(process.stdout.readline, "")
    try:
        assert "1.1" in next(lines)
        assert "returns nothing yet" in next(line for line in lines if re.match(r"  \d\d:", line))
        time.sleep(0.05)
        file.write_text("def slope(f, x):\n    return (f(x + 1e-5) - f(x - 1e-5)) / 1e-5\n")
        assert "twice too large" in next(line for line in lines if re.match(r"  \d\d:", line))
        process.stdin.write("h\n")
        process.stdin.flush()
        assert "hint: " in next(lines)
        time.sleep(0.05)
        file.write_text(exercise("1.1").solution)
        assert "passed: 1 of" in next(line for line in lines if "passed" in line)
        assert "2.1" in next(line for line in lines if line.strip())
        process.stdin.write("n\n")
        process.stdin.flush()
        assert next(line for line in lines if line.startswith("2.")).startswith("2.2 "), "2.1 is left for later"
        process.stdin.write("q\n")
        process.stdin.flush()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("while True: pass", "longer than 1 seconds"),
        ("import os; os._exit(7)", "ends Python itself"),
        ("print('hello')\ndef slope(f, x): pass", "nothing yet"),
    ],
)
def test_an_answer_cannot_hang_or_end_the_one_who_judges(tmp_path, monkeypatch, text, said):
    file = tmp_path / "01_1_slope.py"
    file.write_text(text)
    monkeypatch.setattr(learning, "GRACE", 9.0 if "while" in text else 100.0)  # what ends may take its time
    verdict = check(learning.replace(exercise("1.1"), seconds=1.0), file)
    assert not verdict.passed
    assert said in verdict.said
    assert ("hello" in verdict.printed) == ("hello" in text)


@pytest.mark.parametrize("text", ["", "[]", '{"passed": 3, "hints": {}}', '{"passed": []}'])
def test_damaged_progress_is_said(tmp_path, text, capsys):
    (tmp_path / "moreish-learn").mkdir()
    (tmp_path / "moreish-learn" / "progress.json").write_text(text)
    assert run(["learn", "--list"]) == 2
    assert "remove it" in capsys.readouterr().err


def test_progress_knows_only_exercises_that_there_are(tmp_path):
    (tmp_path / "progress.json").write_text('{"passed": ["1.1", "99.9"], "hints": {"x": 1}}')
    learner = Learner.at(tmp_path)
    assert learner.passed == ["1.1"]
    assert learner.next() == EXERCISES[1]


def test_a_sick_run_is_diagnosed(capsys, monkeypatch):
    monkeypatch.setattr(diagnosing, "STEPS", 12)
    assert run(["learn", "diagnose", "--seed", "3"]) == 0
    shown = capsys.readouterr().out
    choices = dict(re.findall(r"^  (\d)  (.*)$", shown, flags=re.M))
    assert len(choices) == 4
    codes = [run(["learn", "diagnose", "--seed", "3", "--answer", number]) for number in choices]
    assert sorted(codes) == [0, 1, 1, 1]
    assert "The doctor says:" in capsys.readouterr().out
