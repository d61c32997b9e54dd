"""Run folders as an attacker would send them: sealed as they should be, wrong inside."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from moreish.runs import manifest
from moreish.runs.files import Files
from moreish.runs.manifest import MANIFEST
from tests.attacks.mutations import nested

ESCAPES = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>[bold red]\u202e\x9b31m"

Attack = Callable[[Path], object]


def seal(folder: Path) -> None:
    """Make the manifest right again, whatever the files hold."""
    names = list(json.loads((folder / MANIFEST).read_bytes())["files"])
    contents = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    for name in (*contents, MANIFEST):
        (folder / name).unlink()
    manifest.write_sealed(Files(), folder, contents)


def last_checkpoint(run: Path) -> Path:
    """The folder of the newest checkpoint."""
    return max((run / "checkpoints").glob("step-*"))


def belonging(run: Path) -> None:
    """Let every checkpoint belong to the config.json and vocab.json that there are now, and seal all."""
    seal(run)
    for folder in (run / "checkpoints").glob("step-*"):
        state = json.loads((folder / "state.json").read_bytes())
        for name in ("config", "vocab"):
            state[f"{name}_sha256"] = manifest.sha256((run / f"{name}.json").read_bytes())
        (folder / "state.json").write_text(json.dumps(state))
        seal(folder)


def in_json(name: str, *path: str | int, to: Any = ...) -> Attack:
    """One value in config.json or vocab.json is another, or gone."""

    def attack(run: Path) -> None:
        value = json.loads((run / name).read_bytes())
        _put(value, path, to)
        (run / name).write_text(json.dumps(value))
        belonging(run)

    return attack


def in_state(*path: str | int, to: Any = ...) -> Attack:
    """One value in the newest state.json is another, or gone."""

    def attack(run: Path) -> None:
        folder = last_checkpoint(run)
        value = json.loads((folder / "state.json").read_bytes())
        _put(value, path, to)
        (folder / "state.json").write_text(json.dumps(value))
        seal(folder)

    return attack


def _put(value: Any, path: tuple[str | int, ...], to: Any) -> None:
    *above, last = path
    for key in above:
        value = value[key]
    if to is ...:
        del value[last]
    else:
        value[last] = to


def in_tensors(name: str, change: Callable[[dict[str, np.ndarray]], object]) -> Attack:
    """Some tensors of the newest checkpoint, or of the list, are others."""

    def attack(run: Path) -> None:
        folder = run if name.startswith("corpus") else last_checkpoint(run)
        tensors = load_file(folder / name)
        change(tensors)
        (folder / name).write_bytes(save(tensors))
        seal(folder)

    return attack


def in_records(line: bytes) -> Attack:
    """A line more of metrics.jsonl."""

    def attack(run: Path) -> None:
        with open(run / "metrics.jsonl", "ab") as file:
            file.write(line)

    return attack


def endless_line(run: Path) -> None:
    """A gigabyte without an end; the disk holds none of it."""
    path = run / "metrics.jsonl"
    os.truncate(path, path.stat().st_size + 2**30)


def deep_folders(run: Path) -> None:
    """Folders in folders, deeper than any path may be long."""
    here = os.getcwd()
    os.chdir(run)
    try:
        for _ in range(1500):
            os.mkdir("deeper")
            os.chdir("deeper")
    finally:
        os.chdir(here)


def replaced(name: str, make: Callable[[Path], object]) -> Attack:
    """Something else stands where a file was."""

    def attack(run: Path) -> None:
        path = run / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)

    return attack


def _double(tensors: dict[str, np.ndarray]) -> None:
    for name in tensors:
        tensors[name] = tensors[name].astype(np.float64)


OPTIONS = ("options", "options")
ATTACKS: dict[str, Attack] = {
    "no options": in_json("config.json", *OPTIONS),
    "options are a list": in_json("config.json", *OPTIONS, to=[1]),
    "options of options are text": in_json("config.json", "options", to="x"),
    "the model is text": in_json("config.json", *OPTIONS, "model", to="mlp"),
    "the model's components are numbers": in_json("config.json", *OPTIONS, "model", "components", to=[1, 2]),
    "another model": in_json("config.json", *OPTIONS, "model", to={"name": "gru"}),
    "a model as large as the world": in_json("config.json", *OPTIONS, "model", "n_hidden", to=10**12),
    "a model that is larger": in_json("config.json", *OPTIONS, "model", "n_hidden", to=65_536),
    "no source": in_json("config.json", "options", "source"),
    "the source is a number": in_json("config.json", "options", "source", "name", to=1),
    "the source moves the cursor": in_json("config.json", "options", "source", "name", to=ESCAPES),
    "the origin is a number": in_json("config.json", "options", "source", "from", to=7),
    "the origin is elsewhere": in_json(
        "config.json", "options", "source", "from", to={"run": "../../etc", "digest": "0" * 64}
    ),
    "the release moves the cursor": in_json("config.json", "options", "moreish", to=ESCAPES),
    "a seed that is text": in_json("config.json", *OPTIONS, "seed", to=ESCAPES),
    "a recipe that moves the cursor": in_json("config.json", *OPTIONS, "recipe", to=ESCAPES),
    "nested options": in_json("config.json", *OPTIONS, "train", "betas", to=nested(900)),
    "a format that is text": in_json("config.json", "format", to="1"),
    "a later format": in_json("config.json", "format", to=99),
    "threads without end": in_json("config.json", *OPTIONS, "train", "threads", to=10**6),
    "the vocabulary is a list": in_json("vocab.json", "vocab", to=["a"]),
    "no symbols": in_json("vocab.json", "vocab", "symbols"),
    "symbols are numbers": in_json("vocab.json", "vocab", "symbols", to=[1, 2, 3]),
    "symbols move the cursor": in_json("vocab.json", "vocab", "symbols", 0, to=ESCAPES),
    "half a symbol": in_json("vocab.json", "vocab", "symbols", 0, to="\ud800"),
    "no unit": in_json("vocab.json", "vocab", "unit", to="furlong"),
    "state: progress is text": in_state("trainer", "members", 0, "numbers", "progress", to="half"),
    "state: progress is true": in_state("trainer", "members", 0, "numbers", "progress", to=True),
    "state: no step": in_state("trainer", "members", 0, "numbers", "step"),
    "state: a step beyond the end": in_state("trainer", "members", 0, "numbers", "step", to=10**8),
    "state: findings of numbers": in_state("trainer", "members", 0, "numbers", "findings", to=[1]),
    "state: pending text": in_state("trainer", "members", 0, "pending", to=["x"]),
    "state: a member more": in_state("trainer", "members", to=[{}]),
    "state: no members": in_state("trainer", "members", to=[]),
    "state: steps are negative": in_state("trainer", "steps", to=-5),
    "state: the model is a number": in_state("trainer", "model", to=5),
    "state: the model is none": in_state("trainer", "model", to={}),
    "state: no trainer": in_state("trainer"),
    "state: no machine": in_state("trainer", "machine"),
    "state: the machine is text": in_state("trainer", "machine", to=ESCAPES),
    "state: another machine": in_state("trainer", "machine", "torch", to=ESCAPES),
    "state: the loss is text": in_state("val_loss", to=ESCAPES),
    "state: the loss is no number": in_state("val_loss", to=1e308),
    "state: another offset": in_state("metrics_offset", to=2**62),
    "optim: doubled": in_tensors("optim.safetensors", _double),
    "optim: one more": in_tensors("optim.safetensors", lambda t: t.update(x=np.zeros(3))),
    "model: empty": in_tensors("model.safetensors", dict.clear),
    "model: doubled": in_tensors("model.safetensors", _double),
    "model: one more": in_tensors("model.safetensors", lambda t: t.update({ESCAPES: np.zeros(3)})),
    "list: empty": in_tensors("corpus.safetensors", dict.clear),
    "list: ids that are none": in_tensors("corpus.safetensors", lambda t: t["ids"].__setitem__(1, 250)),
    "records: a gigabyte without an end": endless_line,
    "records: without keys": in_records(b'{"event": "step"}\n'),
    "records: progress beyond": in_records(
        b'{"event":"step","step":1,"loss":1,"lr":1,"tokens":1,"seconds":1,"progress":7}\n'
    ),
    "records: no object": in_records(b"[1]\n"),
    "records: nested": in_records(b"[" * 10**5 + b"]" * 10**5 + b"\n"),
    "records: escapes": in_records(json.dumps({"event": "samples", "step": 1, "items": [ESCAPES]}).encode() + b"\n"),
    "records: an event of escapes": in_records(json.dumps({"event": ESCAPES}).encode() + b"\n"),
    "records: not UTF-8": in_records(b'{"event": "\xff"}\n'),
    "records: infinite": in_records(b'{"event":"eval","step":1,"val_loss":1e999,"best":true}\n'),
    "records: a digit too many": in_records(b'{"event":"eval","step":' + b"9" * 5000 + b"}\n"),
    "folders in folders": deep_folders,
    "a link": lambda run: (run / "x").symlink_to("/etc/passwd"),
    "records are a pipe": replaced("metrics.jsonl", lambda path: os.mkfifo(path)),
    "records are a folder": replaced("metrics.jsonl", Path.mkdir),
    "the manifest is a folder": replaced(MANIFEST, Path.mkdir),
    "the manifest is nested": replaced(MANIFEST, lambda path: path.write_bytes(b"[" * 10**5)),
    "the lock is a folder": replaced("lock", Path.mkdir),
    "no checkpoints": replaced("checkpoints", lambda path: None),
    "checkpoints are a file": replaced("checkpoints", Path.touch),
    "a pickle": lambda run: (run / "model.pt").write_bytes(b"cos\nsystem\n(S'true'\ntR."),
}
