"""A list in the symbols and kinds of another one as well, so that a model of that one can go on with it."""

from dataclasses import replace

import numpy as np
from jaxtyping import Integer

from moreish.data.corpus import Corpus, Split
from moreish.data.vocab import UNKNOWN, Vocab


def extended(corpus: Corpus, other: Corpus) -> Corpus:
    """The list with the symbols and kinds that `other` has besides its own; ids and kinds are numbered anew.

    Raises ValueError where the two do not agree on what a symbol is, or on whether items have kinds.
    """
    mine, theirs = corpus.vocab, other.vocab
    for name in ("unit", "normalise", "lower", "running"):
        if getattr(mine, name) != getattr(theirs, name):
            raise ValueError(
                f"{corpus.report.source} and {other.report.source} were read with different symbols ({name} is "
                f"{getattr(mine, name)} and {getattr(theirs, name)}), so one model cannot learn from both"
            )
    if bool(corpus.kinds) != bool(other.kinds):
        which = other.report.source if other.kinds else corpus.report.source
        raise ValueError(f"only {which} has kinds: one model learns kinds from both lists, or from none")
    vocab = united(mine, theirs)
    kinds = tuple(dict.fromkeys([*other.kinds, *corpus.kinds]))
    whole = renumbered(corpus.split("all"), mine, vocab)
    if whole.kinds is not None:
        whole = replace(whole, kinds=kinds_among(kinds, corpus.kinds).astype(np.uint16)[whole.kinds])
    counts = [len(corpus.split(name)) for name in ("train", "val", "test")]
    return Corpus(vocab, whole, counts, corpus.places, corpus.options, corpus.report, corpus.hashes, kinds)


def united(one: Vocab, other: Vocab) -> Vocab:
    """The symbols of both, in the order of their code points; what stands for rare words last."""
    unknown = one.unknown or other.unknown
    symbols = sorted((set(one.symbols) | set(other.symbols)) - ({UNKNOWN} if unknown else set()))
    return replace(one, symbols=(*symbols, *([UNKNOWN] if unknown else [])), unknown=unknown)


def renumbered(split: Split, old: Vocab, new: Vocab) -> Split:
    """The same items with the ids that their symbols have in a vocabulary that holds all of them."""
    number = np.array([0, *(new.ids[symbol] for symbol in old.symbols)], new.dtype)
    return replace(split, ids=number[split.ids])


def ids_in(old: Vocab, new: Vocab) -> Integer[np.ndarray, " V"]:
    """For each id of the new vocabulary, boundary included, the id that it had in the old one; -1 where none."""
    return np.array([0, *(old.ids.get(symbol, -1) for symbol in new.symbols)])


def kinds_among(names: tuple[str, ...], own: tuple[str, ...]) -> Integer[np.ndarray, " K"]:
    """For each of one's own kinds its place among the names."""
    return np.array([names.index(kind) for kind in own])
