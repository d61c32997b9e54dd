"""How likely is an item, symbol by symbol, and where does it surprise? Single items, and files of any size."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer, UInt

from moreish.data import Corpus, Report, Vocab, symbols
from moreish.data.encodings import Bytes
from moreish.data.item_lines import Kinds
from moreish.data.item_reader import ItemReader
from moreish.data.ragged import gather
from moreish.data.reader import LF, Block
from moreish.models.contract import LanguageModel

LINE = 2**20  # most characters in a line that is scored
ENDLESS = 2**62  # more bytes and items than any file has


class ItemScore(NamedTuple):
    """Log probabilities (nats) of an item's symbols and of its end, in order."""

    logprobs: np.ndarray

    @property
    def loss(self) -> float:
        """Mean nats per predicted token, the end included."""
        return -float(self.logprobs.mean(dtype=np.float64))

    @property
    def logprob(self) -> float:
        """Log probability of the whole item."""
        return float(self.logprobs.sum(dtype=np.float64))


class ScoredLines(NamedTuple):
    """Some consecutive items of a file, scored.

    items   : as they were read: trimmed, in the list's Unicode form and case
    lines   : the number of each item's line, the first of the file being 1
    logprob : (items,) log probability of each, its end included, in nats; minus infinity where it cannot be
    tokens  : (items,) how many symbols each has, its end included; `-logprob / tokens` is its loss
    unknown : place in `items` -> the item's symbols that the list never has; the others have none
    """

    items: list[str]
    lines: Sequence[int]
    logprob: Float[np.ndarray, " items"]
    tokens: Integer[np.ndarray, " items"]
    unknown: dict[int, tuple[str, ...]]

    @property
    def loss(self) -> Float[np.ndarray, " items"]:
        """Mean nats per predicted token of each item, its end included."""
        return -self.logprob / self.tokens


def score_items(model: LanguageModel, items: Sequence[Integer[np.ndarray, " _"]]) -> list[ItemScore]:
    """Score items given as ids without boundaries, all in one go."""
    if not items:
        return []
    spans = np.array([len(item) + 1 for item in items])
    offsets = np.concatenate([[0], np.cumsum(spans)])
    ids = np.zeros(offsets[-1] + 1, np.min_scalar_type(model.vocab_size))
    for item, begin in zip(items, offsets, strict=False):
        ids[begin + 1 : begin + 1 + len(item)] = item
    logprobs = model.score(ids, offsets)
    return [ItemScore(part) for part in np.split(logprobs[1:], offsets[1:-1])]


def score_lines(
    model: LanguageModel,
    corpus: Corpus,
    stream: Bytes,
    name: str,
    encoding: str = "utf-8",
    suffix: str | None = None,
    column: str | None = None,
    report: Report | None = None,
) -> Iterator[ScoredLines]:
    """Score a file of any size a piece at a time; `name` is that of the file in messages.

    Items are read as those of the list were: trimmed, in its Unicode form and case, blank ones passed over.

    suffix : of the file's name: what stands round the items is taken off, and tables are read, as in any list; None
             where its lines are the items as they stand
    column : the items' column of a table
    report : where it is said how the file was read

    Raises ValueError, with the line, for what is no text in this encoding, for a file without items, for a line of
    more than 2**20 characters, and where there is no such column.
    """
    limits = {"max_bytes": ENDLESS, "max_items": ENDLESS, "max_length": LINE}
    own = replace(corpus.options, encoding=encoding, text=False, column=column, by=None, weight=None, **limits)
    number = Numbering(corpus.vocab)
    reading = ItemReader(name, stream, own, Kinds(own.max_kinds), report or Report(name), suffix)
    for block in reading.blocks():
        if len(block.ends):
            yield _score_block(model, number, block, reading.lines_of(block))


class Numbering:
    """From blocks of a file to the ids of a vocabulary; V stands for a symbol that it does not have."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab
        self.dtype = np.min_scalar_type(len(vocab))
        self.unlisted = len(vocab.symbols) if vocab.unknown else len(vocab)
        self.by_code = None
        if vocab.unit == "char":
            codes = np.array([*map(ord, vocab.symbols), LF])
            self.by_code = np.full(codes.max() + 2, self.unlisted, self.dtype)  # one more, for all codes above
            self.by_code[codes[:-1]] = np.arange(1, len(codes))
            self.by_code[LF] = 0

    def ids(self, block: Block, text: str) -> UInt[np.ndarray, " N"]:
        """The ids of the block's symbols, 0 after each item."""
        if self.by_code is not None:
            return self.by_code.take(block.codes, mode="clip")
        vocab = self.vocab
        split = symbols.split(text, vocab.unit, True) if vocab.running else symbols.split_lines(text, vocab.unit)
        known = vocab.ids | {"\n": 0}
        return np.array([known.get(symbol, self.unlisted) for symbol in split], self.dtype)


def _score_block(model: LanguageModel, number: Numbering, block: Block, lines: Sequence[int]) -> ScoredLines:
    text = block.text or block.codes.tobytes().decode("ascii")
    ids = np.concatenate([np.zeros(1, number.dtype), number.ids(block, text)])
    offsets = np.flatnonzero(ids == 0)
    items, tokens = text.split("\n")[:-1], np.diff(offsets)
    unlisted = np.flatnonzero(ids == len(number.vocab))
    strange = np.unique(np.searchsorted(offsets, unlisted) - 1)
    logprob = np.full(len(items), -np.inf)
    known = np.delete(np.arange(len(items)), strange)
    if len(known):
        if len(strange):
            ids = np.concatenate([ids[:1], gather(ids, offsets, known)])
            offsets = np.concatenate([offsets[:1], tokens[known].cumsum()])
        logprob[known] = np.add.reduceat(model.score(ids, offsets)[1:], offsets[:-1], dtype=np.float64)
    unknown = {i: _unknown(number.vocab, items[i]) for i in strange.tolist()}
    return ScoredLines(items, lines, logprob, tokens, unknown)


def _unknown(vocab: Vocab, item: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(symbol for symbol in vocab.split(item) if symbol not in vocab.ids))
