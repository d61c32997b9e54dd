"""More items like those of the list: sampled, told apart from the known ones, each once unless repeats are wanted."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer

from moreish.data import Corpus, Vocab
from moreish.data.corpus import WHERE, Where, codes_of
from moreish.data.ragged import gather
from moreish.data.reader import LF
from moreish.inference.drawn import Drawn
from moreish.inference.sample import Sampling, sample
from moreish.inference.seen import Seen
from moreish.models.contract import LanguageModel

FRUITLESS = 20_000  # items drawn in a row without a wanted one before giving up
FIRST_BATCH, LARGEST_BATCH = 32, 4096  # items drawn at a time, each time twice as many


class Item(NamedTuple):
    """A sampled item: its text, its log probability under the model (nats), and where the list has it already."""

    text: str
    logprob: float
    known: Where

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
    seen = Seen()
    given, fruitless, batch = 0, 0, FIRST_BATCH
    while given < count and fruitless < FRUITLESS:
        drawn = sample(model, batch, rng, sampling, prefix)
        where = corpus.where_ids(drawn.ids, drawn.offsets)
        wanted = np.diff(drawn.offsets) > 1
        if new_only:
            wanted &= where == 0
        chosen = np.flatnonzero(wanted)
        if unique:
            chosen = chosen[_first_time(seen, corpus.vocab, drawn, chosen)]
        fruitless = batch - 1 - int(chosen[-1]) if len(chosen) else fruitless + batch
        chosen = chosen[: count - given]
        texts = corpus.vocab.decode_items(gather(drawn.ids, drawn.offsets, chosen))
        yield from map(Item, texts, drawn.logprob[chosen].tolist(), [WHERE[i] for i in where[chosen].tolist()])
        given += len(chosen)
        batch = min(2 * batch, LARGEST_BATCH)


def _first_time(
    seen: Seen, vocab: Vocab, drawn: Drawn, chosen: Integer[np.ndarray, " chosen"]
) -> Bool[np.ndarray, " chosen"]:
    """Whether each of these was never drawn before: letters that are made of several can be one text in two ways."""
    ids = gather(drawn.ids, drawn.offsets, chosen)
    if vocab.unit == "grapheme":
        ids, ends = codes_of(vocab.decode_items(ids))
        ids = np.where(ids == LF, 0, ids)
    else:
        ends = np.flatnonzero(ids == 0)
    return seen.add(np.concatenate([np.zeros(1, ids.dtype), ids]), np.append(0, ends + 1))
