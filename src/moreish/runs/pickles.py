"""Pickles: told by what stands in a file, never by unpickling it, which could run any code."""

import io
import pickletools
import zipfile
from pathlib import Path

from moreish.errors import RunError

NAMES = {".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt"}
PROTOCOL, NEWEST = 0x80, 5  # the first byte of a pickle since protocol 2, and the highest that comes after it
LEAST_TEXT = 3  # bytes: a shorter pickle of protocol 0 or 1 holds nothing
MOST_TEXT = 2**20  # bytes of a pickle of protocol 0 or 1, whose every instruction is looked at


def is_pickle(path: Path) -> bool:
    """Whether this is a file that torch.save or pickle wrote; False for what cannot be read."""
    try:
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            head = file.read(MOST_TEXT + 1)
        if _is_safetensors(head, path.stat().st_size):
            return False
        return _of_bytes(head) or (head.startswith(b"PK") and _in_archive(path))
    except OSError:
        return False


def refuse_pickle(path: Path) -> None:
    """Raises RunError, with the way to convert it, for a file that is a pickle, whatever its name."""
    if is_pickle(path):
        raise RunError(_refusal(path, "is a pickle, which can"))


def refuse_pickle_by_name(path: Path) -> None:
    """The same also for one that is only called so: for places where no such file has any business."""
    refuse_pickle(path)
    if path.suffix.lower() in NAMES:
        raise RunError(_refusal(path, "may be a pickle, which can"))


def _refusal(path: Path, what: str) -> str:
    return (
        f"{path} {what} run any code when it is read, so moreish never reads one: where you trust it, torch.load it "
        "yourself and keep its tensors with safetensors.torch.save_file"
    )


def _is_safetensors(head: bytes, size: int) -> bool:
    """Whether it begins with the length of a header and a brace; a length of 1,152 begins like a pickle."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def _of_bytes(head: bytes) -> bool:
    if len(head) > 1 and head[0] == PROTOCOL and 2 <= head[1] <= NEWEST:
        return True
    if not LEAST_TEXT <= len(head) <= MOST_TEXT or not head.endswith(b"."):
        return False
    try:
        read = io.BytesIO(head)
        pickletools.dis(read, out=io.StringIO())  # follows the stack, and runs nothing
    except Exception:  # whatever the bytes make of its readers of numbers and texts
        return False
    return read.tell() == len(head)


def _in_archive(path: Path) -> bool:
    """Whether it is torch.save's archive, whose tensors lie beside a pickle that names them."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())
    except Exception:  # whatever a stranger's bytes make of the reader of archives
        return False
