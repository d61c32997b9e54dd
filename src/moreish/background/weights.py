"""The weights of a background net: read from a file, and made into the rows of one list's symbols."""

import base64
import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
from jaxtyping import Float

from moreish.background.gate import Gate, Parts, blended_from, gates_from_tensors, gates_to_tensors
from moreish.background.symbols import BOUNDARY, feature_rows, is_known
from moreish.wording import said

FORMAT, IN_HALVES = "2", "1"
BUNDLED = Path(__file__).parent / "background.safetensors"
FILE = "background.safetensors"
LARGEST = 64 * 2**20  # bytes of a file that is read
MOST_FEATURES = 100_000
SEEN = "checksums of the items"
TO_COME = "????????"
MATRICES = ("reading", "writing", "weight_ih", "weight_hh", "projection")
VECTORS = ("bias", "bias_hidden")
MOST_NETS = 4
STEPS = 127  # of 8 bits with a sign, on each side of 0
GATES = {str(parts): parts for n in range(MOST_NETS + 1) for m in range(n + 1) for parts in [Parts(n, m)]}
OLDER_GATES = {"1": Parts(0, 0), "2": Parts(1, 0), "3": Parts(1, 1)}


@dataclass(frozen=True)
class SymbolRows:
    """Vectors of the boundary and of the symbols of one list, row 0 being the boundary.

    reading : (V, C) what is read
    writing : (V, C) and bias (V,): logits are `projection @ h` held against them
    """

    reading: Float[np.ndarray, "V C"]
    writing: Float[np.ndarray, "V C"]
    bias: Float[np.ndarray, " V"]


@dataclass(frozen=True)
class NetWeights:
    """One LSTM that reads lists, without the symbols of any.

    reading : (F, C), writing : (F, C), bias : (F,) of the features of symbols
    weight_ih : (4H, C), weight_hh : (4H, H), bias_hidden : (4H,) of the LSTM, gates i, f, g, o
    projection : (C, H)
    """

    reading: Float[np.ndarray, "F C"]
    writing: Float[np.ndarray, "F C"]
    bias: Float[np.ndarray, " F"]
    weight_ih: Float[np.ndarray, "G C"]
    weight_hh: Float[np.ndarray, "G H"]
    bias_hidden: Float[np.ndarray, " G"]
    projection: Float[np.ndarray, "C H"]

    @property
    def n_hidden(self) -> int:
        """H."""
        return self.weight_hh.shape[1]

    def as_stored(self) -> "NetWeights":
        """With every number as the file will hold it."""
        return from_stored(to_stored(self))

    def rows(self, feature_rows: Sequence[Sequence[int]]) -> SymbolRows:
        """The vectors of symbols that have these features."""
        tables = [self.reading, self.writing, self.bias]
        return SymbolRows(*(np.stack([table[[*row]].sum(0) for row in feature_rows]) for table in tables))


@dataclass(frozen=True)
class Background:
    """A background net: one LSTM or several that were trained apart, to be blended.

    features : number of each feature of symbols (see `symbols`), a row of the three tables of every net
    gates : the gates of blends, by what they are made of
    hash : of the file
    """

    features: dict[str, int]
    nets: tuple[NetWeights, ...]
    gates: Mapping[Parts, Gate] = field(default_factory=dict)
    hash: str = ""

    def as_stored(self) -> "Background":
        """With every number as the file will hold it."""
        return replace(self, nets=tuple(net.as_stored() for net in self.nets))

    def knows(self, symbols: Sequence[str], counts: Sequence[int]) -> float:
        """Which share of the occurrences of these symbols is of letters that the net has seen."""
        known = sum(n for symbol, n in zip(symbols, counts, strict=True) if is_known(symbol, self.features))
        return known / max(sum(counts), 1)

    def rows(self, symbols: Sequence[str]) -> tuple[SymbolRows, ...]:
        """The vectors of these symbols, in each of its nets."""
        rows = feature_rows(symbols, self.features)
        return tuple(net.rows(rows) for net in self.nets)


def to_stored(net: NetWeights) -> dict[str, np.ndarray]:
    """Its matrices in 8 bits, each row with what a step is worth; these and the vectors in half precision."""
    stored = {name: getattr(net, name).astype(np.float16) for name in VECTORS}
    for name in MATRICES:
        matrix = getattr(net, name)
        scale = (np.abs(matrix).max(1, initial=0) / STEPS).astype(np.float16)
        steps = np.rint(matrix / np.where(scale, scale, 1)[:, None].astype(np.float32))
        stored |= {name: np.clip(steps, -STEPS, STEPS).astype(np.int8), f"{name} scale": scale}
    return stored


def from_stored(arrays: Mapping[str, np.ndarray]) -> NetWeights:
    """The net that `to_stored` gave, as near as 8 bits are."""
    vectors = {name: arrays[name].astype(np.float32) for name in VECTORS}
    scales = {name: arrays[f"{name} scale"].astype(np.float32)[:, None] for name in MATRICES}
    return NetWeights(**vectors, **{name: arrays[name] * scale for name, scale in scales.items()})


def save(background: Background, path: Path, about: dict[str, object]) -> str:
    """Write the weights in 8 bits, and what is known about them; the hash of the file is returned."""
    from safetensors.numpy import save as to_bytes

    nets = [to_stored(net) for net in background.nets]
    arrays = {f"net{k}/{name}": np.ascontiguousarray(a) for k, net in enumerate(nets) for name, a in net.items()}
    arrays |= gates_to_tensors({str(parts): gate for parts, gate in background.gates.items()})
    names = sorted(background.features, key=background.features.__getitem__)
    metadata = {"format": FORMAT, "about": json.dumps(about), "checksum": TO_COME}
    metadata["features"] = json.dumps(names, ensure_ascii=False)
    content = _in_order(to_bytes(arrays, metadata))
    place = '"checksum":"{}"'.format  # nowhere else, for within a text quotes are escaped
    content = content.replace(place(TO_COME).encode(), place(_checksum(content)).encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
    return _hash(content)


def refuse_unwritable(path: Path) -> None:
    """Raises OSError where `save` could not write to this path, before hours of training; nothing is left behind."""
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()


def load(path: Path = BUNDLED) -> Background:
    """The background net in this file or folder, read once a process as long as nobody writes it anew.

    Raises ValueError with one sentence where there is none, or it is damaged.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        how = said(f"`moreish background FILES --out {path}`", f"moreish.api.background(files, {str(path)!r})")
        raise ValueError(f"there is no background net in {path}: make one with {how}")
    status = file.stat()
    if status.st_size > LARGEST:
        raise ValueError(f"{file} is larger than a background net can be")
    return _read(file, (status.st_ino, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _read(file: Path, version: tuple[int, ...]) -> Background:
    """The net in this version of a file."""
    content = file.read_bytes()
    try:
        found = _unpacked(content)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{file} holds no background net: {error}") from None
    return replace(found, hash=_hash(content))


def about(path: Path = BUNDLED) -> dict[str, object]:
    """What was written down about a background net when it was trained."""
    file = path / FILE if path.is_dir() else path
    _, metadata = _header(file.read_bytes())
    return json.loads(metadata["about"])


def marks_of(items: Iterable[str]) -> str:
    """Checksums of the items that a net is trained on, to be kept in what is written down about it."""
    marks = np.unique(np.array([crc32(item.encode()) for item in items], "<u4"))
    return base64.b64encode(marks.tobytes()).decode()


def share_seen(name: str, items: Sequence[str]) -> float:
    """Which share of the items the net of this name was trained on, as far as it says so: see `marks_of`."""
    if name == "bundled" or not items:
        return 0.0
    try:
        written = about(Path(name))[SEEN]
        seen = np.frombuffer(base64.b64decode(written if isinstance(written, str) else "", validate=True), "<u4")
    except (KeyError, TypeError, ValueError):  # older, or somebody else's
        return 0.0
    return float(np.isin(np.array([crc32(item.encode()) for item in items], "<u4"), seen).mean())


def _unpacked(content: bytes) -> Background:
    """The net in a file, after everything was checked."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        arrays = from_bytes(content)
        _, metadata = _header(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    if metadata.get("checksum", _checksum(content)) != _checksum(content):
        raise ValueError("its numbers are not those that were written")
    older = metadata.get("format") == IN_HALVES
    if not older and metadata.get("format") != FORMAT:
        raise ValueError("its format is unknown")
    called = OLDER_GATES if older else GATES
    taken = {name: arrays.pop(name) for name in [*arrays] if name.startswith("gate")}
    gates = gates_from_tensors(taken, {name: parts.models for name, parts in called.items()})
    names = json.loads(metadata["features"])
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        raise ValueError("its features are no list of names")
    if BOUNDARY not in names or len(names) > MOST_FEATURES:
        raise ValueError("its features lack the boundary, or are too many")
    nets = [_net(arrays, len(names), older=True)] if older else _nets(arrays, len(names))
    return Background(
        {name: i for i, name in enumerate(names)}, tuple(nets), {called[name]: gate for name, gate in gates.items()}
    )


def _nets(arrays: Mapping[str, np.ndarray], features: int) -> list[NetWeights]:
    """The nets that these arrays are, "net0/..." first. Raises ValueError where they are not."""
    apart: dict[str, dict[str, np.ndarray]] = {}
    for path, array in arrays.items():
        net, _, name = path.partition("/")
        apart.setdefault(net, {})[name] = array
    if not 1 <= len(apart) <= MOST_NETS or set(apart) != {f"net{k}" for k in range(len(apart))}:
        raise ValueError("its format is unknown")
    return [_net(apart[f"net{k}"], features) for k in range(len(apart))]


def _net(arrays: Mapping[str, np.ndarray], features: int, *, older: bool = False) -> NetWeights:
    """A net whose arrays have the sizes that they must have. `older`: all are in half precision."""
    scales = () if older else tuple(f"{name} scale" for name in MATRICES)
    if set(arrays) != {*MATRICES, *VECTORS, *scales}:
        raise ValueError("its format is unknown")
    f, (c, h) = features, arrays["projection"].shape if arrays["projection"].ndim == 2 else (0, 0)
    if not c * h:
        raise ValueError('its array "projection" is no matrix')
    shapes = {
        "reading": (f, c), "writing": (f, c), "bias": (f,), "weight_ih": (4 * h, c), "weight_hh": (4 * h, h),
        "bias_hidden": (4 * h,), "projection": (c, h),
    }  # fmt: skip
    shapes |= {name: shapes[name.removesuffix(" scale")][:1] for name in scales}
    for name, shape in shapes.items():
        kind = np.int8 if name in MATRICES and not older else np.float16
        array = arrays[name]
        if array.shape != shape or array.dtype != kind or not np.isfinite(array).all():
            raise ValueError(f'its array "{name}" is not {list(shape)} finite numbers')
    return NetWeights(**{name: a.astype(np.float32) for name, a in arrays.items()}) if older else from_stored(arrays)


def _header(content: bytes) -> tuple[dict[str, object], dict[str, str]]:
    """The header of a safetensors file, and the metadata in it."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict):
        raise ValueError("its metadata are no table of names and texts")
    return header, metadata


def _in_order(content: bytes) -> bytes:
    """The same file with its metadata in alphabetical order: safetensors writes them in any, another every time."""
    header, metadata = _header(content)
    header |= {"__metadata__": dict(sorted(metadata.items()))}
    made = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    made += b" " * (-len(made) % 8)
    return len(made).to_bytes(8, "little") + made + content[8 + int.from_bytes(content[:8], "little") :]


def _checksum(content: bytes) -> str:
    """Of the arrays, in eight digits."""
    return f"{crc32(content[8 + int.from_bytes(content[:8], 'little') :]):08x}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def find(name: str) -> Background:
    """The net that is bundled, or that in a file or folder of this name. Raises ValueError where it cannot answer."""
    found = load() if name == "bundled" else load(Path(name))
    missing = [parts for parts in blended_from(len(found.nets)) if parts not in found.gates]
    if missing:
        raise ValueError(f"the background net in {name} is not whole: it has no gate for {missing[0]} nets")
    return found
