"""Run folders and lists of somebody who means no good, every hash made right."""

import hashlib
import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moreish import api
from moreish.runs import events
from moreish.runs.files import Files
from moreish.runs.manifest import write_sealed
from tests.support.lists import made_items

WRONG = [
    None, True, -1, 0, 1, 2, 1.5, -1e308, 1e308, 2**63, 10**30, "", "x", "\x1b[2J<script>", "nan", [], [[]], ["x"],
    {}, {"x": 1}, "../../etc/passwd", [1] * 70, 1e-320,
]  # fmt: skip
"""What may stand where something else belongs; JSON knows no number that is not finite."""

DEEP = 1500
OPTIONS = {"model": {"name": "gru", "n_hidden": 4, "n_embd": 3}, "train": {
    "steps": 8, "batch_size": 16, "log_every": 2, "eval_every": 4, "ema": 0.5}}  # fmt: skip


def interrupted(folder: Path, options: dict = OPTIONS, at: int = 4, items: list[str] | None = None) -> Path:
    """A run that was stopped after the evaluation at this step."""

    def stop(event: events.Event) -> None:
        if isinstance(event, events.Eval) and event.step == at:
            signal.raise_signal(signal.SIGINT)

    try:
        api.train(items or made_items(60), options=options, out=folder, watch=stop)
    except api.Interrupted:
        return folder
    raise AssertionError("it was not interrupted")


def places(value: Any, at: tuple = ()) -> Iterator[tuple]:
    """The path of everything in a JSON value."""
    yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*at, key))


def changed(value: Any, at: tuple, new: Any, drop: bool = False) -> Any:
    """A copy with something else at this path, or nothing."""
    if not at:
        return new
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in at[:-1]:
        inner = inner[key]
    if drop:
        del inner[at[-1]]
    else:
        inner[at[-1]] = new
    return copy


def reseal(folder: Path, name: str, data: bytes, target: Path) -> Path:
    """A copy of a run folder with these bytes as `config.json`, `vocab.json`, `metrics.jsonl` or `state.json`."""
    shutil.copytree(folder, target)
    checkpoints = sorted((target / "checkpoints").glob("step-*"))
    if name == "state.json":
        _write(checkpoints[-1], {name: data})
        return target
    if name == "metrics.jsonl":
        (target / name).write_bytes(data)
        for checkpoint in checkpoints:
            state = json.loads((checkpoint / "state.json").read_bytes())
            state |= {"metrics_offset": len(data), "metrics_sha256": hashlib.sha256(data).hexdigest()}
            _write(checkpoint, {"state.json": json.dumps(state).encode()})
        return target
    _write(target, {name: data})
    for checkpoint in checkpoints:
        state = json.loads((checkpoint / "state.json").read_bytes())
        state[f"{Path(name).stem}_sha256"] = hashlib.sha256(data).hexdigest()
        _write(checkpoint, {"state.json": json.dumps(state).encode()})
    return target


def _write(folder: Path, new: dict[str, bytes]) -> None:
    """Put these files in place of its own and seal it again."""
    listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    contents = {name: (folder / name).read_bytes() for name in listed} | new
    for name in (*listed, "manifest.json"):
        (folder / name).unlink()
    write_sealed(Files(), folder, contents)
