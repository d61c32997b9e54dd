"""Checks of data before any training: leaks, duplicates, targets, padding, symbols that never occur."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from moreish.doctor.frames.counts import RunningCounts
from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Finding
from moreish.doctor.judge.rules import targets
from moreish.doctor.judge.table import found, rule


def _nothing(history: History) -> Iterator[Finding]:
    """These rows are judged from data, not from a run."""
    yield from ()


rule(
    "F26",
    "split leak",
    silent="the list has that many natural duplicates",
    why="An item that was trained on is easy when it is asked for again.\n"
    "The val loss then measures memory as well,\n"
    "and the better a model memorises, the better it looks.",
)(_nothing)
rule(
    "F27",
    "duplicates",
    why="Real lists repeat: two people may have one name.\n"
    "Split by lines, such items stand on both sides.\n"
    "Honest evaluation removes duplicates before it splits.",
)(_nothing)
rule(
    "F31",
    "val is train",
    why="Every item of val was trained on.\n"
    "The val loss says nothing about new items,\n"
    "and overfitting cannot be seen.",
)(_nothing)
rule(
    "F48",
    "symbol never trained",
    why="The model has a place for a symbol that never was a target.\n"
    "Its output weights only ever learned to be unlikely; as an input it is noise.\n"
    "Mostly the vocabulary was made from another list.",
)(_nothing)
rule(
    "F49",
    "sampler repeats the training set",
    silent="lists so short or models so sure that it is to be expected",
    why="If most of what is sampled stands in the training list, the model repeats instead of inventing.\n"
    "Some repetition is chance: likely items are likely to be in the list.\n"
    "A share as high as for held-out items is what chance gives.",
)(_nothing)
rule(
    "F50",
    "context mostly padding",
    why="Where the context is longer than the items, most of it is the boundary again and again.\n"
    "It costs time and memory and says nothing.\n"
    "A shorter block does the same.",
)(_nothing)


def check_split(train: Sequence[Hashable], val: Sequence[Hashable]) -> list[Finding]:
    """Leaks and duplicates: F31 where val is train, F26 where more of val stands in train than chance explains.

    Chance is the share of train items that occur more than once: a list with natural duplicates, split by lines, has
    about that share of val in train. Up to twice that, and up to 1 %, is reported as information.
    """
    counts = Counter(train)
    if not counts or not len(val):
        return []
    repeated = sum(n for n in counts.values() if n > 1) / len(train)
    leaked = sum(item in counts for item in val) / len(val)
    findings = []
    if leaked > 0.99 and repeated < 0.9:
        findings.append(
            found(
                "F31",
                "sick",
                "",
                0,
                f"{leaked:.0%} of the val items are also in train.",
                "Evaluate on items that were set aside before training.",
                confidence=1.0,
                share=leaked,
            )
        )
    elif leaked > max(0.01, 2 * repeated):
        findings.append(
            found(
                "F26",
                "sick" if leaked > 0.1 else "watch",
                "",
                0,
                f"{leaked:.1%} of the val items are also in train; the list's own duplicates explain {repeated:.1%}.",
                "Split by items, after removing duplicates: dict.fromkeys(items).",
                confidence=0.95,
                share=leaked,
            )
        )
    if repeated > 0.01:
        findings.append(
            found(
                "F27",
                "info",
                "",
                0,
                f"{repeated:.1%} of the training items occur more than once, and {leaked:.1%} of val is in train.",
                "Remove duplicates before splitting, or say beside the figures that they are in.",
                confidence=1.0,
                share=repeated,
            )
        )
    return findings


def check_batch(
    inputs: Int[Tensor, "B T"], targets_: Int[Tensor, "..."], classes: int, padding: int = 0
) -> list[Finding]:
    """Targets that are the last input (F25) or have nothing to do with it (F24), and contexts of padding (F50).

    Wants 600 pairs or more for F24: give many rows.
    """
    history = History()
    history.counts = RunningCounts()
    history.counts.pair(inputs.cpu(), targets_.cpu(), classes)
    findings = [*targets.copies_input(history), *targets.misaligned(history)]
    share = float((inputs == padding).double().mean())
    if share > 0.5:
        findings.append(
            found(
                "F50",
                "info",
                "",
                0,
                f"{share:.0%} of the context is padding.",
                f"A block of about {max(1, round(inputs.shape[1] * (1 - share) * 2))} would do.",
                confidence=1.0,
                share=share,
            )
        )
    return findings


def check_symbols(targets_: Int[Tensor, " N"], symbols: Sequence[str]) -> list[Finding]:
    """Symbols of the vocabulary that are never a target in training (F48)."""
    counts = torch.bincount(targets_.cpu().reshape(-1), minlength=len(symbols))
    never = [s for s, n in zip(symbols, counts.tolist(), strict=False) if n == 0]
    if not never:
        return []
    shown = ", ".join(repr(s) for s in never[:8])
    return [
        found(
            "F48",
            "watch" if len(never) > 0.02 * len(symbols) else "info",
            "",
            0,
            f"{len(never)} of {len(symbols)} symbols are never a target in training: {shown}.",
            "Make the vocabulary from the training items, or add items that have these symbols.",
            confidence=1.0,
            symbols=len(never),
        )
    ]


def check_samples(
    samples: Sequence[Hashable], train: Sequence[Hashable], held_out: Sequence[Hashable]
) -> list[Finding]:
    """Whether what is sampled stands in the training list far more often than in a held-out one of equal size (F49).

    A model that invents hits both lists at the same rate; memory hits the training list only. Fewer than 50 samples,
    or a training list below 200 items, are not judged.
    """
    known, other = set(train), set(held_out)
    if len(samples) < 50 or len(known) < 200 or not other:
        return []
    share = sum(s in known for s in samples) / len(samples)
    chance = sum(s in other for s in samples) / len(samples) * len(known) / len(other)
    if share < 0.5 or share < 2 * chance:
        return []
    return [
        found(
            "F49",
            "watch" if share < 0.8 else "sick",
            "",
            0,
            f"{share:.0%} of the samples stand in the training list; chance would give {min(chance, 1):.0%}.",
            "Stop earlier, use a smaller net, more data or dropout; do not sample at a temperature far below 1.",
            confidence=0.85,
            share=share,
            chance=chance,
        )
    ]
