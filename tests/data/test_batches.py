"""Windows and sequences against the plain loops of the lectures, and batches that each see everything once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import Split, from_items
from moreish.data.batches import Pieces, SequenceBatches, WindowBatches, batches_from, windows
from moreish.rng import rng_for, torch_seed

V = 7
items_of_ids = st.lists(st.lists(st.integers(1, V - 1), min_size=1, max_size=9), min_size=1, max_size=12)


def part_of(items) -> Split:
    ids = [0]
    offsets = [0]
    for item in items:
        ids += [*item, 0]
        offsets.append(len(ids) - 1)
    return Split(np.array(ids, np.uint8), np.array(offsets, np.int64))


def lecture_windows(items, block_size):
    """The double loop of the lectures, one symbol at a time."""
    x, y = [], []
    for item in items:
        context = [0] * block_size
        for i in [*item, 0]:
            x.append(context)
            y.append(i)
            context = [*context[1:], i]
    return x, y


@given(items_of_ids, st.integers(1, 12))
def test_windows_are_those_of_the_lectures_loop(items, block_size):
    x, y = windows(part_of(items), block_size)
    expected_x, expected_y = lecture_windows(items, block_size)
    assert x.tolist() == expected_x
    assert y.tolist() == expected_y
    assert x.dtype == np.uint8, "windows keep the small dtype of the corpus"


def test_the_windows_of_emma_are_those_of_the_picture():
    corpus = from_items(["emma"])
    x, y = windows(corpus.split("all"), 3)
    shown = [
        "".join(corpus.vocab.symbols[i - 1] if i else "." for i in [*row, target])
        for row, target in zip(x.tolist(), y.tolist(), strict=True)
    ]
    assert shown == ["...e", "..em", ".emm", "emma", "mma."]


@given(items_of_ids, st.integers(1, 9))
def test_pieces_cover_every_prediction_once(items, block_size):
    part = part_of(items)
    pieces = Pieces.of(part, block_size)
    covered = np.concatenate(
        [np.arange(s + 1, s + n + 1) for s, n in zip(pieces.starts, pieces.lengths, strict=True)]
    )
    assert sorted(covered.tolist()) == list(range(1, len(part.ids)))
    assert pieces.lengths.max() <= block_size
    # no piece reaches from one item into the next: a boundary is read only as the first symbol
    for start, length in zip(pieces.starts, pieces.lengths, strict=True):
        assert (part.ids[start + 1 : start + length] != 0).all()


@given(items_of_ids, st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**40))
def test_an_epoch_of_sequences_holds_every_prediction_once_in_unpadded_batches(items, block_size, batch_size, seed):
    part = part_of(items)
    source = SequenceBatches(part, block_size, batch_size, seed)
    if source.one_text:
        return
    batches = list(source.epoch(3))
    assert len(batches) == source.per_epoch
    assert all(len(b.x) <= batch_size and b.x.shape == b.y.shape for b in batches)
    assert sum(b.y.size for b in batches) == part.n_predicted
    counts = np.bincount(np.concatenate([b.y.ravel() for b in batches]), minlength=V)
    assert counts.tolist() == np.bincount(part.ids[1:], minlength=V).tolist()
    # the weights make the sum over an epoch of (mean loss x weight) the token-weighted loss
    assert sum(b.weight for b in batches) == pytest.approx(len(batches))


@given(items_of_ids, st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**40))
def test_an_epoch_of_windows_never_repeats_one(items, block_size, batch_size, seed):
    source = WindowBatches(part_of(items), block_size, batch_size, seed)
    rows = [(*tuple(row), int(t)) for b in source.epoch(0) for row, t in zip(b.x.tolist(), b.y, strict=True)]
    everything = [(*tuple(row), int(t)) for row, t in zip(source.x.tolist(), source.y, strict=True)]
    assert len(rows) == source.per_epoch * source.batch_size
    assert all(rows.count(row) <= everything.count(row) for row in rows)


def test_running_text_is_cut_elsewhere_in_every_epoch():
    part = part_of([list(np.random.default_rng(0).integers(1, V, 200))])
    source = SequenceBatches(part, 8, 4, seed=1)
    assert source.one_text
    starts = [tuple(sorted(tuple(row) for b in source.epoch(e) for row in b.x.tolist())) for e in range(6)]
    assert len(set(starts)) > 1
    assert {len(list(source.epoch(e))) for e in range(6)} == {source.per_epoch}
    flat = part.ids.tolist()
    for batch in source.epoch(2):
        for x, y in zip(batch.x.tolist(), batch.y.tolist(), strict=True):
            at = next(i for i in range(len(flat)) if flat[i : i + 8] == x)
            assert flat[at + 1 : at + 9] == y


@pytest.mark.parametrize("step", [0, 1, 4, 5, 11, 12])
def test_batches_can_be_entered_at_any_step(step):
    source = SequenceBatches(part_of([[1, 2], [3, 4], [5, 6], [1, 2, 3], [2, 2, 2]]), 8, 2, seed=9)
    whole, late = batches_from(source, 0), batches_from(source, step)
    for _ in range(step):
        next(whole)
    for _ in range(7):
        a, b = next(whole), next(late)
        assert a.x.tolist() == b.x.tolist()
        assert a.y.tolist() == b.y.tolist()


def test_streams_differ_by_seed_purpose_and_index_and_repeat_otherwise():
    def draw(*key):
        return tuple(rng_for(*key).integers(2**60, size=3))

    keys = [(0, "batches", 0), (0, "batches", 1), (1, "batches", 0), (0, "sampling", 0)]
    assert len({draw(*key) for key in keys}) == len(keys)
    assert draw(0, "batches", 0) == draw(0, "batches", 0)
    assert len({torch_seed(*key) for key in keys}) == len(keys)
    assert all(0 <= torch_seed(*key) < 2**63 for key in keys)
