"""The events of a run: what is written comes back, and nothing wrong is taken for an event."""

import contextlib
import json
import math
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.errors import Damaged
from moreish.runs import events
from moreish.runs.folder import create

PAGE = Path(__file__).parents[2] / "docs" / "design.md"
FIELDS = events.FindingFields("F05", "sick", "net.1", 3, "Most units are stuck.", "Scale the weights.", "stuck-units")
LAYER = events.LayerHistograms("net.1", "Tanh")
EXAMPLES = [
    events.Baselines(3.3, 2.9, 2.5, 2.2),
    events.Counted(4, 2.1, 0.03),
    events.Read(0.4, component=1),
    events.Network(1, 2, "gru", 1234, 1, 0, component=1),
    events.Step(10, 2.5, 1e-3, 320, 0.4, 0.25, component=1),
    events.Eval(20, 2.4, True, component=1),
    events.Samples(20, ["emma", "[bold]x\x1b[0m"]),
    events.Finding(3, FIELDS, component=1),
    events.Quantities(3, 2, {"net.1/saturated": 0.98, "net.1/std": None}, component=1),
    events.Histograms(9, 8, [LAYER], component=1),
    events.Intervention(9, 8, "break", "broken: \x1b[31m", "init-scale", {"severity": 5.0}, component=1, lr=0.003),
    events.Paused(9, True, component=1),
    events.Saved(9, component=1),
    events.Doctor(40, [FIELDS], ["one module was not seen"], 40, 7, 0.01, component=1),
    events.Died("the process that trains the gru was killed by signal 9", 30, component=1),
    events.Mixed([0.3, 0.7], 2.05, 40, 1.5),
    events.CrossValidated("tuned", 2.05, 0.03, 0.95, 60, 480, {"counted": 2.7, "tuned": 2.05}, 40),
    events.Fitted(40, None),
    events.Interrupted(30),
    events.Done("names-quick-1", 40, 2.05),
]
WRONG = [None, -1, 1.5, "x", [], {}, True, float("nan"), 10**400]


def test_every_event_has_an_example():
    assert [type(example) for example in EXAMPLES] == list(events.EVENTS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda e: type(e).__name__)
def test_what_is_written_comes_back(event):
    line = json.dumps(events.to_record(event), allow_nan=False)
    assert json.loads(line)["event"] == type(event).__name__.lower()
    assert events.from_record(json.loads(line)) == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda e: type(e).__name__)
def test_a_missing_field_is_damage_unless_it_has_a_default(event):
    whole = events.to_record(event)
    for field in msgspec.structs.fields(event):
        record = {k: v for k, v in whole.items() if k != field.name}
        if field.required:
            with pytest.raises(Damaged, match=field.name):
                events.from_record(record)
        else:
            assert events.from_record(record) is not None


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_field_of_the_wrong_type_or_range_is_damage_or_harmless(event, data):
    record = events.to_record(event)
    name = data.draw(st.sampled_from([field.name for field in msgspec.structs.fields(event)]))
    record[name] = data.draw(st.sampled_from(WRONG))
    with contextlib.suppress(Damaged):
        read = events.from_record(record)
        assert read is not None
        assert events.from_record(json.loads(json.dumps(events.to_record(read), allow_nan=False))) is not None


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"step": -1}, "step"),
        ({"progress": -1e308}, "progress"),
        ({"progress": 1.1}, "progress"),
        ({"seconds": -0.1}, "seconds"),
        ({"tokens": 1.5}, "tokens"),
        ({"loss": "2.5"}, "loss"),
        ({"component": True}, "component"),
    ],
)
def test_the_field_that_is_wrong_is_named(record, field):
    with pytest.raises(Damaged, match=rf'the event "step" is damaged: .* in {field}$'):
        events.from_record(events.to_record(EXAMPLES[4]) | record)


def test_an_event_of_a_later_release_is_passed_over_and_so_is_a_new_field():
    record = events.to_record(EXAMPLES[5])
    assert events.from_record(record | {"event": "divined"}) is None
    assert events.from_record(record | {"mood": "good"}) == EXAMPLES[5]
    assert list(events.read([{"no": "event"}, record])) == [EXAMPLES[5]]


def test_a_number_that_is_not_finite_is_null_in_the_file():
    event = events.Step(1, math.nan, math.inf, 3, 0.1, 0.0)
    assert events.to_record(event) == events.to_record(msgspec.structs.replace(event, loss=None, lr=None))


def test_a_run_gives_its_events_typed(tmp_path):
    run = create(tmp_path / "run", {}, [])
    with run.writing() as writer:
        for event in EXAMPLES:
            writer.append(events.to_record(event))
    assert list(run.events()) == EXAMPLES
    assert list(events.of_kind(run.events(), events.Done)) == EXAMPLES[-1:]


def test_the_page_on_the_design_lists_every_event_with_its_fields():
    page = PAGE.read_text(encoding="utf-8")
    for kind in events.EVENTS:
        row = re.search(rf"^\| `{kind.__name__.lower()}` \| (.*?) \|", page, re.M)
        assert row, f"{kind.__name__.lower()} has no row"
        assert re.findall(r"`(\w+)`", row[1]) == [field.name for field in msgspec.structs.fields(kind)]


@pytest.mark.parametrize("name", [["step"], {"step": 1}, 3, True])
def test_an_event_that_is_no_name_is_damage_with_its_place(tmp_path, name):
    run = create(tmp_path / "run", {}, [])
    with run.writing() as writer:
        writer.append({"event": name})
    with pytest.raises(Damaged, match=r"metrics\.jsonl, the line that ends at byte \d+: a record is damaged"):
        list(run.events())
