"""Run folders of which something was changed, every hash made right, and what people do with a run."""

import hashlib
import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moreish import api
from moreish.runs import events
from moreish.runs.files import Files
from moreish.runs.manifest import write_sealed
from tests.support.lists import made_items

FILES = ("config.json", "vocab.json", "state.json", "metrics.jsonl")
DEEP = 1500
MOST_EVENTS = 50
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
        rewrite(checkpoints[-1], {name: data})
        return target
    if name == "metrics.jsonl":
        (target / name).write_bytes(data)
        for checkpoint in checkpoints:
            state = json.loads((checkpoint / "state.json").read_bytes())
            state |= {"metrics_offset": len(data), "metrics_sha256": hashlib.sha256(data).hexdigest()}
            rewrite(checkpoint, {"state.json": json.dumps(state).encode()})
        return target
    rewrite(target, {name: data})
    for checkpoint in checkpoints:
        state = json.loads((checkpoint / "state.json").read_bytes())
        state[f"{Path(name).stem}_sha256"] = hashlib.sha256(data).hexdigest()
        rewrite(checkpoint, {"state.json": json.dumps(state).encode()})
    return target


def rewrite(folder: Path, new: dict[str, bytes]) -> None:
    """Put these files in place of its own and seal it again."""
    listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    contents = {name: (folder / name).read_bytes() for name in listed} | new
    for name in (*listed, "manifest.json"):
        (folder / name).unlink()
    write_sealed(Files(), folder, contents)


def part(run: Path, name: str) -> Path:
    """Where such a file lies."""
    return max((run / "checkpoints").glob("step-*")) / name if name == "state.json" else run / name


def plain(run: Path, name: str) -> Any:
    """What it holds; of records a list."""
    data = part(run, name).read_bytes()
    return [json.loads(line) for line in data.splitlines()] if name == "metrics.jsonl" else json.loads(data)


def written(value: object, name: str) -> bytes:
    """The bytes of such a file."""
    if name != "metrics.jsonl":
        return json.dumps(value).encode()
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def uses(folder: Path) -> list[Callable[[], object]]:
    """Whatever people do with a run; a training that has no end is stopped after some events."""
    left = iter(range(MOST_EVENTS))
    return [
        lambda: api.open_run(folder).run.summary(),
        lambda: api.open_run(folder).more(1, seed=0),
        lambda: list(api.open_run(folder).run.events()),
        lambda: api.resume(folder, stop=lambda: next(left, None) is None),
    ]


def use(folder: Path) -> list[str]:
    """Do it; the sentences that they are told."""
    told = []
    for action in uses(folder):
        try:
            action()
        except (ValueError, FloatingPointError) as error:
            told.append(str(error))
    assert all("\n" not in sentence for sentence in told)
    return told
