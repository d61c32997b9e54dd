"""Scoring for models that only read symbol by symbol: items side by side, equal beginnings read once."""

import numpy as np
from jaxtyping import Float, Integer

from moreish.cancellation import check_cancelled
from moreish.models.contract import LanguageModel

ITEMS_AT_A_TIME = 512


def score_by_steps(
    model: LanguageModel, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
) -> Float[np.ndarray, " N"]:
    """What `LanguageModel.score` answers, by `start`, `advance` and `take` alone."""
    out = np.zeros(len(ids), np.float32)
    order = np.argsort(-np.diff(offsets), kind="stable")
    for low in range(0, len(order), ITEMS_AT_A_TIME):
        _score_block(model, ids, offsets, order[low : low + ITEMS_AT_A_TIME], out)
    return out


def _score_block(
    model: LanguageModel, ids: np.ndarray, offsets: np.ndarray, items: np.ndarray, out: np.ndarray
) -> None:
    """The items, the longest first; `node` is the row of the model's state that an item shares."""
    begin, lengths = offsets[items] + 1, np.diff(offsets)[items]
    state, logprobs = model.start(1)
    node = np.zeros(len(items), np.int64)
    for t in range(int(lengths[0])):
        check_cancelled()
        here = ids[begin + t].astype(np.int64)
        out[begin + t] = logprobs[node, here]
        going = np.count_nonzero(lengths > t + 1)  # at the last symbol of an item there is nothing more to read
        if not going:
            return
        begin, lengths = begin[:going], lengths[:going]
        merged, node = np.unique(node[:going] * model.vocab_size + here[:going], return_inverse=True)
        parents, read = np.divmod(merged, model.vocab_size)
        state, logprobs = model.advance(model.take(state, parents), read)
