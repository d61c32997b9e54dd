"""Count-based models of any order. numpy only."""

from moreish.ngram.add_k import AddK
from moreish.ngram.counts import Counts, count_ngrams
from moreish.ngram.kneser_ney import KneserNey

__all__ = ["AddK", "Counts", "KneserNey", "count_ngrams"]
