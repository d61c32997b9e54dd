"""What the reader and the corpus must equal, written the slow and obvious way."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from moreish.data import Corpus, DataOptions, read

M64 = 2**64 - 1


def slow_items(text: str, form: str = "NFC") -> list[str]:
    """Lines at LF, CRLF and CR; normal form; blanks off; empty lines dropped."""
    lines = re.split("\r\n|\r|\n", text)
    if form != "none":
        lines = [unicodedata.normalize(form, line) for line in lines]
    return [line.strip() for line in lines if line.strip()]


def slow_mix(x: int) -> int:
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & M64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & M64
    return x ^ x >> 31


def slow_hash(item: str, seed: int) -> int:
    """mix(key + sum_j m(c_j) P^j), m(c) = mix(key + c G), with Python's whole numbers."""
    key = slow_mix(seed)
    terms = (slow_mix((key + ord(c) * 0x9E3779B97F4A7C15) & M64) * 0xD1342543DE82EF95**j for j, c in enumerate(item))
    return slow_mix((key + sum(terms)) & M64)


def slow_part(item: str, options: DataOptions) -> str:
    """test for the lowest tenth of all hashes, val for the next, train for the rest."""
    share = slow_hash(item, options.split_seed) / 2**64
    if share < options.test_share:
        return "test"
    return "val" if share < options.test_share + options.val_share else "train"


def part_items(corpus: Corpus, name: Any) -> list[str]:
    part = corpus.split(name)
    return [part.item(i, corpus.vocab) for i in range(len(part))]


def read_bytes(folder: Path, data: bytes, **options: Any) -> Corpus:
    path = folder / "list.txt"
    path.write_bytes(data)
    return read(path, DataOptions(**options))


@contextmanager
def small_pieces(size: int = 5) -> Iterator[None]:
    """Few bytes at a time and few items at a time, so that a small list crosses every border there is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moreish.data.reader.PIECE", size)
        patch.setattr("moreish.data.ragged.ITEMS", 3)
        patch.setattr("moreish.data.ragged.CODES", 8)
        patch.setattr("moreish.data.numbering.CODES", 8)
        yield
