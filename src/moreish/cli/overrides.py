"""From flags to layers of plain options: the TOML file, then the flags, then `--set`."""

import tomllib
from pathlib import Path
from typing import Any

from moreish.options import parse_assignments

DATA_FLAGS = {"split", "unit", "text", "encoding"}
UNITS = {"s": 1, "m": 60, "h": 3600}


def layers_of(*, config: Path | None = None, set: list[str] | None = None, **flags: Any) -> list[dict[str, Any]]:
    """The layers, each to be laid over the one before. Flags that are None were not given."""
    given = {key: value for key, value in flags.items() if value is not None}
    if "time_budget" in given:
        given["time_budget"] = parse_seconds(given["time_budget"])
    return [
        _toml(config) if config is not None else {},
        {"data": {k: v for k, v in given.items() if k in DATA_FLAGS}},
        {"train": {k: v for k, v in given.items() if k not in DATA_FLAGS}},
        parse_assignments(set or []),
    ]


def parse_seconds(text: str) -> float:
    """`"90"`, `"30s"`, `"10m"`, `"2h"` or `"1.5h"` as seconds. Raises ValueError for anything else."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    try:
        seconds = float(number) * UNITS[unit]
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e9:
        raise ValueError(f'"{text}" is not a length of time: write 30s, 10m or 2h')
    return seconds


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
