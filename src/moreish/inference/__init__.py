"""Sampling, scoring and judging with anything that is a `LanguageModel`."""

from moreish.inference.sample import Sampling, sample
from moreish.inference.score import ItemScore, score_items

__all__ = ["ItemScore", "Sampling", "sample", "score_items"]
