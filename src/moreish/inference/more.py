"""More items like those of the list: sampled, told apart from the known ones, each once unless repeats are wanted."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from moreish.data import Corpus
from moreish.inference.sample import Sampling, sample
from moreish.models.contract import LanguageModel

FRUITLESS = 20_000  # items drawn in a row without a wanted one before giving up
FIRST_BATCH, LARGEST_BATCH = 32, 4096  # items drawn at a time, each time twice as many


class Item(NamedTuple):
    """A sampled item: its text, its log probability under the model (nats), and where the list has it already."""

    text: str
    logprob: float
    known: Literal["new", "train", "val", "test"]

    @property
    def is_new(self) -> bool:
        """Whether the list does not have it."""
        return self.known == "new"


def more(
    model: LanguageModel,
    corpus: Corpus,
    count: int,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
    starts_with: str = "",
    unique: bool = True,
    new_only: bool = False,
) -> Iterator[Item]:
    """Up to `count` items, one at a time; how many are asked for does not change which come first.

    Empty items are passed over. Ends early after FRUITLESS draws without a wanted item: with `unique` or `new_only`
    a model may have no more to give. Raises ValueError where `starts_with` has a symbol that the list never has.
    """
    prefix = corpus.vocab.encode(starts_with, "the prefix") if starts_with else None
    seen: set[str] = set()
    given, fruitless, batch = 0, 0, FIRST_BATCH
    while given < count and fruitless < FRUITLESS:
        for draw in sample(model, batch, rng, sampling, prefix):
            text = corpus.vocab.decode(draw.ids)
            fruitless += 1
            if not text or (unique and text in seen):
                continue
            known = corpus.where(text)
            if new_only and known != "new":
                continue
            if unique:
                seen.add(text)
            yield Item(text, draw.logprob, known)
            given, fruitless = given + 1, 0
            if given == count:
                return
        batch = min(2 * batch, LARGEST_BATCH)
