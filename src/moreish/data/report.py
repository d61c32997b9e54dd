"""Report: what was in the file, what was made of it, and what cannot be known from so little."""

import re
from collections import Counter
from dataclasses import asdict, dataclass, field

from moreish import markup

MOST_LINES = 5  # line numbers given for each kind of suspicion
MOST_SYMBOLS = 100  # listed with their counts


@dataclass
class Suspicion:
    """One kind of character to look at: how often it stands in the file, the first lines, the first of them."""

    count: int = 0
    lines: list[int] = field(default_factory=list)
    example: str = ""


@dataclass(frozen=True)
class KindCount:
    """How many items of a kind were kept, how many of them are in train, and the first of those."""

    items: int
    train: int
    examples: list[str]


@dataclass(frozen=True)
class Weights:
    """How often items count: in all, the least and the most of one item, and which that is."""

    total: float
    smallest: float
    largest: float
    heaviest: str


@dataclass
class Report:
    """Filled by the reader and the corpus while they work.

    items:       items read, before duplicates were dropped; for running text 1
    read_as:     what each file was taken for, where it is no plain list: "CSV, column name of 3 columns, 1,204 rows"
    left_out:    the columns of these that are not read, by name or number
    unit:        what a symbol is
    grouped:     whether graphemes were made the symbols because code points would have broken letters
    unique:      different items; of different kinds they are different
    lengths:     length in symbols -> number of items of it, of those kept
    counts:      symbol -> how often it stands in those kept
    dropped:     reason -> how many lines or items were left out
    only_outside_train: symbols that val or test has and train has not
    splits:      split -> its items and the tokens to be predicted in it
    files:       what each file is called in sentences
    told:        sentences on how the file was read, and on what in it may be no item; they open the notes
    notes:       plain sentences, those first that say what cannot be measured
    kinds:       kind -> its items, in the order of `Corpus.kinds`
    weights:     where items have weights
    divided:     whether some items were to be set aside for val and test; else cross-validation measures
    """

    source: str
    text: bool = False
    lines: int = 0
    items: int = 0
    unique: int = 0
    vocab_size: int = 0
    unit: str = "char"
    grouped: bool = False
    longest_item: str = ""
    weights: Weights | None = None
    read_as: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    kinds: dict[str, KindCount] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    only_outside_train: list[str] = field(default_factory=list)
    suspicious: dict[str, Suspicion] = field(default_factory=dict)
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    divided: bool = True

    def suspect(self, kind: str, count: int, lines: list[int], example: str) -> None:
        """So many more of this kind, the first of them in these lines."""
        suspicion = self.suspicious.setdefault(kind, Suspicion(example=example))
        suspicion.count += count
        suspicion.lines = (suspicion.lines + lines)[:MOST_LINES]

    def called(self, sentence: str, name: str | None = None) -> str:
        """A sentence with its files called by this name, or by their own without the folders that they stand in."""
        for file in sorted(self.files, key=len, reverse=True):
            sentence = sentence.replace(file, name or re.split(r"[/\\]", file)[-1])
        return sentence

    def headline(self) -> str:
        """What was read, in few words."""
        items, symbols = sum(split["items"] for split in self.splits.values()), len(self.counts)
        kinds = f" of {len(self.kinds):,} kind{'s' * (len(self.kinds) != 1)}" if self.kinds else ""
        read_as = f" ({'; '.join(self.read_as)})" if self.read_as else ""
        return (
            f"{self.source}{read_as}: {items:,} item{'s' * (items != 1)}{kinds}, {symbols:,} different "
            f"symbol{'s' * (symbols != 1)}"
        )

    @property
    def duplicates(self) -> int:
        """Items that occurred before, whether they were dropped or kept."""
        return self.items - self.unique

    @property
    def longest(self) -> int:
        """Length of the longest item in symbols."""
        return max(self.lengths, default=0)

    @property
    def shortest(self) -> int:
        """Length of the shortest item in symbols."""
        return min(self.lengths, default=0)

    @property
    def mean_length(self) -> float:
        """Mean length in symbols."""
        return sum(n * k for n, k in self.lengths.items()) / max(1, sum(self.lengths.values()))

    @property
    def once(self) -> list[str]:
        """Symbols that occur a single time: nothing can be learned about them, and nothing measured."""
        return [symbol for symbol, n in self.counts.items() if n == 1]

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        splits = ", ".join(f"{name} {part['items']:,}" for name, part in self.splits.items())
        rows = [
            ("items", f"{self.items:,}, {self.duplicates:,} of them duplicates"),
            ("symbols", f"{len(self.counts):,}: {' '.join(list(self.counts)[:40])}"),
            ("length", f"{self.shortest} to {self.longest}, {self.mean_length:.1f} on average"),
            ("split", splits),
            *(("note", note) for note in self.notes),
        ]
        return markup.heading(self.source, self.headline()) + markup.table(rows)

    def to_json(self) -> dict[str, object]:
        """Plain values; the keys stay as they are from release to release."""
        most_frequent = sorted(self.counts.items(), key=lambda pair: -pair[1])[:MOST_SYMBOLS]
        return {
            "source": self.source,
            "text": self.text,
            "read_as": self.read_as,
            "left_out": self.left_out,
            "unit": self.unit,
            "lines": self.lines,
            "items": self.items,
            "unique": self.unique,
            "duplicates": self.duplicates,
            "symbols": len(self.counts),
            "vocab_size": self.vocab_size,
            "shortest": self.shortest,
            "longest": self.longest,
            "mean_length": round(self.mean_length, 4),
            "longest_item": self.longest_item,
            "dropped": dict(self.dropped),
            "suspicious": [
                {"kind": kind, "count": s.count, "lines": s.lines, "example": s.example}
                for kind, s in self.suspicious.items()
            ],
            "splits": self.splits,
            "kinds": [
                {"kind": kind, "items": k.items, "train": k.train, "examples": k.examples}
                for kind, k in self.kinds.items()
            ],
            "weights": None if self.weights is None else asdict(self.weights),
            "symbols_once": self.once[:MOST_SYMBOLS],
            "lengths": [[length, n] for length, n in sorted(self.lengths.items())],
            "symbol_counts": [[symbol, n] for symbol, n in most_frequent],
            "notes": self.notes,
        }
