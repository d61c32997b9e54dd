"""What any model must beat: the uniform distribution, the frequencies of symbols, and those of pairs."""

from moreish.ngram.add_k import AddK
from moreish.ngram.counts import Counts


def baselines(counts: Counts) -> dict[str, AddK]:
    """uniform, unigram and bigram models of items that were counted up to order 2, with add-one smoothing."""
    return {name: AddK(counts.upto(order)) for order, name in enumerate(("uniform", "unigram", "bigram"))}
