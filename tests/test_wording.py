"""What an option is called: a flag in a terminal, an argument in Python; and that no sentence has the wrong one."""

import ast
import re
import shlex
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.cli.app import run
from moreish.wording import called, in_a_terminal

SRC = Path(moreish.__file__).parent


@given(
    st.from_regex(r"[a-z]{1,8}(_[a-z]{1,8})?", fullmatch=True), st.text(max_size=12) | st.integers() | st.booleans()
)
def test_what_is_said_in_python_is_an_argument_with_that_value(name: str, value: str | int):
    call = ast.parse(
        f"f({called(name, value)})" if name not in {"is", "if", "in", "or", "as"} else "f(x=1)", mode="eval"
    )
    assert isinstance(call.body, ast.Call)
    if name in {"is", "if", "in", "or", "as"}:
        return
    assert call.body.keywords[0].arg == name
    said = ast.literal_eval(call.body.keywords[0].value)
    assert (said, type(said)) == (value, type(value))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\\`$!"), min_size=1))
def test_what_is_said_in_a_terminal_is_one_flag_and_its_value(value: str):
    with in_a_terminal():
        said = called("starts_with", value)
    assert shlex.split(said) == ["--starts-with", value]


def test_options_with_a_section_are_set_and_switches_have_no_value():
    with in_a_terminal():
        assert called("data.recognise", False) == "--set data.recognise=false"
        assert called("data.max_length", 100) == "--set data.max_length=100"
        assert called("new_only", True) == "--new-only"
        assert called("by") == "--by"
    assert called("data.recognise", False) == "recognise=False"
    assert called("by") == "by"


def test_the_words_are_those_of_python_again_behind_a_command_and_in_other_threads(capsys):
    assert run(["more", "names", "-n", "1"]) == 0
    assert called("by") == "by"
    found: list[str] = []
    with in_a_terminal():
        other = threading.Thread(target=lambda: found.append(called("by")))
        other.start()
        other.join()
    assert found == ["by"]


BAD = {
    "bytes of Latin-1": (b"caf\xe9\nth\xe9\n", 'encoding="latin-1"', "--encoding latin-1"),
    "an open quote": (b'name,count\n"ann,1\nbob,2\ncleo,3\n', "recognise=False", "--set data.recognise=false"),
    "too long a line": (b"a" * 20_000 + b"\n", "max_length=", "--set data.max_length="),
}


@pytest.mark.parametrize("case", BAD)
def test_a_list_that_cannot_be_read_says_what_to_do_in_the_words_of_where_it_is_read(case, tmp_path, capsys):
    content, in_python, flag = BAD[case]
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(in_python)) as refused:
        moreish.read(path)
    assert "--" not in str(refused.value)
    assert run(["more", str(path)]) == 2
    assert flag in capsys.readouterr().err


COMMANDS = re.compile(r"moreish [a-z-]+ [^\n]*?--|torchrun|--max-restarts|tensorboard")
SPOKEN = ("api", "background", "data", "fitting", "inference", "recipes", "shards", "training", "export")
DEFINED = {"inference/naming.py", "data/recognising.py"}


def test_no_sentence_of_the_library_names_a_flag_but_in_a_whole_command():
    wrong = []
    for path in sorted(path for part in SPOKEN for path in (SRC / part).rglob("*.py")):
        if path.relative_to(SRC).as_posix() in DEFINED:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        either = {part for node in ast.walk(tree) if _says_either(node) for part in ast.walk(node)}
        for node in set(ast.walk(tree)) - either:
            raised = isinstance(node, ast.Constant) and isinstance(node.value, str)
            said = raised and re.search(r"(^|[\s(])--[a-z][a-z-]+", node.value) and not COMMANDS.search(node.value)
            if said and not _is_docstring(path, node):
                wrong.append(f"{path.relative_to(SRC)}:{node.lineno}: {node.value!r}")
    assert not wrong


def _is_docstring(path: Path, node: ast.Constant) -> bool:
    line = path.read_text(encoding="utf-8").splitlines()[node.lineno - 1].lstrip()
    return line.startswith(('"""', 'r"""'))


def _says_either(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said"
