"""Pictures of what a model knows: embedding map, count table, and how soon contexts run out."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Integer

from moreish.data import Corpus
from moreish.data.vocab import Vocab
from moreish.inference.neighbours import embedding_of
from moreish.models.contract import LanguageModel
from moreish.ngram import count_ngrams, coverage
from moreish.plots.curves import INK, canvas, figure_of, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    """`embedding`, written to a file."""
    save(figure_of(embedding(model, vocab, most)), to)


def embedding(model: LanguageModel, vocab: Vocab, most: int = 200, *, ax: "Axes | None" = None) -> "Axes":
    """Where the network puts each symbol; of a large vocabulary, the first `most`.

    Symbols that would cover one another are moved apart, each with a line to its place.
    """
    places, kept = principal(embedding_of(model))
    axes = canvas(ax, 6.4, 6.4)
    shown = names_of(vocab)[:most]
    places = places[: len(shown)]
    width = 0.035 + 0.009 * max(0, max(map(len, shown)) - 1) if vocab.unit == "word" else 0.035
    labels = uncovered(places, width, 0.035)
    axes.scatter(*places.T, s=170 if vocab.unit != "word" else 8, color="#99f6e4", linewidth=0)
    for name, at, label in zip(shown, places, labels, strict=True):
        moved = bool(np.abs(at - label).max() > 1e-9)
        line = {"arrowstyle": "-", "color": "#94a3b8", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
        arrow = line if moved else None
        x, y = label
        axes.annotate(plain(name), at, (x, y), arrowprops=arrow, ha="center", va="center", fontsize=9, color=INK)
    axes.autoscale_view()
    share = "" if kept > 0.9999 else f": two main axes, {kept:.0%} of the variance"
    axes.set_title(f"embeddings{share}", color=INK, loc="left", fontsize=11)
    return axes


def uncovered(places: Float[np.ndarray, "N 2"], width: float, height: float, rounds: int = 60) -> np.ndarray:
    """Places for labels: those of the points, pushed apart where two boxes overlap.

    width, height : of a label, as shares of the whole picture
    """
    low, span = places.min(0), np.ptp(places, axis=0)
    span = np.where(span > 0, span, 1.0)
    scaled = ((places - low) / span / [width, height]).astype(np.float64)  # boxes of 1 by 1
    start = scaled.copy()
    jitter = np.stack([np.cos(np.arange(len(scaled)) * 2.4), np.sin(np.arange(len(scaled)) * 2.4)], 1)
    for _ in range(rounds):
        apart_by = scaled[:, None] - scaled[None]
        overlap = 1 - np.abs(apart_by).max(2)
        np.fill_diagonal(overlap, 0)
        if overlap.max(initial=0) <= 1e-3:
            break
        direction = apart_by / np.maximum(np.linalg.norm(apart_by, axis=2, keepdims=True), 1e-9)
        same = np.linalg.norm(apart_by, axis=2) < 1e-6
        direction[same] = (jitter[:, None] - jitter[None])[same]
        scaled += 0.5 * (direction * np.clip(overlap, 0, None)[..., None]).sum(1)
    scaled[np.abs(scaled - start).max(1) < 0.05] = start[np.abs(scaled - start).max(1) < 0.05]
    moved = np.abs(scaled - start).max(1) > 0
    result = places.astype(np.float64).copy()
    result[moved] = (scaled * [width, height] * span + low)[moved]
    return result


def pair_counts(corpus: Corpus) -> Integer[np.ndarray, "V V"]:
    """How often each id follows each other, over the whole list."""
    ids, size = corpus.split("all").ids.astype(np.int64), len(corpus.vocab)
    return np.bincount(ids[:-1] * size + ids[1:], minlength=size**2).reshape(size, size)


def count_table(corpus: Corpus, to: Path) -> None:
    """`pairs`, written to a file."""
    save(figure_of(pairs(corpus)), to)


def pairs(corpus: Corpus, *, ax: "Axes | None" = None) -> "Axes":
    """The V x V table of pairs, row by row, darker where more frequent. Raises ValueError where V is too large."""
    names = names_of(corpus.vocab)
    if len(names) > MOST_SYMBOLS:
        raise ValueError(f"a table of {len(names)} x {len(names)} pairs cannot be read; {MOST_SYMBOLS} are the most")
    counts = pair_counts(corpus)
    side = max(4.0, 0.42 * len(names))
    axes = canvas(ax, side, side)
    axes.grid(visible=False)
    axes.imshow(np.log1p(counts), cmap="Blues")
    for (i, j), n in np.ndenumerate(counts):
        colour = "white" if np.log1p(n) > 0.65 * np.log1p(counts.max()) else INK
        axes.text(j, i - 0.2, plain(names[i] + names[j]), ha="center", va="center", fontsize=5, color=colour)
        axes.text(j, i + 0.22, f"{n}", ha="center", va="center", fontsize=5, color=colour)
    letters = [plain(name) for name in names]
    axes.set_xticks(range(len(names)), letters)
    axes.set_yticks(range(len(names)), letters)
    axes.tick_params(length=0, labelsize=8, labeltop=True, labelbottom=True, labelright=True, colors=INK)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("second symbol", color=INK)
    axes.set_ylabel("first symbol", color=INK)
    axes.set_title("how often the second follows the first", color=INK, loc="left", fontsize=11, pad=18)
    return axes


def coverage_curves(corpus: Corpus, to: Path, highest: int = 8) -> None:
    """`contexts`, written to a file."""
    save(figure_of(contexts(corpus, highest)), to)


def contexts(corpus: Corpus, highest: int = 8, *, ax: "Axes | None" = None) -> "Axes":
    """Per length of context: the share of val's predictions whose context, or context and symbol, train never had."""
    train, val = corpus.split("train"), corpus.split("val")
    if not len(val):
        raise ValueError("this list is too short to have a val split, so nothing can be measured on it")
    counts = count_ngrams(train.ids, train.offsets, len(corpus.vocab), highest)
    rows = coverage(counts, val.ids, val.offsets)
    lengths = [row.length for row in rows]
    axes = canvas(ax)
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
    return axes


def _short(n: int) -> str:
    return f"{n:,}" if n < 1_000_000 else f"{n:.0e}"
