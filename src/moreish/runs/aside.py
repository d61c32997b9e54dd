"""What goes aside when a run goes on: the records after the checkpoint with which it does, as a sentence."""

from collections.abc import Iterator
from pathlib import Path

from moreish.errors import Damaged
from moreish.runs.checkpoint import Checkpoint
from moreish.runs.files import decode, os_errors
from moreish.runs.records import DROPPED, RECORD_LIMIT

OF_NO_MATTER = ("interrupted", "paused")  # that it stopped, or stood still, until it goes on


def goes_aside(records: Path, checkpoint: Checkpoint | None) -> str:
    """What of these records is kept in `dropped.jsonl` instead; "" where none is that told anything."""
    told = damaged = 0
    for line in _lines(records, checkpoint.metrics.offset if checkpoint else 0):
        try:
            record = decode(line, "") if line.endswith(b"\n") else None
        except Damaged:
            record = None
        damaged += not isinstance(record, dict)
        told += isinstance(record, dict) and record.get("event") not in OF_NO_MATTER
    if not told and not damaged:
        return ""
    found = [f"{told:,} record{'s' * (told != 1)}"] * (told > 0)
    found += [f"{damaged:,} damaged line{'s' * (damaged != 1)}"] * (damaged > 0)
    since = f"after step {checkpoint.step:,}" if checkpoint else "from before any checkpoint"
    again = "from that step on it is trained again" if checkpoint else "it is trained from the beginning"
    are = "are" if told + damaged != 1 else "is"
    return f"{' and '.join(found)} {since} {are} kept in {DROPPED}: {again}"


def _lines(path: Path, start: int) -> Iterator[bytes]:
    with os_errors(path, "read"), open(path, "rb") as file:
        file.seek(start)
        while line := file.readline(RECORD_LIMIT):
            yield line
