"""Automata: exact rules for items, over the ids of a vocabulary. numpy only; nothing here knows a model."""

from moreish.automata.automaton import DEAD, Automaton, TooManyStates, conjunction, everything, nothing, product

__all__ = ["DEAD", "Automaton", "TooManyStates", "conjunction", "everything", "nothing", "product"]
