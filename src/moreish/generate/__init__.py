"""Sampling, scoring and judging with anything that is a `LanguageModel`."""

from moreish.generate.sample import Sampling, sample
from moreish.generate.score import ItemScore, score_items

__all__ = ["ItemScore", "Sampling", "sample", "score_items"]
