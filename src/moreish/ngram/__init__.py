"""Count-based models of any order. numpy only."""

from moreish.ngram.add_k import AddK
from moreish.ngram.backoff import Backoff
from moreish.ngram.baselines import baselines
from moreish.ngram.choice import Choice, choose_order
from moreish.ngram.counts import Counts, count_ngrams
from moreish.ngram.coverage import Coverage, coverage
from moreish.ngram.kinds import TRUSTED, KindNGram, choose_trust
from moreish.ngram.kneser_ney import KneserNey
from moreish.ngram.stored import from_tensors, to_tensors

__all__ = [
    "TRUSTED",
    "AddK",
    "Backoff",
    "Choice",
    "Counts",
    "Coverage",
    "KindNGram",
    "KneserNey",
    "baselines",
    "choose_order",
    "choose_trust",
    "count_ngrams",
    "coverage",
    "from_tensors",
    "to_tensors",
]
