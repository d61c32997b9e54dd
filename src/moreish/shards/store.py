"""A sharded list on the disk: files of ids, an index, and what size and hash each file has.

    folder/
      train-00000.ids, val-..., test-...   the ids of each split, see `layout`
      known.keys     (items,) of every item the high bits of its hash and its number in the low ones, ascending
      index.json     options, symbols, what was read, and how many items of each length each split has
      manifest.json  sizes and hashes of all these (`runs.manifest`)

A folder without a manifest is not done; `moreish shard` goes on with it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from moreish.errors import Damaged
from moreish.runs import manifest
from moreish.runs.files import decode

INDEX, KNOWN = "index.json", "known.keys"
WORK, PLAN = "work", "plan.json"  # while it is made
Count = Annotated[int, Meta(ge=0, le=2**62)]
Splits = ("train", "val", "test")


class SplitIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many items of each span a split has: [[span, items], ...], spans ascending."""

    groups: list[tuple[Annotated[int, Meta(ge=1, le=2**62)], Annotated[int, Meta(ge=1, le=2**62)]]]


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a list beside its ids.

    shard : the bytes of a file of ids
    told : how its files were read, in sentences
    """

    source: str
    data: dict[str, Any]
    vocab: dict[str, Any]
    items: Count
    unique: Count
    lines: Count
    dropped: dict[str, Count]
    shard: Annotated[int, Meta(ge=8, le=2**40)]
    itemsize: Annotated[int, Meta(ge=1, le=8)]
    splits: dict[str, SplitIndex]
    format: int = 1
    told: Annotated[list[str], Meta(max_length=1000)] = []


def shard_name(split: str, number: int) -> str:
    """The file of these ids."""
    return f"{split}-{number:05d}.ids"


def files_of(index: Index) -> dict[str, int]:
    """Every file of ids that there must be, with its size."""
    sizes = {}
    for split, of in index.splits.items():
        left = sum(span * count for span, count in of.groups) * index.itemsize
        for number in range(-(-left // index.shard)):
            sizes[shard_name(split, number)] = min(index.shard, left - number * index.shard)
    return sizes


def is_sharded(folder: Path) -> bool:
    """Whether somebody made this folder with `moreish shard`, to the end."""
    return (folder / INDEX).is_file() and (folder / manifest.MANIFEST).is_file()


def is_begun(folder: Path) -> bool:
    """Whether somebody began to make this folder with `moreish shard`, and has not come to the end."""
    return (folder / WORK / PLAN).is_file()


def read_index(folder: Path) -> tuple[Index, Mapping[str, manifest.Entry], str]:
    """(index, what the manifest says of each file, hash of it all). Raises Damaged where they do not fit together."""
    data = manifest.read_bytes(folder / manifest.MANIFEST)
    listed = decode(data, str(folder / manifest.MANIFEST))
    names = (
        set(listed.get("files", {})) if isinstance(listed, dict) and isinstance(listed.get("files"), dict) else set()
    )
    entries = manifest.read_manifest(folder, required=(INDEX,), allowed=names)
    plain = decode(manifest.read_verified(folder, INDEX, entries[INDEX]), str(folder / INDEX))
    try:
        index = msgspec.convert(plain, Index)
    except msgspec.ValidationError as error:
        raise Damaged(f"{folder / INDEX} is damaged: {error}") from None
    for split in index.splits.values():
        spans = [span for span, _ in split.groups]
        if spans != sorted(set(spans)):
            raise Damaged(f"{folder / INDEX} is damaged: the lengths of its items do not ascend")
    expected = files_of(index)
    right = set(index.splits) == set(Splits) and index.itemsize in (1, 2, 4, 8)
    if not right or set(entries) - {INDEX, KNOWN} != set(expected):
        raise Damaged(f"{folder / manifest.MANIFEST} is damaged: it does not list the files that belong here")
    for name, entry in entries.items():
        if expected.get(name, entry.size) != entry.size:
            raise Damaged(f"{folder / manifest.MANIFEST} is damaged: {name} has another size than its index says")
        manifest.verify_size(folder, name, entry)
    return index, entries, manifest.sha256(data)


def verify(folder: Path) -> None:
    """Every byte. Raises Damaged, naming the file, where one differs."""
    _, entries, _ = read_index(folder)
    for name, entry in entries.items():
        manifest.verify(folder, name, entry)
