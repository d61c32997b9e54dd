"""Pictures of what a model knows: embedding map, count table, and how soon contexts run out."""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Integer

from moreish.data import Corpus
from moreish.data.vocab import Vocab
from moreish.inference.neighbours import embedding_of
from moreish.models.contract import LanguageModel
from moreish.ngram import count_ngrams, coverage
from moreish.plots.curves import INK, empty_figure, save

END = "·"  # stands for the boundary, which no list has as a letter
MOST_SYMBOLS = 60  # of a count table that can still be read


def names_of(vocab: Vocab) -> list[str]:
    """What is written for each id."""
    return [END, *vocab.symbols]


def principal(vectors: Float[np.ndarray, "V C"]) -> tuple[Float[np.ndarray, "V 2"], float]:
    """(places in the plane, share of the variance they keep): as they are in 2-D, by their main axes above."""
    if vectors.shape[1] == 1:
        return np.column_stack([vectors[:, 0], np.zeros(len(vectors), vectors.dtype)]), 1.0
    if vectors.shape[1] == 2:
        return vectors, 1.0
    _, size, axes = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    total = float((size**2).sum())
    return (vectors - vectors.mean(0)) @ axes[:2].T, float((size[:2] ** 2).sum()) / total if total else 1.0


def embedding_map(model: LanguageModel, vocab: Vocab, to: Path, most: int = 200) -> None:
    """Where the network puts each symbol; of a large vocabulary, the first `most`."""
    places, kept = principal(embedding_of(model))
    figure, axes = empty_figure(6.4, 6.4)
    shown = names_of(vocab)[:most]
    axes.scatter(*places[: len(shown)].T, s=170 if vocab.unit != "word" else 8, color="#99f6e4", linewidth=0)
    for name, (x, y) in zip(shown, places, strict=False):
        axes.annotate(_plain(name), (x, y), ha="center", va="center", fontsize=9, color=INK)
    share = "" if kept > 0.9999 else f": two main axes, {kept:.0%} of the variance"
    axes.set_title(f"embeddings{share}", color=INK, loc="left", fontsize=11)
    save(figure, to)


def pair_counts(corpus: Corpus) -> Integer[np.ndarray, "V V"]:
    """How often each id follows each other, over the whole list."""
    ids, size = corpus.split("all").ids.astype(np.int64), len(corpus.vocab)
    return np.bincount(ids[:-1] * size + ids[1:], minlength=size**2).reshape(size, size)


def count_table(corpus: Corpus, to: Path) -> None:
    """The V x V table of pairs, row by row, darker where more frequent. Raises ValueError where V is too large."""
    names = names_of(corpus.vocab)
    if len(names) > MOST_SYMBOLS:
        raise ValueError(f"a table of {len(names)} x {len(names)} pairs cannot be read; {MOST_SYMBOLS} are the most")
    counts = pair_counts(corpus)
    side = max(4.0, 0.42 * len(names))
    figure, axes = empty_figure(side, side)
    axes.grid(visible=False)
    axes.imshow(np.log1p(counts), cmap="Blues")
    for (i, j), n in np.ndenumerate(counts):
        colour = "white" if np.log1p(n) > 0.65 * np.log1p(counts.max()) else INK
        axes.text(j, i - 0.2, _plain(names[i] + names[j]), ha="center", va="center", fontsize=5, color=colour)
        axes.text(j, i + 0.22, f"{n}", ha="center", va="center", fontsize=5, color=colour)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title("how often the second follows the first", color=INK, loc="left", fontsize=11)
    save(figure, to)


def coverage_curves(corpus: Corpus, to: Path, highest: int = 8) -> None:
    """Per length of context: the share of val's predictions whose context, or context and symbol, train never had."""
    train, val = corpus.split("train"), corpus.split("val")
    if not len(val):
        raise ValueError("this list is too short to have a val split, so nothing can be measured on it")
    counts = count_ngrams(train.ids, train.offsets, len(corpus.vocab), highest)
    rows = coverage(counts, val.ids, val.offsets)
    lengths = [row.length for row in rows]
    figure, axes = empty_figure()
    for what, colour, label in (
        ([row.new_ngram / row.predictions for row in rows], "#be185d", "context and symbol never seen together"),
        ([row.new_context / row.predictions for row in rows], "#0f766e", "context never seen"),
    ):
        axes.plot(lengths, np.array(what) * 100, color=colour, marker="o", markersize=4, linewidth=1.8, label=label)
    for row in rows[1:]:
        share = f"{row.seen:,}\nof {_short(row.possible)}"
        axes.annotate(share, (row.length, 101), ha="center", va="bottom", fontsize=7, color=INK)
    axes.set_ylim(0, 115)
    axes.set_xticks(lengths)
    axes.set_xlabel("length of the context (above: contexts in train, of those possible)", color=INK)
    axes.set_ylabel("% of val's predictions", color=INK)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="center left")
    save(figure, to)


def _plain(text: str) -> str:
    """Text for matplotlib, which reads dollar signs as mathematics."""
    return text.replace("$", r"\$").replace("\n", "⏎")


def _short(n: int) -> str:
    return f"{n:,}" if n < 1_000_000 else f"{n:.0e}"
