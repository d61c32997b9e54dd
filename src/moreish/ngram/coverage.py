"""Coverage: how soon the contexts of new items are ones that were never seen (the curse of dimensionality)."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from moreish.ngram.counts import Counts


class Coverage(NamedTuple):
    """How much of other items the contexts of one length cover.

    length      : of the context, in symbols; near the beginning of an item, of what is there
    possible    : V ** length
    seen        : how many different contexts of exactly this length were counted
    predictions : predicted tokens of the other items
    new_context : those among them whose context was never counted
    new_ngram   : those whose context with the token behind it was never counted
    """

    length: int
    possible: int
    seen: int
    predictions: int
    new_context: int
    new_ngram: int


def coverage(
    counts: Counts, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
) -> list[Coverage]:
    """One row for every length of context from 0 to order - 1; `ids` are other items than those counted."""
    depth = np.arange(len(ids)) - np.repeat(offsets, np.diff(offsets, append=len(ids)))
    depth[offsets[1:]] = np.diff(offsets)  # a closing boundary belongs to the item before it
    context, ngram = np.full((2, len(ids)), -1)  # the longest known ones
    rows, fanout = [], np.diff(counts.first)
    for length, (at, _, node) in enumerate(counts.walk(ids)):
        context[at] = length
        ngram[at[node > 0]] = length
        wanted = np.minimum(depth, length)[1:]
        new_context, new_ngram = ((known[1:] < wanted).sum() for known in (context, ngram))
        seen = np.count_nonzero(fanout[counts.levels[length] : counts.levels[length + 1]])
        possible = counts.vocab_size**length
        rows.append(Coverage(length, possible, int(seen), len(ids) - 1, int(new_context), int(new_ngram)))
    return rows
