"""The records: appended whole or not at all, read while somebody appends, refused by their place."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.runs.files import Files
from moreish.runs.folder import Damaged, Run, RunError, create
from moreish.runs.records import Records
from tests.support.runs import weights

scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3), max_leaves=8
)
records = st.lists(st.dictionaries(st.text(max_size=8), values, max_size=4), max_size=6)


@pytest.fixture
def run(tmp_path) -> Run:
    return create(tmp_path / "run", {}, [])


def finite(value):
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    return [finite(v) for v in value] if isinstance(value, list) else value


@given(records)
@settings(max_examples=40, deadline=None)
def test_records_come_back_exactly_and_what_is_not_finite_as_null(tmp_path_factory, appended):
    run = create(tmp_path_factory.mktemp("run"), {}, [])
    with run.writing() as writer:
        for record in appended:
            writer.append(record)
    read = list(run.records())
    assert repr(read) == repr([finite(record) for record in appended])  # repr tells 1 from 1.0 and 0.0 from -0.0
    lines = (run.folder / "metrics.jsonl").read_bytes().splitlines()
    assert len(lines) == len(appended)
    for line in lines:
        json.loads(line, parse_constant=pytest.fail)


def test_records_of_one_event(run):
    with run.writing() as writer:
        for record in ({"event": "step", "step": 1}, {"event": "eval", "step": 1}, {"event": "step", "step": 2}):
            writer.append(record)
    assert [record["step"] for record in run.records("step")] == [1, 2]


@pytest.mark.parametrize("half", [b'{"event": "st', b'{"event": "step"}', b"\0\0\0", b"\xff"])
def test_a_half_line_at_the_end_is_left_out_and_cut_by_the_next_writer(run, half):
    with run.writing() as writer:
        writer.append({"step": 1})
    whole = run.metrics_offset()
    with open(run.folder / "metrics.jsonl", "ab") as file:
        file.write(half)
    assert list(run.records()) == [{"step": 1}]
    assert run.metrics_offset() == whole
    with run.writing() as writer:
        writer.append({"step": 2})
    assert list(run.records()) == [{"step": 1}, {"step": 2}]


@pytest.mark.parametrize("length", [0, 1, 2**16 - 13, 2**16 - 12, 2**16 - 11, 2**16, 2**18 + 1])
@pytest.mark.parametrize("half", [0, 1, 2**16 - 1, 2**16])
def test_the_last_record_is_found_from_the_end_as_from_the_start(run, length, half):
    lines = [b'{"step": 1}\n', b'{"text": "' + b"x" * length + b'"}\n']
    for count in range(3):
        (run.folder / "metrics.jsonl").write_bytes(b"".join(lines[:count]) + b"y" * half)
        assert run.metrics_offset() == sum(map(len, lines[:count]))
        assert Records(run.folder / "metrics.jsonl").last() == [{}, *run.records()][-1]


@pytest.mark.parametrize(
    "bad", [b"{", b"[1]", b'{"loss": NaN}', b'{"a": "\xff"}', b"[" * 100_000, b'{"n": ' + b"1" * 5000 + b"}"]
)
def test_a_broken_line_is_refused_by_its_place(run, bad):
    (run.folder / "metrics.jsonl").write_bytes(b'{"step": 1}\n' + bad + b'\n{"step": 3}\n')
    with pytest.raises(Damaged, match=r"metrics\.jsonl, the line at byte 12, is damaged"):
        list(run.records())


def test_a_line_that_never_ends_is_refused(run):
    with open(run.folder / "metrics.jsonl", "wb") as file:
        file.truncate(17 * 2**20)
    with pytest.raises(Damaged, match="line at byte 0 never ends"):
        list(run.records())


def test_a_follower_goes_on_where_it_stopped(run):
    with run.writing() as writer:
        writer.append({"step": 1})
        *_, (offset, _) = run.follow()
        assert list(run.follow(offset)) == []
        writer.append({"step": 2})
        assert [record for _, record in run.follow(offset)] == [{"step": 2}]
        writer.rewind(None)
    with pytest.raises(RunError, match="was cut back before byte 12"):
        list(run.follow(offset))


class Tears(Files):
    """Writes only half of every line while `tearing`."""

    tearing = False

    def append(self, path, data):
        super().append(path, data[: len(data) // 2] if self.tearing else data)
        if self.tearing:
            raise OSError(28, "No space left on device", str(path))


def test_a_record_is_appended_whole_or_not_at_all(tmp_path):
    files = Tears()
    run = create(tmp_path / "run", {}, [], files)
    with run.writing() as writer:
        writer.append({"step": 1})
        files.tearing = True
        with pytest.raises(RunError, match="no space left on device"):
            writer.append({"step": 2, "text": "x" * 100})
        files.tearing = False
        writer.append({"step": 3})
        files.tearing = True
        with pytest.raises(RunError, match="no space left on device"):
            writer.append({"step": 4})
        writer.save(4, weights(4))
    assert list(run.records()) == [{"step": 1}, {"step": 3}]
    assert run.checkpoint().metrics.offset == run.metrics_offset() == (run.folder / "metrics.jsonl").stat().st_size
