"""The doctor's report on a terminal and elsewhere."""

import io

from rich.console import Console

from moreish.cli import show

REPORT = "1 finding (3 steps).\n\nSICK  F15 not-finite\n  | One NaN spreads.\n  Do: Lower [bold]it\x1b[2J.\n"


def shown(monkeypatch, terminal):
    file = io.StringIO()
    colours = "standard" if terminal else None
    console = Console(
        file=file, force_terminal=terminal, color_system=colours, markup=False, soft_wrap=True, width=80
    )
    monkeypatch.setattr(show, "out", console)
    show.show_report(REPORT)
    return file.getvalue()


def test_elsewhere_than_on_a_terminal_the_report_is_plain(monkeypatch):
    assert shown(monkeypatch, False) == REPORT.replace("\x1b", "\\x1b")


def test_on_a_terminal_what_kind_a_finding_is_has_a_colour_and_nothing_of_its_own_words_is_obeyed(monkeypatch):
    text = shown(monkeypatch, True)
    assert "\x1b[1;31mSICK\x1b[0m  F15 not-finite\n" in text
    assert "\x1b[1;32m  Do:\x1b[0m Lower [bold]it\\x1b[2J.\n" in text
