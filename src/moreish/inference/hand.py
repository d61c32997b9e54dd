"""How a hand slips on a keyboard: which symbol is put in, or stands in the place of which.

A slip is not any symbol as likely as any other: the key beside the right one, the same key once more, the shift key
held too long, and a digit or letter that looks alike (which is how scanners slip) are each far likelier. Their shares
are set here, not learnt; each is spread over the symbols that it can give, and what a list's symbols cannot give goes
to all symbols alike.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer

ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")  # each half a key further to the right
ALIKE = ("0o", "0q", "1li", "2z", "3e", "4a", "5s", "6b", "7t", "8b", "9g", "uv", "ij")
BESIDE, CAPITAL, LOOKS_ALIKE = 0.3, 0.2, 0.1  # of replacements; the rest is any symbol
AGAIN, BESIDE_LAST = 0.5, 0.2  # of symbols put in


class Hand:
    """Log probabilities of what is written, given what was meant and that one symbol slipped; of given symbols.

    symbols : those of the list, that of id 1 first; None: nothing is known of them, all are alike
    """

    def __init__(self, vocab_size: int, symbols: Sequence[str] | None = None) -> None:
        self.others = max(vocab_size - 1, 1)
        lower = ["", *(symbol.lower() for symbol in symbols or [""] * (vocab_size - 1))]
        numbers = {text: number for number, text in enumerate(dict.fromkeys(lower))}
        self.folded = np.array([numbers[text] for text in lower])  # (V,) the same number: the same but for capitals
        if symbols is None:
            self.folded = np.arange(vocab_size)
        keys = "".join(ROWS)
        self.key = np.array([keys.find(text) + 1 if len(text) == 1 else 0 for text in lower])  # (V,) 0: not on it
        self.beside, self.alike = _evenly(_beside(keys)), _evenly(_alike(keys))

    def replaced(
        self, meant: Integer[np.ndarray, " *#rows"], written: Integer[np.ndarray, " *#rows"]
    ) -> Float[np.ndarray, " *#rows"]:
        """That `meant` became `written`; minus infinity where they are the same."""
        keys = self.key[meant], self.key[written]
        near, alike = BESIDE * self.beside[keys], LOOKS_ALIKE * self.alike[keys]
        capital = CAPITAL * ((self.folded[meant] == self.folded[written]) & (meant != written))
        rest = 1 - BESIDE * self.beside.sum(1)[keys[0]] - LOOKS_ALIKE * self.alike.sum(1)[keys[0]]
        with np.errstate(divide="ignore"):
            return np.log(np.where(meant == written, 0, near + alike + capital + (rest - CAPITAL) / self.others))

    def put_in(
        self, before: Integer[np.ndarray, " *#rows"], written: Integer[np.ndarray, " *#rows"]
    ) -> Float[np.ndarray, " *#rows"]:
        """That `written` was put in after `before`, which is 0 at the beginning."""
        again = AGAIN * ((self.folded[before] == self.folded[written]) & (before > 0))
        near = BESIDE_LAST * self.beside[self.key[before], self.key[written]]
        return np.log(again + near + (1 - AGAIN - BESIDE_LAST) / self.others)


def _beside(keys: str) -> Float[np.ndarray, "keys keys"]:
    """Which keys touch each other; row and column 0 are of symbols that are not on the keyboard."""
    at = {key: (row, place + row / 2) for row, row_keys in enumerate(ROWS) for place, key in enumerate(row_keys)}
    touch = np.zeros((len(keys) + 1, len(keys) + 1))
    for i, one in enumerate(keys, start=1):
        for j, other in enumerate(keys, start=1):
            (row, x), (other_row, other_x) = at[one], at[other]
            touch[i, j] = i != j and abs(row - other_row) <= 1 and abs(x - other_x) <= 1
    return touch


def _alike(keys: str) -> Float[np.ndarray, "keys keys"]:
    table = np.zeros((len(keys) + 1, len(keys) + 1))
    for group in ALIKE:
        places = [keys.index(key) + 1 for key in group]
        for i in places:
            for j in places:
                table[i, j] = i != j
    return table


def _evenly(table: Float[np.ndarray, "keys keys"]) -> Float[np.ndarray, "keys keys"]:
    return table / np.maximum(table.sum(1, keepdims=True), 1)
