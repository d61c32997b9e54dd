"""Findings about data, before there is a run: leaks, duplicates, padding, symbols that never occur."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Int
from torch import Tensor, bincount

from moreish.doctor.judge.table import Rule, Verdict, found


@dataclass(frozen=True)
class Split:
    """Items that are trained on, and items that were set aside; neither is empty."""

    train: Sequence[Hashable]
    val: Sequence[Hashable]

    @cached_property
    def counts(self) -> Counter[Hashable]:
        """How often each item of train occurs."""
        return Counter(self.train)

    @cached_property
    def repeated(self) -> float:
        """Share of train that occurs more than once."""
        return sum(n for n in self.counts.values() if n > 1) / len(self.train)

    @cached_property
    def leaked(self) -> float:
        """Share of val that is in train as well."""
        return sum(item in self.counts for item in self.val) / len(self.val)

    @property
    def val_is_train(self) -> bool:
        """Whether val is a part of train, in a list that does not consist of repetitions."""
        return self.leaked > 0.99 and self.repeated < 0.9


@dataclass(frozen=True)
class Batch:
    """Contexts, and the id that stands for no symbol."""

    inputs: Int[Tensor, "B T"]
    padding: int


@dataclass(frozen=True)
class Symbols:
    """Targets of a training, and the vocabulary that they are from."""

    targets: Int[Tensor, " N"]
    vocabulary: Sequence[str]


@dataclass(frozen=True)
class Samples:
    """What was sampled, the items that were trained on, and items that were not."""

    samples: Sequence[Hashable]
    train: Sequence[Hashable]
    held_out: Sequence[Hashable]


@Rule(
    "F31",
    "val-is-train",
    "val is train",
    why="Every item of val was trained on.\n"
    "The val loss says nothing about new items,\n"
    "and overfitting cannot be seen.",
    needs="split",
)
def val_is_train(split: Split) -> Iterator[Verdict]:
    """More than 99 % of val is in train."""
    if split.val_is_train:
        yield found(
            "sick",
            "",
            0,
            f"{split.leaked:.0%} of the val items are also in train.",
            "Evaluate on items that were set aside before training.",
            confidence=1.0,
            share=split.leaked,
        )


@Rule(
    "F26",
    "split-leak",
    "split leak",
    silent="the list has that many natural duplicates",
    why="An item that was trained on is easy when it is asked for again.\n"
    "The val loss then measures memory as well,\n"
    "and the better a model memorises, the better it looks.",
    needs="split",
)
def split_leak(split: Split) -> Iterator[Verdict]:
    """More of val is in train than chance explains.

    Chance is the share of train items that occur more than once: a list with natural duplicates, split by lines, has
    about that share of val in train. Twice that, and 1 % in any case, is let pass.
    """
    if split.val_is_train or split.leaked <= max(0.01, 2 * split.repeated):
        return
    yield found(
        "sick" if split.leaked > 0.1 else "watch",
        "",
        0,
        f"{split.leaked:.1%} of the val items are also in train; the list's own duplicates explain "
        f"{split.repeated:.1%}.",
        "Split by items, after removing duplicates: dict.fromkeys(items).",
        confidence=0.95,
        share=split.leaked,
    )


@Rule(
    "F27",
    "duplicates",
    "duplicates",
    why="Real lists repeat: two people may have one name.\n"
    "Split by lines, such items stand on both sides.\n"
    "Honest evaluation removes duplicates before it splits.",
    needs="split",
)
def duplicates(split: Split) -> Iterator[Verdict]:
    """More than 1 % of train occurs more than once: worth knowing, no alarm."""
    if split.repeated <= 0.01:
        return
    yield found(
        "info",
        "",
        0,
        f"{split.repeated:.1%} of the training items occur more than once, and {split.leaked:.1%} of val is in "
        "train.",
        "Remove duplicates before splitting, or say beside the figures that they are in.",
        confidence=1.0,
        share=split.repeated,
    )


@Rule(
    "F48",
    "untrained-symbol",
    "symbol never trained",
    why="The model has a place for a symbol that never was a target.\n"
    "Its output weights only ever learned to be unlikely; as an input it is noise.\n"
    "Mostly the vocabulary was taken from another list.",
    needs="symbols",
)
def untrained_symbol(given: Symbols) -> Iterator[Verdict]:
    """Symbols that are never a target; above 2 % of the vocabulary it is watch."""
    counts = bincount(given.targets.cpu().reshape(-1), minlength=len(given.vocabulary))
    never = [s for s, n in zip(given.vocabulary, counts.tolist(), strict=False) if n == 0]
    if not never:
        return
    shown = ", ".join(repr(s) for s in never[:8])
    yield found(
        "watch" if len(never) > 0.02 * len(given.vocabulary) else "info",
        "",
        0,
        f"{len(never)} of {len(given.vocabulary)} symbols are never a target in training: {shown}.",
        "Make the vocabulary from the training items, or add items that have these symbols.",
        confidence=1.0,
        symbols=len(never),
    )


@Rule(
    "F49",
    "repeats-training",
    "sampler repeats the training set",
    silent="fewer than 50 samples or 200 training items; models so sure that it is to be expected",
    why="If most of what is sampled stands in the training list, the model repeats instead of inventing.\n"
    "Some repetition is chance: likely items are likely to be in the list.\n"
    "A share as high as for held-out items is what chance gives.",
    needs="samples",
)
def repeats_training(given: Samples) -> Iterator[Verdict]:
    """Half of the samples are in the training list, and twice what a held-out list of its size would have."""
    known, other = set(given.train), set(given.held_out)
    samples = given.samples
    if len(samples) < 50 or len(known) < 200 or not other:
        return
    share = sum(s in known for s in samples) / len(samples)
    chance = sum(s in other for s in samples) / len(samples) * len(known) / len(other)
    if share < 0.5 or share < 2 * chance:
        return
    yield found(
        "watch" if share < 0.8 else "sick",
        "",
        0,
        f"{share:.0%} of the samples stand in the training list; chance would give {min(chance, 1):.0%}.",
        "Stop earlier, use a smaller net, more data or dropout; do not sample at a temperature far below 1.",
        confidence=0.85,
        share=share,
        chance=chance,
    )


@Rule(
    "F50",
    "mostly-padding",
    "context mostly padding",
    why="Where the context is longer than the items, most of it is the boundary again and again.\n"
    "It costs time and memory and says nothing.\n"
    "A shorter block does the same.",
    needs="batch",
)
def mostly_padding(batch: Batch) -> Iterator[Verdict]:
    """More than half of the context is padding: worth knowing, no alarm."""
    share = float((batch.inputs == batch.padding).double().mean())
    if share > 0.5:
        yield found(
            "info",
            "",
            0,
            f"{share:.0%} of the context is padding.",
            f"A block of about {max(1, round(batch.inputs.shape[1] * (1 - share) * 2))} would do.",
            confidence=1.0,
            share=share,
        )
