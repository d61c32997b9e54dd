"""YAML: which files are, by their names and first lines, or by records that have a key in common."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from moreish.data.faults import NotRead
from moreish.data.possessive import re
from moreish.data.yaml_parser import DASH, FENCE, Value, parsed, rows_in
from moreish.data.yaml_texts import DOUBLE, SINGLE

SUFFIXES = (".yaml", ".yml")
MOST_LINES = 1000  # looked at
LEAST_RECORDS = 2
LEAST_OF_ONE_KEY = 3  # records, where each has but one
LEAST_BEFORE_FAULT = 5  # records before a line that cannot be read
RECUR = 0.9  # of the records have the key by which they are records
RECORD = re.compile(rf"\s*-\s+(?:{{\s*)?(?:{DOUBLE}|{SINGLE}|[\w.-][\w. -]*+):(?:\s|$)|\s*-\s*$")
KEY_ALONE = re.compile(r"[\w.-][\w. -]*+:(?:\s.*)?|%.*")
BRACKET = re.compile(r"[\[{].*")  # begins all of a file that is called YAML


@dataclass(frozen=True)
class Yaml:
    """A YAML document or several: all of the file."""


def recognised(text: str, whole: bool, suffix: str) -> Yaml | None:
    """YAML by the name of the file and its first line, or by records that have a key in common."""
    lines = text.split("\n", MOST_LINES)
    cut = not whole or len(lines) > MOST_LINES
    lines = [line.rstrip("\r") for line in (lines[:-1] if cut and len(lines) > 1 else lines)]
    filled = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    named = suffix in SUFFIXES
    ways = (FENCE, DASH, KEY_ALONE, *([BRACKET] if named else []))
    if not filled or not any(each.match(filled[0]) for each in ways):
        return None
    if not named and not any(RECORD.match(line) for line in filled[:30]):
        return None
    try:
        value = parsed(_without_the_last(lines) if cut else lines)
    except NotRead as fault:
        return Yaml() if named or _before(lines, fault.line) else None
    if named:
        return Yaml() if isinstance(value, list | dict) and not mixed(rows_in(with_titles(value))) else None
    rows = rows_in(value)
    return Yaml() if not mixed(rows) and _are_records(rows) else None


def mixed(rows: Sequence[object]) -> int:
    """The first row, from 1, that is a record where the first is none, or the other way round; 0: there is none."""
    kinds = [isinstance(row, dict) for row in rows if row is not None]
    return next((number for number, kind in enumerate(kinds, 1) if kind is not kinds[0]), 0)


def with_titles(value: Value) -> Value:
    """The same with texts for what looks like a key and is a title with a colon, in any of its lists."""
    if isinstance(value, dict):
        return {key: with_titles(entry) for key, entry in value.items()}
    if not isinstance(value, list):
        return value
    texts: list[Value] = [_title(row) if isinstance(row, dict) else row for row in value]
    keys = Counter(key for row in value if isinstance(row, dict) for key in row)
    if len(value) < 2 or not all(isinstance(t, str) for t, row in zip(texts, value, strict=True) if row is not None):
        return value
    return texts if keys and max(keys.values()) < RECUR * len(value) else value


def _title(row: dict[str, Value]) -> str | None:
    """The text that a record of one key with a text is; None for any other."""
    ((key, said), *more) = row.items() if row else [("", None)]
    return f"{key}: {said}" if isinstance(said, str) and not more else None


def _are_records(rows: Sequence[Value]) -> bool:
    """Whether nearly all have a key in common, and most another; or all only the one, as programs call it."""
    records = [row for row in rows if isinstance(row, dict)]
    if len(records) < max(len(rows), LEAST_RECORDS):
        return False
    key, count = Counter(key for row in records for key in row).most_common(1)[0]
    if all(len(row) == 1 for row in records):
        return count == len(records) >= LEAST_OF_ONE_KEY and re.fullmatch(r"[a-z_]\w*", key) is not None
    return count >= RECUR * len(records) and 2 * sum(len(row) > 1 for row in records) > len(records)


def _before(lines: Sequence[str], fault: int) -> bool:
    """Whether what stands before a line that cannot be read is records, and several."""
    try:
        rows = rows_in(parsed(_without_the_last(lines[:fault])))
    except NotRead:
        return False
    return len(rows) >= LEAST_BEFORE_FAULT and _are_records(rows)


def _without_the_last(lines: Sequence[str]) -> list[str]:
    """The lines before the last entry, which may go on."""
    first = next((line for line in lines if DASH.match(line)), "")
    begins = first[: first.find("-") + 1]
    at = [n for n, line in enumerate(lines) if line.startswith(begins) and (first or line[:1].strip())]
    return list(lines[: at[-1]] if at else lines)
