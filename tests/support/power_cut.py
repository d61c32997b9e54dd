"""A file system with a cache, and what a power cut leaves of it."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class File:
    now: bytes = b""
    safe: bytes = b""


@dataclass
class Directory:
    now: dict[str, "File | Directory"] = field(default_factory=dict)
    safe: dict[str, "File | Directory"] = field(default_factory=dict)


class Machine:
    """A file system with a cache: `now` is what the process sees, `safe` what a power cut leaves for certain.

    What was changed and not synced may be there, gone or torn, each name and each file for itself.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = Directory()

    def play(self, operation: str, path: Path, *rest) -> None:
        if path == self.root:
            self.top.safe = dict(self.top.now)
            return
        parent, name = self.at(path.parent), path.name
        if operation == "mkdir":
            parent.now[name] = Directory()
        elif operation == "write":
            parent.now[name] = File(now=rest[0])
        elif operation == "append":
            parent.now[name].now += rest[0]
        elif operation == "truncate":
            parent.now[name].now = parent.now[name].now[: rest[0]]
        elif operation == "sync":
            node = parent.now[name]
            node.safe = dict(node.now) if isinstance(node, Directory) else node.now
        elif operation == "rename":
            self.at(rest[0].parent).now[rest[0].name] = parent.now.pop(name)
        elif operation in ("remove", "rmdir"):
            del parent.now[name]
        else:
            raise AssertionError(operation)

    def at(self, path: Path) -> Any:
        node: Any = self.top
        for part in path.relative_to(self.root).parts:
            node = node.now[part]
        return node

    def cut_power(self, target: Path, rng: random.Random) -> None:
        """Write what is left to the real folder `target`."""
        self.restore(self.top, target, rng)

    def restore(self, node: "File | Directory", target: Path, rng: random.Random) -> None:
        if isinstance(node, File):
            target.write_bytes(torn(node, rng))
            return
        target.mkdir()
        for name in sorted(node.now.keys() | node.safe.keys()):
            left = rng.choice([node.now.get(name), node.safe.get(name)])
            if left is not None:
                self.restore(left, target / name, rng)


def torn(file: File, rng: random.Random) -> bytes:
    """What was synced and not changed since is there; of the rest, any part of either, or zeros."""
    shorter = min(len(file.now), len(file.safe))
    kept = next((i for i in range(shorter) if file.now[i] != file.safe[i]), shorter)
    new, old = file.now[kept:], file.safe[kept:]
    part = new[: rng.randrange(len(new) + 1)]
    return file.now[:kept] + rng.choice([new, old, part, part + old[len(part) :], bytes(len(new))])
