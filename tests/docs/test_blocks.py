"""Every block of the docs is executed, in one process: Python with what it prints, commands with how they end.

The blocks of a page share their names and a folder. What follows a block as ```text is what it prints; fractions may
differ in their last digits, as between processors. `<!-- elsewhere: why -->` before a block says who runs it instead.
"""

import contextlib
import io
import re
import shlex
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from moreish.cli import run
from moreish.cli.app import app
from moreish.cli.passing import parted
from tests.support.docs import SETUPS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OWN = {"scalar.md": "tests/scalar/test_page.py", "backprop.md": "tests/backprop/test_page.py"}
BLOCK = re.compile(
    r"(?P<mark><!-- elsewhere: [^\n]* -->\n)?```(?P<language>python|console)\n(?P<code>.*?)```\n"
    r"(?:```text\n(?P<printed>.*?)```\n)?",
    flags=re.S,
)
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


class Block(NamedTuple):
    """One block of a page."""

    language: str
    code: str
    printed: str | None
    elsewhere: bool


def blocks(page: Path) -> list[Block]:
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(m["language"], m["code"], m["printed"], bool(m["mark"])) for m in found]


def alike(found: str, said: str) -> bool:
    """The same text, its fractions within a fiftieth of one another."""
    if NUMBER.sub("#", found) != NUMBER.sub("#", said):
        return False
    pairs = zip(map(float, NUMBER.findall(found)), map(float, NUMBER.findall(said)), strict=True)
    return all(abs(a - b) <= 0.02 * max(abs(a), abs(b)) + 1e-6 for a, b in pairs)


def run_command(line: str, printed: str) -> None:
    words = shlex.split(line)
    if words[0] != "moreish":
        return
    words = words[1:]
    trains = words[0] in ("train",) or words[0].endswith((".txt", ".csv"))
    if trains and not {"--steps", "--time-budget", "--help", "ngram"} & set(words):
        words += ["--time-budget", "1s"]
    refused = any(said.startswith("moreish: ") for said in printed.splitlines())
    code = run(words)
    assert (code != 0) == refused, f"{line}: exit code {code}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_blocks_of_a_page_run_and_print_what_they_say(page, tmp_path, monkeypatch):
    if page.name in OWN:
        assert (ROOT / OWN[page.name]).exists()
        return
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOREISH_DATA", str(tmp_path / "nothing"))
    names: dict[str, object] = {"__name__": "docs"}
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("default")
        exec(SETUPS.get(page.name, ""), names)
        for block in blocks(page):
            if block.elsewhere:
                continue
            if block.language == "python":
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    exec(compile(block.code, page.name, "exec"), names)
                assert block.printed is None or alike(out.getvalue(), block.printed), out.getvalue()
                continue
            parts = re.split(r"^\$ (.*)\n", block.code, flags=re.M)[1:]
            for line, printed in zip(parts[::2], parts[1::2], strict=True):
                run_command(line, printed)


COMMAND = re.compile(r"^(?:\$ )?((?:moreish|torchrun) .*)$", flags=re.M)


def commands_in(text: str) -> list[list[str]]:
    """The words of every command that stands in a block of any language, a line that goes on put together."""
    blocks = re.findall(r"```(?:text|sh|console)\n(.*?)```", text, flags=re.S)
    lines = [line for block in blocks for line in COMMAND.findall(block.replace("\\\n", " "))]
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_no_command_of_a_page_has_an_option_that_there_is_not(page):
    """Those that are not executed, as a server or several processes, are read by the parsers that would read them."""
    from torch.distributed.run import parse_args

    for words in commands_in(page.read_text(encoding="utf-8")):
        if words[0] == "torchrun":
            given = parse_args(words[1:])
            if not given.module:
                assert (ROOT / given.training_script).exists(), words
                continue
            words = [given.training_script, *given.training_script_args]
        arguments = parted(words[1:])
        if arguments[:1] not in (["--help"], ["--version"]):
            app.parse_args(arguments, exit_on_error=False, print_error=False)


LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.M)
            slugs = {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}
            assert anchor in slugs, link


def test_every_page_is_in_the_table_of_contents():
    listed = set(re.findall(r"^([\w/]+)$", (DOCS / "index.md").read_text(encoding="utf-8"), flags=re.M))
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES} - {"index"}
    assert listed == pages


def test_twenty_questions_are_answered_by_something_that_runs():
    text = (DOCS / "questions.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.M)[1:]
    assert len(sections) >= 20
    for section in sections:
        assert "```python" in section, section.splitlines()[0]
        assert "```text" in section, section.splitlines()[0]
