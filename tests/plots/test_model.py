"""Pictures are drawn, and the numbers behind them are right."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from moreish.data import DataOptions, from_items
from moreish.inference.neighbours import embedding_of, nearest_words, neighbours
from moreish.inference.network import Network
from moreish.models import build_model, model_class
from moreish.ngram import KneserNey
from moreish.plots.lr import range_test
from moreish.plots.model import count_table, coverage_curves, embedding_map, pair_counts, principal
from moreish.training.find_lr import find_lr
from moreish.training.options import TrainOptions


def network(corpus, n_embd):
    options = model_class("mlp").Options(n_embd=n_embd, n_hidden=8)
    return Network(build_model("mlp", options, len(corpus.vocab), 0))


def is_png(path):
    return path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size > 2000


def test_two_dimensions_are_drawn_as_they_are():
    vectors = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    places, kept = principal(vectors)
    np.testing.assert_array_equal(places, vectors)
    assert kept == 1


def test_more_dimensions_are_drawn_by_the_axes_of_largest_variance():
    vectors = np.random.default_rng(0).normal(size=(40, 6)) * [5, 1, 3, 0.5, 0.2, 0.1]
    places, kept = principal(vectors)
    values = np.linalg.eigvalsh(np.cov(vectors.T))[::-1]  # the oracle: eigenvalues of the covariance
    np.testing.assert_allclose(places.var(0, ddof=1), values[:2])
    assert kept == pytest.approx(values[:2].sum() / values.sum())
    np.testing.assert_allclose(places.mean(0), 0, atol=1e-12)


def test_neighbours_point_in_the_same_direction():
    vectors = np.array([[9, 9], [1, 0.0], [5, 0.1], [0, 1], [-1, 0], [0, 0]])
    found = neighbours(vectors, 1, 4)
    assert [i for i, _ in found] == [2, 3, 5, 4]
    assert found[0][1] == pytest.approx(5 / np.hypot(5, 0.1))
    assert found[-1][1] == -1


def test_words_have_neighbours_and_parts_of_text_do_not():
    lines = ["the king speaks", "the queen speaks", "a king sleeps"]
    corpus = from_items(lines, DataOptions(unit="word", split="lecture", val_share=0.0, test_share=0.0))
    model = network(corpus, 3)
    found = nearest_words(model, corpus.vocab, "king", 3)
    assert len(found) == 3
    assert "king" not in dict(found)
    with pytest.raises(ValueError, match="2 symbols of this list, not one"):
        nearest_words(model, corpus.vocab, "the king")


def test_counts_of_pairs_are_those_of_the_text(corpus):
    counts = pair_counts(corpus)
    expected = Counter(pairwise(corpus.split("all").ids.tolist()))
    assert {pair: int(n) for pair, n in np.ndenumerate(counts) if n} == dict(expected)


@pytest.mark.parametrize("n_embd", [1, 2, 7])
def test_an_embedding_map_is_drawn(corpus, tmp_path, n_embd):
    embedding_map(network(corpus, n_embd), corpus.vocab, tmp_path / "map.png")
    assert is_png(tmp_path / "map.png")


def test_counting_models_have_no_embeddings(corpus):
    part = corpus.split("train")
    with pytest.raises(ValueError, match="only a network has embeddings"):
        embedding_of(KneserNey.fit(part.ids, part.offsets, len(corpus.vocab), 2))


@pytest.mark.slow
def test_the_count_table_and_the_curse_are_drawn(corpus, tmp_path):
    count_table(corpus, tmp_path / "counts.png")
    coverage_curves(corpus, tmp_path / "curse.png", 4)
    assert is_png(tmp_path / "counts.png")
    assert is_png(tmp_path / "curse.png")


def test_a_table_that_nobody_could_read_is_refused(tmp_path):
    wide = from_items([chr(0x4E00 + i) for i in range(70)], DataOptions())
    with pytest.raises(ValueError, match="cannot be read"):
        count_table(wide, tmp_path / "counts.png")


def test_a_range_test_is_drawn(corpus, tmp_path):
    options = TrainOptions(optimizer="sgd", batch_size=32, clip=0.0)
    make = network(corpus, 4).module
    found = find_lr(
        lambda seed: build_model("bigram", model_class("bigram").Options(), make.vocab_size, seed),
        corpus.split("train"),
        options,
        seeds=2,
        steps=200,
        lowest=-2.0,
        highest=2.5,
    )
    range_test(found, tmp_path / "lr.png")
    assert is_png(tmp_path / "lr.png")
