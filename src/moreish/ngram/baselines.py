"""What any model must beat: the uniform distribution, the frequencies of symbols, and those of pairs."""

import numpy as np
from jaxtyping import Integer

from moreish.ngram.add_k import AddK
from moreish.ngram.counts import count_ngrams


def baselines(
    ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"], vocab_size: int
) -> dict[str, AddK]:
    """uniform, unigram and bigram models of these items, with add-one smoothing."""
    counts = count_ngrams(ids, offsets, vocab_size, 2)
    return {name: AddK(counts.upto(order)) for order, name in enumerate(("uniform", "unigram", "bigram"))}
