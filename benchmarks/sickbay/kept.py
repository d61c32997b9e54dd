"""Outcomes that are kept: one JSON line for each run as it ends, so that a broken-off run loses nothing."""

import base64
import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from moreish.doctor import Finding
from moreish.doctor.judge.finding import Operation

Row = dict[str, Any]


class Kept:
    """The outcomes of one half, in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.rows: dict[str, Row] = {row["key"]: row for row in map(_parsed, lines) if row is not None}

    def add(self, row: Row) -> None:
        """Write one outcome at once."""
        self.rows[row["key"]] = row
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _parsed(line: str) -> Row | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:  # the last line of a run that was broken off
        return None


def pack(losses: Tensor) -> str:
    """Losses of single items as text."""
    return base64.b64encode(losses.float().numpy().tobytes()).decode()


def unpack(text: str) -> Tensor:
    """The losses again."""
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)


def unfolded(findings: Iterable[Finding]) -> list[Row]:
    """Every finding, also those that stand under another, as plain values."""
    rows = []
    for finding in findings:
        plain = dataclasses.asdict(dataclasses.replace(finding, symptoms=(), why=""))
        del plain["symptoms"]
        plain["numbers"] = {k: v if isinstance(v, int | float | str) else str(v) for k, v in plain["numbers"].items()}
        rows += [plain, *unfolded(finding.symptoms)]
    return rows


def restored(rows: Iterable[Row]) -> list[Finding]:
    """The findings again, unfolded."""
    return [
        Finding(
            **{
                **row,
                "layers": tuple(row["layers"]),
                "operation": Operation(**row["operation"]) if row["operation"] else None,
            }
        )
        for row in rows
    ]
