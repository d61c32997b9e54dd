"""Automata: exact rules for items, over the ids of a vocabulary. numpy only; nothing here knows a model."""

from moreish.automata.automaton import DEAD, Automaton, TooManyStates, conjunction, everything, meet, nothing, product
from moreish.automata.distance import beyond, within
from moreish.automata.pattern import Hole, holes, pattern
from moreish.automata.words import contains, ends_with, length, none_of, one_of, only, starts_with, without

__all__ = [
    "DEAD",
    "Automaton",
    "Hole",
    "TooManyStates",
    "beyond",
    "conjunction",
    "contains",
    "ends_with",
    "everything",
    "holes",
    "length",
    "meet",
    "none_of",
    "nothing",
    "one_of",
    "only",
    "pattern",
    "product",
    "starts_with",
    "within",
    "without",
]
