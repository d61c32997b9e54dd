"""The stored form of a corpus: arrays for safetensors, so that a run folder carries the list that it was made from.

ids      (N,)             the items of train, val and test one after the other, flat, boundaries between
offsets  (items + 1,)     where each item's opening boundary stands
parts    (3,)             how many items train, val and test have
places   (items,)         where each item of the list stands in `ids`; left out where they stand in order
kinds    (items,)         of what kind each item is; left out where there are none
kind_names (bytes,)       the names of the kinds in UTF-8, an LF after each
weights  (items,)         how often each item counts; left out where each counts once
hashes   (items,)         of the items' code points, in this order; only where `<unk>` makes items look alike
"""

from collections.abc import Mapping

import numpy as np

from moreish.data.corpus import Corpus, Split
from moreish.data.options import DataOptions
from moreish.data.report import Report
from moreish.data.split import SPLITS
from moreish.data.vocab import Vocab


def to_tensors(corpus: Corpus) -> dict[str, np.ndarray]:
    """The arrays, offsets and places in the smallest dtype that holds them."""
    whole = corpus.split("all")
    tensors = {
        "ids": whole.ids,
        "offsets": whole.offsets.astype(np.min_scalar_type(len(whole.ids))),
        "parts": np.array([len(corpus.split(name)) for name in SPLITS], np.int64),
    }
    if (places := corpus.places) is not None:
        tensors["places"] = places.astype(np.min_scalar_type(len(whole)))
    if corpus.hashes is not None:
        tensors["hashes"] = corpus.hashes
    if whole.kinds is not None:
        tensors["kinds"] = whole.kinds
        names = "".join(f"{name}\n" for name in corpus.kinds)
        tensors["kind_names"] = np.frombuffer(names.encode(), np.uint8)
    if whole.weights is not None:
        tensors["weights"] = whole.weights
    return tensors


def from_tensors(tensors: Mapping[str, np.ndarray], vocab: Vocab, options: DataOptions, source: str) -> Corpus:
    """The corpus that `to_tensors` took apart. Raises ValueError, naming the array, where it cannot be one."""
    for name in ("ids", "offsets", "parts"):
        _require(name in tensors, name, "is missing")
    for name, array in tensors.items():
        whole_numbers = array.ndim == 1 and array.dtype.kind in "iu"
        _require(whole_numbers or name == "weights", name, "is not a row of whole numbers")
    ids, offsets = tensors["ids"], tensors["offsets"].astype(np.int64)
    _require(len(offsets) >= 2 and offsets[0] == 0 and offsets[-1] == len(ids) - 1, "offsets", "does not span ids")
    _require(bool((np.diff(offsets) > 0).all()), "offsets", "does not ascend")
    _require(ids.dtype == vocab.dtype and int(ids.max()) < len(vocab), "ids", "does not fit the vocabulary")
    ends = np.flatnonzero(ids == 0)
    _require(np.array_equal(ends, offsets), "ids", "has its boundaries elsewhere than offsets says")
    parts = tensors["parts"].tolist()
    _require(len(parts) == len(SPLITS) and min(parts) >= 0, "parts", "is not three counts")
    _require(sum(parts) == len(offsets) - 1, "parts", "does not add up to the items")
    places = tensors.get("places")
    if places is not None:
        places = places.astype(np.int64)
        one_each = len(places) == sum(parts) and bool((np.sort(places) == np.arange(len(places))).all())
        _require(one_each, "places", "does not name every item once")
    hashes = tensors.get("hashes")
    if hashes is not None:
        right = hashes.dtype == np.uint64 and len(hashes) == sum(parts)
        _require(right, "hashes", "is not a 64-bit hash for each item")
    kinds, names = _kinds(tensors, sum(parts))
    weights = tensors.get("weights")
    if weights is not None:
        right = weights.dtype == np.float64 and weights.shape == (sum(parts),)
        _require(
            right and bool(((weights > 0) & np.isfinite(weights)).all()), "weights", "is not a number for each item"
        )
    report = Report(source, text=options.text, items=sum(parts), unique=sum(parts), vocab_size=len(vocab))
    report.unit = vocab.unit
    return Corpus(vocab, Split(ids, offsets, kinds, weights), parts, places, options, report, hashes, names)


def _kinds(tensors: Mapping[str, np.ndarray], n_items: int) -> tuple[np.ndarray | None, list[str]]:
    """The kind of each item, and the names."""
    kinds = tensors.get("kinds")
    if kinds is None:
        return None, []
    _require("kind_names" in tensors, "kind_names", "is missing")
    try:
        *names, rest = tensors["kind_names"].astype(np.uint8).tobytes().decode().split("\n")
    except UnicodeDecodeError:
        names, rest = [], "no text"
    named = not rest and bool(names) and len(set(names)) == len(names)
    _require(named, "kind_names", "does not name each kind once")
    right = len(kinds) == n_items and kinds.dtype == np.min_scalar_type(len(names) - 1)
    _require(right and int(kinds.max()) < len(names), "kinds", "is not a kind for each item")
    return kinds, names


def _require(holds: bool | np.bool_, name: str, problem: str) -> None:
    if not holds:
        raise ValueError(f'the array "{name}" of the corpus {problem}; the file is damaged')
