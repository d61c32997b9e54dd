"""The shell, driven by lines as somebody would type them, with a source that is a list."""

import io
import re
import sys
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import moreish
from moreish.cli import shell as shell_module
from moreish.cli.ask import Answering
from moreish.cli.favourites import add_favourites, favourites
from moreish.cli.items import Shown
from moreish.cli.shell import COMMANDS, Request, Shell, command_of, interactive
from moreish.cli.wishes import in_shell
from moreish.errors import Unmet
from moreish.inference import asking
from moreish.inference.naming import renamed

ITEMS = [f"{a}{b}{c}" for a in "kmt" for b in ("a", "ai", "o") for c in ("ra", "lo", "ton")]


class Listed:
    """Items of ITEMS that do as asked; notes what it was asked."""

    def __init__(self):
        self.asked = []

    def ask(self, request):
        self.asked.append(request)
        if request.regex == "(":
            raise ValueError('the regular expression "(" ends too early')
        if request.length:
            raise Unmet("no item has that length")
        chosen = [
            item
            for item in ITEMS
            if item.startswith(request.starts_with)
            and item.endswith(request.ends_with)
            and all(part in item for part in request.contains)
        ]
        return iter([Shown(item, -float(len(item))) for item in chosen])

    def why(self, item):
        return [*((symbol, -1.0) for symbol in item), ("", 0.0)]


@pytest.fixture
def typed(tmp_path, capsys):
    """What the shell shows after each of these lines, what it says beside it, and the source."""

    def run(*lines, file="kept.txt", request=None, plausible=None, source=None):
        source = source or Listed()
        page = io.StringIO()
        console = Console(file=page, width=80, highlight=False, markup=False, emoji=False, soft_wrap=True)
        begun = Shell(source, tmp_path / file, request or Request(count=3), plausible, console)
        shown = []

        def each():
            for line in lines:
                shown.append(page.getvalue())
                page.seek(0)
                page.truncate()
                yield line
            shown.append(page.getvalue())

        begun.run(each())
        return [re.findall(r"^ *(\d+) (\S+)", text, re.MULTILINE) for text in shown], capsys.readouterr().err, source

    return run


def test_an_empty_line_goes_on_and_numbers_go_on_too(typed):
    shown, _, source = typed("", "more 2")
    assert shown == [
        [("1", "kara"), ("2", "kalo"), ("3", "katon")],
        [("4", "kaira"), ("5", "kailo"), ("6", "kaiton")],
        [("7", "kora"), ("8", "kolo")],
    ]
    assert len(source.asked) == 1  # the same items go on


def test_rules_add_up_and_are_taken_back_one_by_one(typed):
    shown, _, source = typed("starts m", "ends with ton", "contains ai", "undo", "undo", "undo")
    wanted = [Request(count=3)]
    wanted.append(Request(count=3, starts_with="m"))
    wanted.append(Request(count=3, starts_with="m", ends_with="ton"))
    wanted.append(Request(count=3, starts_with="m", ends_with="ton", contains=("ai",)))
    assert source.asked == [*wanted, *reversed(wanted[:-1])]
    assert [item for _, item in shown[3]] == ["maiton"]
    assert [item for _, item in shown[6]] == ITEMS[:3]


def test_every_rule_reaches_the_source(typed):
    lines = ("like K_*", "regex [a-k].*", "only a-z", "without xyz", "temperature 0.8", "min-p 0.2", "best", "new 2")
    _, said, source = typed(*lines)
    assert "moreish:" not in said
    last = {"pattern": "K_*", "regex": "[a-k].*", "only": "a-z", "without": "xyz", "temperature": 0.8, "min_p": 0.2}
    assert source.asked[-1] == Request(count=3, new_by=2, best=True, **last)
    assert typed("new", "min-p")[2].asked[-2:] == [Request(count=3, new_by=1)] * 2


def test_a_rule_without_anything_is_given_up_and_reset_gives_up_all(typed):
    _, _, source = typed("starts k", "contains a", "contains r", "temperature 2", "starts", "contains", "reset")
    assert source.asked[-3] == Request(count=3, contains=("a", "r"), temperature=2.0)
    assert source.asked[-2] == Request(count=3, temperature=2.0)
    assert source.asked[-1] == Request(count=3)


def test_quotes_keep_the_spaces_of_what_is_sought(typed):
    _, _, source = typed('starts "k "', 'starts "', "starts ka lo")
    assert [request.starts_with for request in source.asked[1:]] == ["k ", '"', "ka lo"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("regex (", 'the regular expression "(" ends too early'),
        ("length 2", "no item has that length"),
        ("starts zzz", "nothing comes of that; it is taken back"),
        ("frobnicate", '"frobnicate" is no command; help lists what can be said'),
        ("temprature 2", '"temprature" is no command; did you mean "temperature"?'),
        ("temperature hot", '"hot" is not a temperature, such as 0.8'),
        ("min-p 2", '"2" is not a share from 0 to 1, such as 0.1'),
        ("temperature -1", '"-1" is not a temperature'),
        ("temperature nan", '"nan" is not a temperature'),
        ("more 0", "0 at a time? Between 1 and 10,000"),
        ("more 1e3", '"1e3" is not how many, such as 20'),
        ("keep 9", '"9" is none of the numbers before the items, 1 to 3'),
        ("keep 0-2", '"0-2" is none of the numbers'),
        ("keep", "say which, by the numbers"),
        ("why kara", '"kara" is none of the numbers'),
        ("undo", "there is nothing to take back"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_the_shell_goes_on(typed, line, sentence):
    shown, said, source = typed(line, "")
    complaints = [row for row in said.splitlines() if row.startswith("moreish: ")]
    assert len(complaints) == 1
    assert sentence in complaints[0]
    assert [item for _, item in shown[-1]] == ITEMS[3:6]  # what was asked before stands, and goes on
    assert source.asked[0] == Request(count=3)


def test_a_fault_of_the_source_does_not_end_it(typed):
    class Faulty(Listed):
        def why(self, item):
            raise KeyError("oh")

    shown, said, _ = typed("why 1", "", source=Faulty())
    assert "a fault in moreish itself (KeyError: 'oh')" in said
    assert [item for _, item in shown[-1]] == ITEMS[3:6]


def test_what_comes_to_an_end_is_said(typed):
    _, said, _ = typed("starts kara", "")
    assert said.count("no more come of this") == 2


def test_favourites_are_in_the_file_at_once_and_only_once(typed, tmp_path):
    seen = []

    class Looking(Listed):
        def why(self, item):
            seen.append((tmp_path / "kept.txt").read_bytes())
            return []

    _, said, _ = typed("keep 3 1", "why 1", "keep 1", "", "keep 1,4-5", "keep 2-3", source=Looking())
    assert seen == [b"katon\nkara\n"]
    assert favourites(tmp_path / "kept.txt") == ["katon", "kara", "kaira", "kailo", "kalo"]
    assert "there already" in said
    assert "5 favourites in" in said


def test_favourites_join_those_of_an_earlier_time(tmp_path):
    file = tmp_path / "kept.txt"
    file.write_bytes("früher\nohne Ende".encode())
    assert add_favourites(file, ["neu", "früher", "neu"]) == ["neu"]
    assert file.read_bytes().decode() == "früher\nohne Ende\nneu\n"


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1), max_size=4)))
def test_favourites_are_what_was_kept_whatever_it_is(tmp_path_factory, batches):
    file = tmp_path_factory.mktemp("kept") / "kept.txt"
    for batch in batches:
        add_favourites(file, batch)
    assert favourites(file) == list(dict.fromkeys(item for batch in batches for item in batch))


def test_a_file_that_cannot_be_written_or_read_is_a_sentence(typed, tmp_path):
    (tmp_path / "folder").mkdir()
    _, said, _ = typed("keep 1", file="nowhere/kept.txt")
    assert "kept.txt: no such file or directory" in said
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    _, said, _ = typed("keep 1", file="latin.txt")
    assert "latin.txt is not UTF-8" in said
    assert (tmp_path / "latin.txt").read_bytes() == b"caf\xe9\n"


def test_rules_are_told_in_words(typed, capsys):
    source, page = Listed(), io.StringIO()
    console = Console(file=page, width=80, soft_wrap=True)
    Shell(source, shell_module.Path("no.txt"), Request(), None, console).run(
        ["starts k", "contains a", "best", "new 2", "temperature 0.5", "min-p 0.1", "rules"]
    )
    assert page.getvalue().endswith(
        "starts with k\ncontains a\ntemperature 0.5\nmin-p 0.1\nbest first\nat least 2 edits from every known item\n"
    )


def test_why_goes_symbol_by_symbol(tmp_path):
    page = io.StringIO()
    Shell(Listed(), tmp_path / "x", Request(count=1), None, Console(file=page, width=80)).run(["why 1"])
    rows = page.getvalue().splitlines()[1:]
    assert rows[0] == "kara"
    assert [row.split()[:2] for row in rows[1:]] == [[s, "36.79%"] for s in "kara"] + [["end", "100.00%"]]


def test_help_names_every_command_and_each_can_be_typed(tmp_path):
    page = io.StringIO()
    Shell(Listed(), tmp_path / "x", Request(), None, Console(file=page, width=80)).run(["help"])
    for name in COMMANDS:
        assert COMMANDS[name].usage in page.getvalue()
        assert command_of(name) is COMMANDS[name]


@pytest.mark.parametrize("last", ["quit", "exit", "q"])
def test_quit_ends_it_before_what_follows(typed, last):
    _, _, source = typed(last, "starts m")
    assert len(source.asked) == 1


def test_ctrl_c_at_the_prompt_ends_it_gently(tmp_path, capsys):
    def lines():
        yield "keep 1"
        raise KeyboardInterrupt

    Shell(Listed(), tmp_path / "kept.txt", Request(), None, Console(file=io.StringIO())).run(lines())
    assert "1 favourite in" in capsys.readouterr().err


def test_ctrl_c_while_something_is_made_stops_only_that(tmp_path, capsys):
    class Slow(Listed):
        def ask(self, request):
            yield from islice(super().ask(request), 2)
            if request.starts_with:
                raise KeyboardInterrupt

    source, page = Slow(), io.StringIO()
    Shell(source, tmp_path / "x", Request(count=5), None, Console(file=page, width=80)).run(["starts m", "starts t"])
    assert capsys.readouterr().err.count("stopped; Enter goes on") == 2
    assert "tara" in page.getvalue()


def test_piped_commands_are_read_as_utf_8(tmp_path, monkeypatch, capsys):
    class Stdin:
        buffer = io.BytesIO("\ufeffstarts ka\r\ncontains \u00fc\n".encode())

        def isatty(self):
            return False

    source = Listed()
    monkeypatch.setattr(sys, "stdin", Stdin())
    interactive(source, tmp_path / "kept.txt")
    assert [(r.starts_with, r.contains) for r in source.asked] == [("", ()), ("ka", ()), ("ka", ("ü",))]
    assert "kara" in capsys.readouterr().out


def test_what_is_said_of_flags_is_said_of_commands():
    said = (
        'leave --starts-with "bri \\"x", --min-p 0.5 or --new-by 2 out; --pattern Ka__; a smaller --min-p; --top-k 5'
    )
    assert renamed(said, in_shell) == (
        'leave starts bri "x, min-p 0.5 or new 2 out; like Ka__; a smaller min-p; --top-k 5'
    )


def test_min_p_of_the_command_line_stands_until_it_is_changed(tmp_path):
    source = moreish.listen(["anna", "hanna", "nana"])
    asked = []
    answering = Answering(source, asking.Request.of(min_p=0.5), 1)
    for request in (Request(count=3, min_p=0.5), Request(count=3)):
        asked.append([item.text for item in islice(answering.ask(request), 3)])
    assert len(asked[0]) <= len(asked[1]) == 3
    assert asked[0] != asked[1]
