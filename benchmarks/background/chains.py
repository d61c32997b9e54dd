"""What one would use instead: a Markov chain of plain counts, and the markovify package a symbol at a time."""

import random
from collections import Counter, defaultdict
from importlib import import_module

ORDER = 3
LONGEST = 200  # symbols after which an item is cut off
TRIES = 20  # calls for each item wanted, before one takes what there is


def chain(given: list[str], symbols: tuple[str, ...], count: int, seed: int) -> list[str]:
    """Items drawn from the counts of what followed each three symbols; "" is the end."""
    after: dict[str, Counter[str]] = defaultdict(Counter)
    for item in given:
        text = "\n" * ORDER + item
        for i in range(ORDER, len(text) + 1):
            after[text[i - ORDER : i]][text[i : i + 1]] += 1
    rng = random.Random(f"chain {seed}")
    made = []
    for _ in range(count):
        text = "\n" * ORDER
        while len(text) < LONGEST:
            counts = after[text[-ORDER:]]
            symbol = rng.choices(list(counts), list(counts.values()))[0]
            if not symbol:
                break
            text += symbol
        made.append(text[ORDER:])
    return made


def markovify(given: list[str], symbols: tuple[str, ...], count: int, seed: int) -> list[str]:
    """Items of markovify, its state three symbols, that pass its own tests; fewer where it finds no more."""
    package = import_module("markovify")

    class Symbols(package.NewlineText):
        """A text of lines, whose words are symbols."""

        def word_split(self, sentence: str) -> list[str]:
            return list(sentence)

        def word_join(self, words: list[str]) -> str:
            return "".join(words)

        def sentence_join(self, sentences: list[str]) -> str:
            return "\n".join(sentences)

    text = Symbols("\n".join(given), state_size=ORDER)
    state = random.getstate()
    random.seed(f"markovify {seed}")
    try:
        made = []
        for _ in range(TRIES * count):
            item = text.make_sentence()
            if item is not None:
                made.append(item)
            if len(made) == count:
                break
        return made
    finally:
        random.setstate(state)
