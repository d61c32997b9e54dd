"""The symbols of all lists that a background net is trained on, and the features that they are made of."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch
from jaxtyping import Integer
from torch import Tensor, nn

from moreish.background.symbols import BOUNDARY, features

VOWELS = "aeiouy"


class Alphabet:
    """The symbols of all lists, with their features; id 0 is the boundary.

    rare : features that occur less often in the lists are left out
    kept : features that stay however rare they are: those of a net that the training goes on from
    """

    def __init__(self, lists: Sequence[Sequence[Sequence[str]]], rare: int, kept: Collection[str] = ()) -> None:
        counts: Counter[str] = Counter()
        for items in lists:
            for item in items:
                counts.update(item)
        self.symbols = sorted(counts)
        self.number = {symbol: i + 1 for i, symbol in enumerate(self.symbols)}
        often: Counter[str] = Counter()
        for symbol, n in counts.items():
            for name in features(symbol):
                often[name] += n
        frequent = {name for name, n in often.items() if n >= rare}
        names = [BOUNDARY, *sorted(frequent.union(kept) - {BOUNDARY})]
        self.features = {name: i for i, name in enumerate(names)}
        rows = [[0], *([self.features[n] for n in features(s) if n in self.features] for s in self.symbols)]
        self.rows = [torch.tensor(row, dtype=torch.int64) for row in rows]

    def __len__(self) -> int:
        return len(self.symbols) + 1

    def features_of(self, ids: Integer[np.ndarray, " U"]) -> tuple[Tensor, Tensor]:
        """The numbers of the features of these symbols one after the other, and where each symbol's begin."""
        rows = [self.rows[i] for i in ids]
        return torch.cat(rows), torch.tensor(np.cumsum([0, *map(len, rows)])[:-1])

    def mapped(self, change: Callable[[str], str]) -> Integer[np.ndarray, " V"]:
        """Id of what each symbol is changed into; itself where that is no symbol here."""
        return np.array([0, *(self.number.get(change(s), i + 1) for i, s in enumerate(self.symbols))])

    def exchanged(self, rng: np.random.Generator) -> Integer[np.ndarray, " V"]:
        """Latin vowels exchanged among themselves, and consonants, the same in both cases."""
        vowels, others = list(VOWELS), [c for c in map(chr, range(97, 123)) if c not in VOWELS]
        after = dict(zip(vowels + others, [*rng.permutation(vowels), *rng.permutation(others)], strict=True))
        after |= {a.upper(): b.upper() for a, b in after.items()}
        return self.mapped(lambda symbol: str(after.get(symbol, symbol)))


class SymbolTables(nn.Module):
    """Vectors of the features, and the sums of them that are the vectors of the symbols."""

    def __init__(self, alphabet: Alphabet, n_embd: int) -> None:
        super().__init__()
        size = len(alphabet.features)
        self.alphabet = alphabet
        self.reading = nn.Parameter(torch.randn(size, n_embd) * 0.5)
        self.writing = nn.Parameter(torch.randn(size, n_embd) * 0.1)
        self.bias = nn.Parameter(torch.zeros(size, 1))

    def parts(self, ids: Integer[np.ndarray, " U"]) -> list[Tensor]:
        """(U, C), (U, C) and (U, 1) of these symbols."""
        flat, starts = self.alphabet.features_of(ids)
        return [
            nn.functional.embedding_bag(flat, table, starts, mode="sum")
            for table in (self.reading, self.writing, self.bias)
        ]
