"""DataOptions: how a file becomes items, and items become the parts train, val and test."""

from dataclasses import dataclass
from typing import Literal

from moreish.options import option
from moreish.wording import called

Unit = Literal["char", "grapheme", "word"]
FILE = "file"  # `by`: a kind for each file
Form = Literal["NFC", "NFKC", "none"]


@dataclass(frozen=True)
class DataOptions:
    """What is read, what one symbol is, what is set aside, and how much is too much.

    Raises ValueError where val and test would leave nothing for train, or where two options exclude each other.
    """

    encoding: str = option("utf-8", "how the file's bytes are to be read")
    text: bool = option(False, "one running text, split by position, instead of a list of items")
    unit: Literal["auto", "char", "grapheme", "word"] = option(
        "auto", "what a symbol is: code point, letter as the eye sees it, word; auto: the first of these that fits"
    )
    column: str | None = option(None, "the items' column of a table: its name, or its number from 1")
    by: str | None = option(None, 'the column that says of what kind each item is; "file": each file is a kind')
    weight: str | None = option(None, "the column that says how often each item counts")
    normalise: Literal["NFC", "NFKC", "none"] = option("NFC", "Unicode form; NFKC also folds look-alikes")
    lower: bool = option(False, "lower case throughout")
    min_count: int = option(1, "words that train holds less often become <unk> (unit word only)", low=1)
    duplicates: Literal["drop", "keep"] | None = option(
        None, "items that occurred before: dropped, or kept (left out: kept by the lecture split alone)"
    )
    split: Literal["hash", "lecture"] = option("hash", "by a keyed hash of the item, or shuffled as in the lectures")
    split_seed: int = option(42, "the key of the hash, the seed of the shuffle", low=0)
    val_share: float = option(0.1, "share of the items set aside for val", low=0, below=1)
    test_share: float = option(0.1, "share of the items set aside for test", low=0, below=1)
    recognise: bool = option(True, "read CSV, JSON and items on one line as what they are; else a line is an item")
    marks: Literal["drop", "keep"] = option(
        "drop", "bullets, numbering, quotes and commas round every item, if nearly all lines have them"
    )
    max_items: int = option(100_000_000, "most items to read", low=1)
    max_length: int = option(10_000, "most characters in one item", low=1)
    max_symbols: int = option(60_000, "most different symbols", low=1)
    max_kinds: int = option(1000, "most different kinds", low=1)
    max_bytes: int = option(2**31, "most bytes to read", low=1)

    def __post_init__(self) -> None:
        if self.val_share + self.test_share >= 1:
            raise ValueError(
                f"val_share {self.val_share:g} and test_share {self.test_share:g} leave nothing to train on; "
                "their sum must be less than 1"
            )
        if self.min_count > 1 and self.unit != "word":
            raise ValueError(f'min_count={self.min_count} needs unit "word": only words become <unk>')
        if named := next((name for name in ("column", "by", "weight") if getattr(self, name) is not None), None):
            if self.text:
                raise ValueError(f"a running text has no items, so {called(named)} cannot be used with it: drop one")
            if not self.recognise and self.columns:
                lines = f"{called('data.recognise', False)} reads every line as an item"
                raise ValueError(f"{lines}, and {called(named)} needs columns: drop one")

    @property
    def reading_unit(self) -> Unit:
        """What a symbol is while the list is being read; "auto" takes code points until all is there."""
        return "char" if self.unit == "auto" else self.unit

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that were asked for by name or number."""
        by = None if self.by == FILE else self.by
        return tuple(column for column in (self.column, by, self.weight) if column is not None)

    @property
    def drop_duplicates(self) -> bool:
        """What `duplicates` says; where it says nothing the lecture split keeps them, as the lectures do."""
        return self.duplicates == "drop" or (self.duplicates is None and self.split == "hash")
