"""What goes aside when a run goes on: the records after the checkpoint with which it does, as a sentence."""

from collections.abc import Iterator
from pathlib import Path

from moreish.errors import Damaged
from moreish.runs.checkpoint import Checkpoint
from moreish.runs.files import decode, os_errors
from moreish.runs.records import DROPPED, RECORD_LIMIT


def goes_aside(records: Path, checkpoint: Checkpoint | None) -> str:
    """What of these records is kept in `dropped.jsonl` instead; "" where none is that told anything."""
    told = damaged = 0
    for line in _lines(records, checkpoint.metrics.offset if checkpoint else 0):
        try:
            record = decode(line, "") if line.endswith(b"\n") else None
        except Damaged:
            record = None
        damaged += not isinstance(record, dict)
        told += isinstance(record, dict) and not _of_its_end(record)
    if not told and not damaged:
        return ""
    found = [f"{told:,} record{'s' * (told != 1)}"] * (told > 0)
    found += [f"{damaged:,} damaged line{'s' * (damaged != 1)}"] * (damaged > 0)
    since = f"after step {checkpoint.step:,}" if checkpoint else "from before any checkpoint"
    again = "from that step on it is trained again" if checkpoint else "it is trained from the beginning"
    are = "are" if told + damaged != 1 else "is"
    return f"{' and '.join(found)} {since} {are} kept in {DROPPED}: {again}"


def _of_its_end(record: dict[str, object]) -> bool:
    """Whether it only says that the run stopped, or stood still."""
    return record.get("event") in ("interrupted", "paused") or record.get("kind") == "stop"


def _lines(path: Path, start: int) -> Iterator[bytes]:
    with os_errors(path, "read"), open(path, "rb") as file:
        file.seek(start)
        while line := file.readline(RECORD_LIMIT):
            yield line
