"""The stored form of a blend: arrays for safetensors and plain values; a run opens without the background net.

counts/...   the n-gram, shape/...  that of the classes, both as `ngram.to_tensors` gives them
net0/..., net1/...   cells and memories of the nets in half and single precision
class_of, frequency, end_odds, gate<models>/...
outline/...   the tree of the outlines, where the blend keeps to them
template      what all items have at each place, where they do alike; "ending" is described: its ids, and from how
              many of them on it is sure
last, closing   the endings
"""

from collections.abc import Mapping

import numpy as np

from moreish import ngram
from moreish.background.blend import Blend, Ensemble
from moreish.background.endings import Endings
from moreish.background.gate import gates_from_tensors, gates_to_tensors
from moreish.background.lengths import Lengths, Timing
from moreish.background.marks import Marks
from moreish.background.outline import Outline
from moreish.background.reader import Cell, ListReader, Memory
from moreish.background.shape import LONGEST, ListShape, ShapeModel
from moreish.background.template import MOST_ENDING, MOST_PLACES, Template

CELL = ("input", "recurrent", "output", "bias")
MOST_NETS = 8

Tensors = Mapping[str, np.ndarray]


def to_tensors(blend: Blend) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """(arrays, description); nothing is lost, the cells' numbers are ones that half precision holds."""
    ensemble = blend.ensemble
    shape = ensemble.shape
    arrays = {"class_of": shape.classes.class_of, "frequency": shape.frequency, "end_odds": shape.end_odds}
    described: dict[str, object] = {"symbols": shape.symbols, "temperature": blend.temperature}
    for name, model in (("counts", ensemble.counts), ("shape", shape.classes.model)):
        own, described[name] = ngram.to_tensors(model)
        arrays |= _prefixed(name, own)
    for k, model in enumerate(ensemble.models[1:]):
        assert isinstance(model, ListReader)
        arrays |= _prefixed(f"net{k}", reader_to_tensors(model))
    if blend.template is not None:
        arrays["template"] = blend.template.allowed.astype(np.uint8)
        described["ending"] = [*blend.template.ending, blend.template.sure]
    if blend.marks is not None:
        described["marks"] = [
            list(map(list, blend.marks.counts)),
            list(map(list, blend.marks.pairs)),
            list(blend.marks.even),
        ]
    if blend.outline is not None:
        outline = {name: getattr(blend.outline, name) for name in ("following", "straying")}
        arrays |= _prefixed("outline", outline | {"leaving": blend.outline.leaving.astype(np.uint8)})
        described |= {"strictness": blend.strictness, "firm": blend.firm}
    if shape.lengths is not None and shape.endings is not None:
        arrays |= {"last": shape.endings.last.astype(np.uint8), "closing": shape.endings.closing.astype(np.uint8)}
        described |= {"lengths": list(shape.lengths), "timing": list(blend.timing)}
    return arrays | gates_to_tensors({str(blend.gate.models): blend.gate}), described


def reader_to_tensors(reader: ListReader) -> dict[str, np.ndarray]:
    """The cell and what it remembers of the list."""
    cell = {name: getattr(reader.cell, name).astype(np.float16) for name in CELL}
    return cell | {"h": reader.begin.h, "c": reader.begin.c}


def from_tensors(tensors: Tensors, described: Mapping[str, object], vocab_size: int) -> Blend:
    """The blend that `to_tensors` took apart. Raises ValueError, naming what is wrong, for anything else."""
    counts = _ngram(tensors, described, "counts", vocab_size)
    nets = [
        reader_from_tensors(_own(tensors, f"net{k}"), vocab_size)
        for k in range(MOST_NETS)
        if _own(tensors, f"net{k}")
    ]
    count = str(1 + len(nets))
    of_gate = {name: a for name, a in tensors.items() if name.startswith("gate")}
    gates = gates_from_tensors(of_gate, {str(n): n for n in range(1, MOST_NETS + 2)})
    _require(set(gates) == {count}, "gate", f"is not one of {count} models")
    class_of = _array(tensors, "class_of", (vocab_size,), "iu").astype(np.int64)
    classes = int(class_of.max()) + 1
    numbered = class_of[0] == 0 and (class_of[1:] > 0).all() and classes <= vocab_size
    _require(numbered, "class_of", "does not number the classes")
    timed = "lengths" in described
    shape = ListShape(
        ShapeModel(class_of, _ngram(tensors, described, "shape", classes)),
        _array(tensors, "frequency", (vocab_size,), "f"),
        _array(tensors, "end_odds", (LONGEST,), "f"),
        int(_number(described, "symbols", 1.0, 2.0**40)),
        _lengths(described),
        Endings(_flags(tensors, "last", vocab_size), _flags(tensors, "closing", vocab_size)) if timed else None,
    )
    ensemble = Ensemble([counts, *nets], shape)
    outline = _outline(_own(tensors, "outline"), class_of, "firm" in described)
    strictness = 0.0 if outline is None else _number(described, "strictness", 0.0, 100.0)
    timing = Timing(*_numbers(described, "timing", 4, 0.0, 100.0)) if timed else Timing()
    temperature = _number(described, "temperature", 0.1, 10.0)
    template = _template(tensors, described, vocab_size)
    firm = described.get("firm", False)
    _require(isinstance(firm, bool) and firm <= (outline is not None), "firm", "is not whether there are outlines")
    return Blend(
        ensemble,
        gates[count],
        temperature,
        outline,
        strictness,
        timing,
        template,
        bool(firm),
        _marks(described.get("marks"), vocab_size),
    )


def _template(tensors: Tensors, described: Mapping[str, object], vocab_size: int) -> Template | None:
    """Runs of before it was kept have none, others no ending."""
    if "template" not in tensors:
        return None
    places = (tensors["template"].shape or (0,))[0]
    allowed = _array(tensors, "template", (places, vocab_size), "iu")
    *ending, sure = _whole_numbers(described.get("ending", [0]), "ending")
    _require(places + len(ending) > 0 and places <= MOST_PLACES + 1, "template", "has no places")
    _require(bool(np.isin(allowed, (0, 1)).all()), "template", "is not 0 or 1 throughout")
    _require(bool(allowed.any(1).all()), "template", "allows nothing at a place")
    _require(
        all(0 < each < vocab_size for each in ending) and len(ending) <= MOST_ENDING, "ending", "has no such ids"
    )
    _require(bool(ending) <= (0 < sure <= len(ending) + 1), "ending", "begins nowhere")
    return Template(allowed.astype(bool), ending, sure)


def _marks(described: object, vocab_size: int) -> Marks | None:
    """Runs of before they were kept have none."""
    if described is None:
        return None
    try:
        counts, pairs, even = described  # pyright: ignore[reportGeneralTypeIssues]
        found = Marks(tuple((i, n) for i, n in counts), tuple((a, b) for a, b in pairs), tuple(even))
    except (TypeError, ValueError):
        raise ValueError('"marks" of the blend are not counts, pairs and quotes') from None
    ids = [*(i for i, _ in found.counts), *(i for pair in found.pairs for i in pair), *found.even]
    whole = all(type(each) is int for each in [*ids, *(n for _, n in found.counts)])
    _require(bool(ids) and whole and all(0 < i < vocab_size for i in ids), "marks", "has no such ids")
    return found


def _whole_numbers(values: object, name: str) -> list[int]:
    """Of a list that is not empty."""
    if not isinstance(values, list) or not values or any(type(each) is not int for each in values):
        raise ValueError(f'"{name}" of the blend is a list of whole numbers, not {values!r}')
    return values


def _lengths(described: Mapping[str, object]) -> Lengths | None:
    """Runs of before they were kept have none."""
    _require(("lengths" in described) == ("timing" in described), "lengths", "and timing stand together")
    if "lengths" not in described:
        return None
    shortest, median, longest = _numbers(described, "lengths", 3, 0.0, 2.0**31)
    _require(shortest <= median <= longest, "lengths", "are not the shortest, the median and the longest")
    return Lengths(int(shortest), median, int(longest))


def _outline(arrays: Tensors, class_of: np.ndarray, with_order: bool) -> Outline | None:
    """Older runs do not say what leaves the order of the outlines."""
    if not arrays:
        return None
    nodes = (arrays["following"].shape or (0,))[0] if "following" in arrays else 0
    _require(nodes > 0, "outline/following", "has no nodes")
    sizes = nodes, int(class_of.max()) + 1
    following, straying = _array(arrays, "following", sizes, "i"), _array(arrays, "straying", sizes, "f")
    _require(((following >= 0) & (following < nodes)).all(), "outline/following", "leads to no node")
    _require(((straying >= 0) & (straying <= 1)).all(), "outline/straying", "is outside 0 .. 1")
    leaving = _array(arrays, "leaving", sizes, "iu") if with_order else straying == 1
    _require(bool(np.isin(leaving, (0, 1)).all()), "outline/leaving", "is not 0 or 1 throughout")
    return Outline(class_of, following, straying.astype(np.float32), leaving.astype(bool))


def reader_from_tensors(arrays: Tensors, vocab_size: int) -> ListReader:
    """What `reader_to_tensors` took apart. Raises ValueError, naming what is wrong, for anything else."""
    recurrent = arrays.get("recurrent", np.zeros((0, 0), np.float16))
    _require(
        recurrent.ndim == 2 and 0 < 4 * recurrent.shape[0] == recurrent.shape[1], "recurrent", "has no such size"
    )
    size = recurrent.shape[0]
    shapes = {"input": (vocab_size, 4 * size), "recurrent": (size, 4 * size), "output": (size, vocab_size),
              "bias": (vocab_size,)}  # fmt: skip
    cell = Cell(*(_single(arrays, name, shape) for name, shape in shapes.items()))
    orders = (arrays["h"].shape or (0,))[0] if "h" in arrays else 0
    _require(0 < orders <= 64, "h", "has no memory")
    h, c = (_single(arrays, name, (orders, size)) for name in ("h", "c"))
    return ListReader(cell, Memory(h, c))


def _ngram(tensors: Tensors, described: Mapping[str, object], name: str, vocab_size: int) -> ngram.Backoff:
    about = described.get(name)
    if not isinstance(about, Mapping):
        raise ValueError(f'"{name}" is not described')
    model = ngram.from_tensors(_own(tensors, name), about)
    _require(model.vocab_size == vocab_size, name, f"has {model.vocab_size} ids and not {vocab_size}")
    return model


def _prefixed(name: str, arrays: Tensors) -> dict[str, np.ndarray]:
    return {f"{name}/{key}": array for key, array in arrays.items()}


def _own(tensors: Tensors, name: str) -> dict[str, np.ndarray]:
    return {key.removeprefix(f"{name}/"): a for key, a in tensors.items() if key.startswith(f"{name}/")}


def _array(tensors: Tensors, name: str, shape: tuple[int, ...], kinds: str) -> np.ndarray:
    array = tensors.get(name)
    right = array is not None and array.shape == shape and array.dtype.kind in kinds
    if array is None or not right or not np.isfinite(array).all():
        raise ValueError(f'the array "{name}" of the blend is not {list(shape)} finite numbers')
    return array


def _flags(tensors: Tensors, name: str, size: int) -> np.ndarray:
    array = _array(tensors, name, (size,), "iu")
    _require(bool(np.isin(array, (0, 1)).all()), name, "is not 0 or 1 throughout")
    return array.astype(bool)


def _single(tensors: Tensors, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array in single precision, which must hold its numbers."""
    array = _array(tensors, name, shape, "f")
    _require(
        (abs(array) <= np.finfo(np.float32).max).all(), name, "has numbers that are not finite in single precision"
    )
    return array.astype(np.float32)


def _numbers(described: Mapping[str, object], name: str, count: int, low: float, high: float) -> list[float]:
    values = described.get(name)
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f'"{name}" of the blend is a list of {count} numbers, not {values!r}')
    return [_number({name: value}, name, low, high) for value in values]


def _number(described: Mapping[str, object], name: str, low: float, high: float) -> float:
    value = described.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f'"{name}" of the blend is a number, not {value!r}')
    _require(low <= value <= high, name, f"is outside {low} .. {high}")
    return float(value)


def _require(holds: bool | np.bool_, name: str, problem: str) -> None:
    if not holds:
        raise ValueError(f'"{name}" of the blend {problem}')
