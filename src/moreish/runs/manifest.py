"""The manifest: files that are written once, and last of all what sizes and hashes they have.

    folder/
      state.json, ...     any files
      manifest.json       {"format": 1, "files": {name: {"size", "sha256"}}, "sha256": of all the rest}

A folder whose manifest verifies is whole; one flipped byte in any file, the manifest included, is refused by name.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path

from moreish.errors import Damaged, TooNew
from moreish.runs.files import Files, decode, read_bytes, regular_size
from moreish.runs.schema import Entry, Listing, checked

FORMAT = 1
MANIFEST = "manifest.json"


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_sealed(files: Files, folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write every file into `folder`, which exists, sync each, the manifest last, then the folder itself."""
    entries = {name: {"size": len(data), "sha256": sha256(data)} for name, data in contents.items()}
    for name, data in contents.items():
        files.write(folder / name, data)
        files.sync(folder / name)
    files.write(folder / MANIFEST, _manifest_bytes({"format": FORMAT, "files": entries}))
    files.sync(folder / MANIFEST)
    files.sync(folder)


def seal(files: Files, folder: Path, names: Collection[str]) -> str:
    """Sync files that stand in `folder` already, then write the manifest, which is all that was missing; its hash."""
    entries = {}
    for name in sorted(names):
        files.sync(folder / name)
        with open(folder / name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        entries[name] = {"size": regular_size(folder / name), "sha256": found}
    data = _manifest_bytes({"format": FORMAT, "files": entries})
    files.write(folder / MANIFEST, data)
    files.sync(folder / MANIFEST)
    files.sync(folder)
    return sha256(data)


def read_manifest(folder: Path, required: Collection[str], allowed: Collection[str] = ()) -> dict[str, Entry]:
    """The entries of the manifest: every name in `required`, and none beyond those and `allowed`.

    Raises Damaged where the manifest is not byte for byte what was written, TooNew for a later format.
    """
    path = folder / MANIFEST
    data = read_bytes(path)
    value = decode(data, str(path))
    body = {k: v for k, v in value.items() if k != "sha256"} if isinstance(value, dict) else {}
    if not body or data != _manifest_bytes(body):
        raise Damaged(f"{path} is damaged: it does not match its own hash")
    check_format(body.get("format"), path)
    listed = checked(value, Listing, str(path)).files
    if not set(required) <= set(listed) <= {*required, *allowed}:
        raise Damaged(f"{path} is damaged: it does not list the files that belong here")
    return listed


def check_format(value: object, path: Path) -> None:
    """Raises TooNew for the format of a later release, Damaged for something that is no format."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Damaged(f"{path} is damaged: it does not say which format it has")
    if value > FORMAT:
        raise TooNew(
            f"{path} has format {value}, written by a later moreish; this one reads up to {FORMAT}: upgrade moreish"
        )


def verify_size(folder: Path, name: str, entry: Entry) -> None:
    """Raises Damaged where the file is missing or has another size than the manifest says."""
    size = regular_size(folder / name)
    if size != entry.size:
        raise Damaged(f"{folder / name} is damaged: it has {size} bytes instead of {entry.size}")


def verify(folder: Path, name: str, entry: Entry) -> None:
    """Raises Damaged where one byte of the file differs from what the manifest says."""
    verify_size(folder, name, entry)
    try:
        with open(folder / name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Damaged(f"{folder / name} is missing") from None
    except OSError as error:
        raise Damaged(f"{folder / name} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if found != entry.sha256:
        raise Damaged(f"{folder / name} is damaged: its hash is not the one in {MANIFEST}")


def read_verified(folder: Path, name: str, entry: Entry) -> bytes:
    """The contents of a small file, hashed as they were read."""
    verify_size(folder, name, entry)
    data = read_bytes(folder / name)
    if sha256(data) != entry.sha256:
        raise Damaged(f"{folder / name} is damaged: its hash is not the one in {MANIFEST}")
    return data


def _manifest_bytes(body: Mapping[str, object]) -> bytes:
    """The manifest with its own hash, the same bytes for the same body."""
    own = sha256(json.dumps(body, sort_keys=True).encode())
    return (json.dumps({**body, "sha256": own}, sort_keys=True, indent=1) + "\n").encode()
