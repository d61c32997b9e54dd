"""The page for learners shows what the commands really print."""

import re
from pathlib import Path

import pytest

from moreish.scalar import to_svg
from moreish.scalar.demo import main
from moreish.scalar.draw import short
from moreish.scalar.examples import neuron

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "scalar.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"```console\n\$ python -m moreish.scalar (.*)\n([^`]*)```", PAGE)
PYTHON = re.findall(r"```python\n([^`]*)```", PAGE)


def test_the_trace_on_the_page_is_the_trace(capsys):
    [(command, shown)] = [(command, shown) for command, shown in CONSOLE if "--trace" in command]
    main(command.split())
    assert capsys.readouterr().out == shown


def test_the_first_lines_of_python_print_what_they_say(capsys):
    exec(PYTHON[0], {})
    said = re.search(r"print\(.*# (.*)", PYTHON[0])
    assert said
    assert capsys.readouterr().out.strip() == said.group(1)


def test_the_neuron_on_the_page_is_drawn_by_this_code():
    o = neuron()
    o.backward()
    assert (DOCS / "img" / "neuron.svg").read_text(encoding="utf-8") == to_svg(o)


@pytest.mark.parametrize("words", [[], ["neuron"]])
def test_the_figures_on_the_page_are_printed(words, capsys):
    main(words)
    for line in capsys.readouterr().out.splitlines():
        name, number = line.split(" = ")
        if name != "do/db":
            assert re.search(rf"{re.escape(name)} {short(float(number))}\b", PAGE), line
