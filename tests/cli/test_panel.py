"""The live view: what it says of a training whose events are real, on terminals of any width."""

import re
from io import StringIO
from itertools import pairwise

import pytest
from rich.console import Console

from moreish.cli.panel import NEARLY, Panel, ReflowingLive, duration
from moreish.data import from_items
from moreish.fitting.fit import Fitting
from moreish.recipes import Overrides, resolve
from moreish.runs import events
from tests.support.lists import made_items

COMPONENTS = [{"name": "ngram"}, *({"name": "gru", "n_hidden": 6, "n_embd": 4, "seed": i} for i in range(3))]
TRAIN = {"steps": 12, "batch_size": 64, "log_every": 3, "eval_every": 6, "processes": 1}
BASELINES = events.Baselines(3.3, 2.9, 2.5, 2.2)


class Clock:
    """A clock that goes on by a second whenever it is asked."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def fitting() -> Fitting:
    config = resolve(None, Overrides({"model": {"name": "mixture", "components": COMPONENTS}, "train": TRAIN}))
    return Fitting(from_items(made_items(200)), config)


def text(panel: Panel, width: int = 120) -> str:
    page = StringIO()
    Console(width=width, file=page).print(panel)
    return page.getvalue()


def step(progress: float) -> events.Step:
    return events.Step(1, 2.0, 0.1, 1, 0.1, progress)


def test_progress_is_that_of_all_networks_and_never_falls():
    panel, seen = Panel(), []
    for event in fitting().fit():
        panel.feed(event)
        seen.append(panel.progress)
    assert all(a <= b for a, b in pairwise(seen))
    assert any(0.3 < p < 0.7 for p in seen)


def test_it_stands_at_a_hundred_per_cent_only_when_nothing_is_left_to_do():
    panel = Panel()
    for event in fitting().fit():
        panel.feed(event)
        assert panel.progress <= NEARLY
    assert panel.doing == "saving"
    panel.feed(events.Done("r", 36, 2.0))
    assert panel.progress == 1.0


def test_a_resumed_training_begins_where_it_was():
    whole = list(fitting().fit())
    second = next(e for e in whole if isinstance(e, events.Network) and e.number == 2)
    panel = Panel()
    panel.feed(second)
    assert panel.progress == 1 / 3


def test_it_says_which_network_trains_and_what_the_mixture_came_to():
    panel, pages = Panel(), []
    for event in fitting().fit():
        panel.feed(event)
        pages.append(text(panel))
    assert any("network 2 of 3: gru" in page for page in pages)
    assert panel.mixed is not None
    assert "4 models mixed" in pages[-1]
    assert f"{panel.mixed[1]:.3f}" in pages[-1]


def test_the_time_left_follows_from_the_pace_so_far():
    panel = Panel(Clock())
    panel.feed(events.Network(1, 2, "gru", 10, 1, 0))
    assert panel.seconds_left is None
    panel.feed(step(0.5))  # half of the first of two: three times as much is left as is over
    began, asked = 1.0, 2.0
    assert panel.seconds_left == pytest.approx((asked - began) * 1.5 / 0.5)
    assert "s left" in text(panel)


def test_a_resumed_training_counts_only_what_is_left():
    panel = Panel(Clock())
    panel.feed(events.Network(2, 2, "gru", 10, 1, 0, component=1))
    panel.feed(events.Step(1, 2.0, 0.1, 1, 0.1, 0.5, component=1))
    assert panel.seconds_left == pytest.approx(1.0)


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (89.0, "89 s"), (120.0, "2 min"), (7200.0, "2 h")])
def test_a_duration_is_no_more_exact_than_a_forecast(seconds, words):
    assert duration(seconds) == words


def test_the_marks_have_a_legend():
    panel = Panel()
    panel.feed(BASELINES)
    panel.feed(step(0.1))
    page = text(panel)
    assert "✓ uniform 3.30" in page
    assert "(✓: beaten)" in text(panel, 80)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_ever_wrapped(width):
    panel = Panel()
    for event in (
        BASELINES,
        events.Network(1, 1, "gru", 113_083, 1, 0),
        step(0.3),
        events.Samples(1, ["x" * 70] * 6),
    ):
        panel.feed(event)
    lines = text(panel, width).splitlines()
    assert len(lines) == len(panel.lines())
    assert all(len(line) <= width for line in lines)


def test_on_a_terminal_that_became_narrower_the_rows_that_its_lines_take_now_are_overwritten():
    panel, page = Panel(), StringIO()
    for event in (BASELINES, step(0.3)):
        panel.feed(event)
    console = Console(file=page, force_terminal=True, width=100, height=40)
    live = ReflowingLive(panel, console=console, auto_refresh=False)
    with live:
        live.refresh()
        page.truncate(0)
        wide = [line.cell_len for line in panel.lines()]
        console.width = 30
        live.refresh()
        rows = sum(-(-cells // 30) for cells in wide)
        assert rows > len(wide)
        assert len(re.findall(r"\x1b\[1A", page.getvalue())) == rows - 1


def test_findings_of_a_stranger_cannot_move_the_cursor(capsys):
    fields = events.FindingFields("F05\x1b[2J", "sick", "net\x1b[H", 1, "stuck\x07", "")
    Panel().feed(events.Finding(1, fields))
    assert "\x1b[2J" not in capsys.readouterr().err
