"""Every word of a small alphabet, and which of them an automaton allows."""

from itertools import product

from moreish.automata import Automaton

V = 4
WORDS = [word for length in range(7) for word in product(range(1, V), repeat=length)]


def allowed(automaton: Automaton) -> list[tuple[int, ...]]:
    return [word for word in WORDS if automaton.allows(word)]
