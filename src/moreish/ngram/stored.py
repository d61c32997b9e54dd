"""The stored form of a count model: three arrays and a few plain values, for safetensors and JSON.

Only the trie is stored; probabilities are computed from it anew. So a stranger's file can say anything, and what is
read from it is a trie like one that was counted, or a ValueError that names the array.
"""

from collections.abc import Mapping

import numpy as np

from moreish.ngram.add_k import AddK
from moreish.ngram.backoff import Backoff
from moreish.ngram.counts import HIGHEST_ORDER, Counts
from moreish.ngram.kneser_ney import KneserNey

MODELS = {"add-k": AddK, "kneser-ney": KneserNey}
LARGEST_VOCABULARY = 2**24


def to_tensors(model: Backoff) -> tuple[dict[str, np.ndarray], dict[str, str | int | float]]:
    """(arrays, metadata), each array in the smallest unsigned dtype that holds it.

    fanout : (contexts,) how many different symbols followed each context
    symbol : (nodes - 1,) the last symbol of every n-gram but the empty one
    count  : (nodes,) how often each occurred
    """
    counts = model.counts
    arrays = {"fanout": np.diff(counts.first), "symbol": counts.symbol[1:], "count": counts.count}
    name = next(name for name, kind in MODELS.items() if isinstance(model, kind))
    metadata = {"model": name, "vocab_size": counts.vocab_size, "order": counts.order}
    if isinstance(model, AddK):
        metadata["k"] = model.k
    return {key: a.astype(np.min_scalar_type(a.max(initial=0))) for key, a in arrays.items()}, metadata


def from_tensors(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, object]) -> Backoff:
    """The model that `to_tensors` took apart. Raises ValueError, naming the array or the key, for anything else."""
    name = metadata.get("model")
    if not isinstance(name, str) or name not in MODELS:
        raise ValueError(f"there is no count model {name!r}; known: {', '.join(MODELS)}")
    vocab_size = _whole(metadata, "vocab_size", 1, LARGEST_VOCABULARY)
    order = _whole(metadata, "order", 0, HIGHEST_ORDER)
    counts = _counts(tensors, vocab_size, order)
    if name == "kneser-ney":
        return KneserNey(counts)
    k = metadata.get("k")
    if isinstance(k, bool) or not isinstance(k, int | float) or not 0 <= k < 1e300:
        raise ValueError(f'"k" of an n-gram model is a number from 0, not {k!r}')
    return AddK(counts, float(k))


def _whole(metadata: Mapping[str, object], key: str, low: int, high: int) -> int:
    value = metadata.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f'"{key}" of an n-gram model is a whole number from {low} to {high}, not {value!r}')
    return value


def _counts(tensors: Mapping[str, np.ndarray], vocab_size: int, order: int) -> Counts:
    """The trie, put together and checked from the root to the leaves."""
    count = _array(tensors, "count", low=1, high=2**53)
    symbol = _array(tensors, "symbol", low=0, high=vocab_size - 1)
    _require(len(count) == len(symbol) + 1, "count", "does not have one entry more than symbol")
    fanout = _array(tensors, "fanout", low=0, high=len(symbol))
    _require(fanout.sum() == len(symbol), "fanout", "does not add up to the length of symbol")

    below = fanout.cumsum() + 1  # where the children of each context end
    levels = [0, 1]
    while len(levels) < order + 2:
        _require(levels[-1] <= len(fanout), "fanout", "is too short for its order")
        levels.append(int(below[levels[-1] - 1]))
    _require(levels[-1] == len(count), "fanout", "does not reach every n-gram in as many levels as the order")
    _require(len(fanout) == max(levels[-2], 1), "fanout", "does not have one entry a context")
    parent = np.repeat(np.arange(len(fanout)), fanout)
    keys = np.append(-1, parent * vocab_size + symbol)
    _require((np.diff(keys) > 0).all(), "symbol", "does not ascend among the n-grams of one context")
    counts = Counts(vocab_size, np.array(levels), keys, count)
    _check_as_counted(counts, fanout)
    return counts


def _check_as_counted(counts: Counts, fanout: np.ndarray) -> None:
    """What is true of n-grams that were counted in real items, and what smoothing relies on."""
    if not counts.order:
        return
    levels, contexts = counts.levels, counts.contexts
    _require(0 in counts.symbol[1:2], "symbol", "has no boundary among the 1-grams")
    ended = np.zeros(contexts, bool)
    ended[levels[2] :] = counts.symbol[levels[2] : contexts] == 0
    _require(not fanout[ended].any(), "fanout", "is not 0 for an n-gram that ends with a boundary")
    total = np.bincount(counts.parent[1:], counts.count[1:], contexts)
    right = total[~ended] == counts.count[:contexts][~ended]
    _require(right.all(), "count", "of a context is not the sum of those after it")
    suffix = counts.suffix[levels[2] :]
    _require(suffix.all(), "symbol", "lacks the suffix of an n-gram")
    preceded = np.bincount(suffix, minlength=contexts) > 0
    for level in range(1, counts.order):
        inner = slice(levels[level] + (counts.opening[level] if level > 1 else 0), levels[level + 1])
        _require(preceded[inner].all(), "symbol", "has an n-gram that begins nowhere")


def _array(tensors: Mapping[str, np.ndarray], name: str, low: int, high: int) -> np.ndarray:
    _require(name in tensors, name, "is missing")
    a = tensors[name]
    _require(a.ndim == 1 and a.dtype.kind in "iu", name, f"is {a.ndim}-d {a.dtype}, not a row of whole numbers")
    _require(not len(a) or (a.min() >= low and a.max() <= high), name, f"has values outside {low} .. {high}")
    return a.astype(np.int64)


def _require(holds: bool | np.bool_, name: str, problem: str) -> None:
    if not holds:
        raise ValueError(f'the array "{name}" of the n-gram model {problem}; the file is damaged')
