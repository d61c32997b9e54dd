"""Following the records of a run: from a place, over cuts, and thinned where there are many."""

import json

from hypothesis import given
from hypothesis import strategies as st

from moreish.studio import tail
from moreish.studio.tail import Backlog, Place, Tail, spelled, understood

KEYS = st.sampled_from(["event", "step", "loss", "text"])
RECORD = st.dictionaries(KEYS, st.integers(-(2**60), 2**60) | st.text(max_size=8), max_size=3)


def lines(records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def all_of(reader, limit=tail.CHUNK):
    found = []
    while True:
        read = reader.read(limit)
        found += read.records
        if not read.more:
            return found


@given(st.lists(RECORD, max_size=12), st.integers(1, 40))
def test_what_is_read_in_any_pieces_is_what_was_written(tmp_path_factory, records, pieces):
    path = tmp_path_factory.mktemp("t") / "metrics.jsonl"
    data, reader, found = lines(records), Tail(path), []
    for start in range(0, len(data), pieces):
        path.write_bytes(data[: start + pieces])
        found += all_of(reader)
    assert found == records


@given(st.lists(RECORD, min_size=2, max_size=10), st.data())
def test_a_place_that_is_spelled_and_understood_goes_on_where_it_was(tmp_path_factory, records, data):
    path = tmp_path_factory.mktemp("t") / "metrics.jsonl"
    first = data.draw(st.integers(1, len(records) - 1))
    path.write_bytes(lines(records[:first]))
    reader = Tail(path)
    all_of(reader)
    path.write_bytes(lines(records))
    place = understood(spelled({"naïve, run:1": reader.place}))["naïve, run:1"]
    assert all_of(Tail(path, place)) == records[first:]


def test_a_file_that_was_cut_back_and_grew_again_is_read_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(lines([{"step": k} for k in range(5)]))
    reader = Tail(path)
    assert len(all_of(reader)) == 5
    path.write_bytes(lines([{"step": k} for k in (0, 1, 7, 8, 9)]))  # just as long, and another run
    read = reader.read()
    assert read.reset
    assert [record["step"] for record in read.records] == [0, 1, 7, 8, 9]
    path.write_bytes(b"")
    assert reader.read().reset


def test_what_is_no_record_is_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"a":1}\nnonsense\n[1]\n\xff\xfe\n{"b":2}\n{"half":')
    assert all_of(Tail(path)) == [{"a": 1}, {"b": 2}]
    assert all_of(Tail(tmp_path / "nothing")) == []


@given(st.text(max_size=60))
def test_any_id_of_an_event_is_understood_or_passed_over(text):
    assert all(isinstance(place, Place) for place in understood(text).values())


def test_a_long_run_is_sent_with_few_steps_its_extremes_among_them_and_all_else():
    records = [{"event": "step", "step": k, "loss": -5.0 if k == 777 else float(k % 13)} for k in range(50_000)]
    records[20_000] = {"event": "finding", "step": 20_000}
    backlog = Backlog.empty()
    for start in range(0, len(records), 999):
        backlog.add(records[start : start + 999])
    kept = backlog.records()
    assert len(kept) < 2.1 * tail.MOST_STEPS
    assert {"event": "finding", "step": 20_000} in kept
    assert any(record.get("loss") == -5.0 for record in kept)
    assert kept[-1] == records[-1]
    assert [record["step"] for record in kept] == sorted(record["step"] for record in kept)
