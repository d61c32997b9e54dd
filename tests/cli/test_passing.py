"""moreish doctor and the words of the program that it watches: whose are whose, and what is refused at once."""

import json
import os
import sys

import pytest

from moreish.cli.passing import parted

ECHO = "import sys\nprint('got', *sys.argv[1:])\nprint('said', file=sys.stderr)"


@pytest.fixture
def echo(folder):
    (folder / "echo.py").write_text(ECHO)
    (folder / "echoing.py").write_text(ECHO)
    return folder


@pytest.mark.parametrize(
    ("typed", "ours", "theirs"),
    [
        ("a.py", "a.py", ""),
        ("a.py --epochs 3 --lr=0.1 -q x", "a.py", "--epochs 3 --lr=0.1 -q x"),
        ("--json a.py --epochs 3", "--json a.py", "--epochs 3"),
        ("a.py --json", "a.py --json", ""),
        ("a.py --json --fail-on sick --html=x --epochs 3", "a.py --json --fail-on sick --html=x", "--epochs 3"),
        ("--html a.py b.py --x", "--html a.py b.py", "--x"),
        ("--fail_on sick a.py --x", "--fail_on sick a.py", "--x"),
        ("a.py data.csv --json", "a.py", "data.csv --json"),
        ("a.py --help", "a.py", "--help"),
        ("a.py -m x", "a.py", "-m x"),
        ("a.py -- --json", "a.py", "--json"),
        ("a.py --json -- --json -- x", "a.py --json", "--json -- x"),
        ("-m pack.age --json --x 1 -m y", "-m pack.age --json", "--x 1 -m y"),
        ("--json -m pack.age a", "--json -m pack.age", "a"),
        ("--module pack.age a", "--module pack.age", "a"),
    ],
)
def test_options_of_the_doctor_stand_before_the_program_or_directly_after_it(typed, ours, theirs):
    assert parted(["doctor", *typed.split()]) == ["doctor", *ours.split(), "--", *theirs.split()]


@pytest.mark.parametrize(
    "typed", ["", "--help", "list-gru-1 --html x.html", "--jsno a.py --json", "-- a.py --json", "--json", "--fail-on"]
)
def test_what_names_no_program_is_left_alone(typed):
    assert parted(["doctor", *typed.split()]) == ["doctor", *typed.split()]
    assert parted(["more", "a.py", "--json"]) == ["more", "a.py", "--json"]


def test_a_script_gets_its_words_and_its_stdout_is_its_own(moreish, echo):
    code, out, err = moreish("doctor", "echo.py", "--epochs", "3", "--lr=0.1")
    assert (code, out.splitlines()[0], err) == (0, "got --epochs 3 --lr=0.1", "said\n")
    code, out, err = moreish("doctor", "--json", "echo.py", "--epochs", "3")
    assert (code, json.loads(out)["findings"], sorted(err.splitlines())) == (0, [], ["got --epochs 3", "said"])
    code, out, err = moreish("doctor", "echo.py", "--json")
    assert (code, json.loads(out)["steps"], "got\n" in err) == (0, 0, True)


def test_a_module_gets_its_words(moreish, echo, monkeypatch):
    monkeypatch.syspath_prepend(echo)
    code, out, _ = moreish("doctor", "-m", "echoing", "--epochs", "3")
    assert (code, out.splitlines()[0]) == (0, "got --epochs 3")
    code, out, err = moreish("doctor", "-m", "not_there", "--epochs", "3")
    assert (code, out, "there is no module not_there that can be run" in err) == (2, "", True)


def test_an_option_that_could_have_been_ours_is_said_to_go_to_the_script(moreish, echo):
    code, out, err = moreish("doctor", "echo.py", "--epochs", "3", "--json")
    assert (code, out.splitlines()[0]) == (0, "got --epochs 3 --json")
    assert "--json goes to the program, because --epochs before it does" in err
    code, out, err = moreish("doctor", "echo.py", "--", "--epochs", "3", "--json")
    assert (code, out.splitlines()[0], err) == (0, "got --epochs 3 --json", "said\n")


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("nowhere/report.html", "there is no folder nowhere"),
        (".", "is a folder: name a file in it, such as report.html"),
        ("list.txt/report.html", "there is no folder list.txt"),
    ],
)
def test_a_page_that_cannot_be_written_is_told_before_anything_runs(moreish, echo, html, says):
    code, out, err = moreish("doctor", "echo.py", "--html", html)
    assert (code, out) == (2, "")
    assert says in err
    assert "said" not in err


def test_a_page_is_written_where_it_was_meant_though_the_script_goes_elsewhere(moreish, echo, folder, tmp_path):
    (folder / "goes.py").write_text(
        "import os, sys, torch\nos.chdir(sys.argv[1])\nnet = torch.nn.Linear(2, 2)\n"
        "torch.optim.SGD(net.parameters(), 0.1)\nnet(torch.ones(8, 2)).sum().backward()"
    )
    code, _, err = moreish("doctor", "goes.py", "--html", "gone.html", tmp_path)
    assert (code, "the pictures are in gone.html" in err) == (0, True)
    assert "</html>" in (folder / "gone.html").read_text(encoding="utf-8")
    os.chdir(folder)
    code, _, err = moreish("doctor", "--html", "nothing.html", "echo.py")
    assert (code, "nothing to draw" in err) == (0, True)
    assert not (folder / "nothing.html").exists()


def test_a_script_may_put_its_own_stream_in_place_of_stdout(moreish, folder):
    (folder / "tee.py").write_text(
        "import sys\nclass Tee:\n    def __init__(self, out): self.out = out\n"
        "    def write(self, text): self.out.write('tee ' + text)\n    def flush(self): pass\n"
        "sys.stdout = Tee(sys.stdout)\nprint('x', end='\\n')"
    )
    stream = sys.stdout
    code, out, _ = moreish("doctor", "tee.py")
    assert (code, out.startswith("tee x")) == (0, True)
    assert "tee No torch" not in out
    assert sys.stdout is stream


def test_of_several_processes_only_the_first_speaks(moreish, echo, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    code, out, err = moreish("doctor", "echo.py", "--html", "other.html", "--fail-on", "sick")
    assert (code, out, err) == (0, "got\n", "said\n")
    assert not (echo / "other.html").exists()
    assert moreish("doctor", "--json", "echo.py")[1] == ""
    monkeypatch.setenv("RANK", "0")
    assert "nothing to watch" in moreish("doctor", "echo.py")[1]


def test_a_script_is_stopped_when_it_is_found_sick(moreish, folder):
    from tests.cli.test_cli import SICK

    (folder / "stopped.py").write_text(SICK)
    code, out, err = moreish("doctor", "--stop-on", "sick", "stopped.py")
    assert (code, "trained" in out, "1 finding (1 steps" in out) == (1, False, True)
    assert err.startswith("moreish: stopped: sick: F38 double-softmax at 3: ")
    code, _, err = moreish("doctor", "--stop-on", "sick", "list-gru-1")
    assert (code, "--stop-on is for scripts" in err) == (2, True)
