"""Which blend answers and how well it foretells a list's own items, without having seen them."""

import random

import numpy as np
import pytest

from moreish.background.blend import Blend, Ensemble
from moreish.background.choosing import NAMES, Choice, Name, choose
from moreish.background.gate import Parts
from moreish.background.listening import FEWEST, Listening
from moreish.background.outline import Outline
from moreish.background.parts import USUAL_ORDER, reader_of, shape_of
from moreish.background.reader import Cell
from moreish.background.shape import flat
from moreish.background.symbols import LONGEST_SYMBOL
from moreish.ngram import KneserNey
from tests.support.backgrounds import numbered_list, random_background
from tests.support.lists import made_items

SYMBOLS, ITEMS = numbered_list(30)
V = len(SYMBOLS) + 1
NET = random_background(n_hidden=4)


def listening(items: list[np.ndarray] = ITEMS, **options: object) -> Listening:
    return Listening(NET, SYMBOLS, items, orders=2, **options)


def with_order(found: Listening, order: int = 3) -> Listening:
    """With this order of the n-gram and not the one that cross-validation says."""
    found.order = order
    return found


def test_the_net_helps_with_letters_that_it_has_seen():
    assert listening().known == 1.0
    assert listening().helps


def test_the_net_does_not_help_with_a_script_that_it_never_saw():
    found = Listening(NET, [chr(0xE000 + i) for i in range(len(SYMBOLS))], ITEMS)
    assert found.known == 0.0
    assert not found.helps
    assert {*found.measured(found.read_cases())} == {"counted"}


def test_the_net_does_not_help_with_words():
    assert not listening(letters=False).helps
    assert not Listening(NET, [symbol * (LONGEST_SYMBOL + 1) for symbol in SYMBOLS], ITEMS).helps


def test_half_of_the_occurrences_is_enough():
    items = [np.array([1, 2, 1, 2, 1])] * 12
    assert Listening(NET, ["a", "\ue000"], items).helps
    assert not Listening(NET, ["\ue000", "a"], items).helps


def test_where_nothing_was_measured_the_best_is_taken():
    assert choose({}, "read") == Choice("read")
    few = listening(ITEMS[: FEWEST - 1])
    assert few.folds == []
    assert few.measured(few.read_cases()) == {}
    assert np.isfinite(few.blend(Choice("read")).start(1)[1]).all()


@pytest.mark.parametrize("nets", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_measured_is_the_mean_of_the_items_scores(name: Name, nets: int):
    net, other = random_background(4, nets=nets), random_background(4, seed=3)
    found = Listening(net, SYMBOLS, ITEMS, orders=2)
    tuned = [Cell.of(other.nets[0], other.rows(SYMBOLS)[0])]
    measured = found.measured([found.case(k, tuned) for k in range(len(found.folds))])
    blend, each = measured[name], 2 // nets
    totals, sizes = [], []
    for fold in found.folds:
        models = [KneserNey.fit(*flat(fold.kept), V, found.order)]
        read = [reader_of(cell, fold.kept, each, 0, each * k) for k, cell in enumerate(found.cells)]
        parts = {"counted": [], "read": read, "tuned": [*read, reader_of(tuned[0], fold.kept, each, 0)]}[name]
        ensemble = Ensemble([*models, *parts], shape_of(SYMBOLS, fold.kept))
        outline = Outline.of(ensemble.shape.classes.class_of, fold.kept, blend.strictness.shares)
        gate = net.gates[found.parts(name, 1)]
        alone = Blend(ensemble, gate, blend.temperature, outline, max(blend.strictness), blend.timing)
        for item in fold.held_out:
            totals.append(-alone.score(*flat([item])).sum(dtype=np.float64))
            sizes.append(len(item) + 1)
    assert blend.items == len(ITEMS) == len(totals)
    assert blend.symbols == sum(sizes)
    assert blend.loss == pytest.approx(sum(totals) / sum(sizes), abs=1e-4)
    apart = np.array(totals) - blend.loss * np.array(sizes)
    n = len(apart)
    assert blend.error == pytest.approx(np.sqrt((apart**2).sum() * n / (n - 1)) / sum(sizes), rel=1e-3)


def test_no_fold_keeps_what_it_holds_out():
    for fold in listening().folds:
        kept, held_out = ({tuple(item) for item in part} for part in (fold.kept, fold.held_out))
        assert not kept & held_out


@pytest.mark.parametrize("place", [0, 7, 29])
def test_what_is_measured_of_an_item_does_not_depend_on_its_being_in_the_list(place: int):
    other = np.array([3, 3, 1, 2])
    first = with_order(listening())
    second = with_order(listening([other if i == place else item for i, item in enumerate(ITEMS)]))
    for k, (fold, twin) in enumerate(zip(first.folds, second.folds, strict=True)):
        case, changed = first.case(k), second.case(k)
        held_out = next((j for j, item in enumerate(fold.held_out) if item is ITEMS[place]), None)
        if held_out is None:
            assert not np.allclose(case.scores, changed.scores)  # what is kept is what the models are made of
            continue
        assert twin.held_out[held_out] is other
        for j in range(len(fold.held_out)):
            rows, twins = (
                slice(sum(len(i) + 1 for i in part[:j]), sum(len(i) + 1 for i in part[: j + 1]))
                for part in (fold.held_out, twin.held_out)
            )
            if j != held_out:
                np.testing.assert_allclose(case.scores[rows], changed.scores[twins], rtol=0, atol=1e-6)
            else:
                ensemble = Ensemble(
                    [second._counted(twin.kept), *second.fold_readers[k]], shape_of(SYMBOLS, twin.kept)
                )
                scores = Blend(ensemble, NET.gates[Parts(1, 0)]).score(*flat([ITEMS[place]]))[1:]
                np.testing.assert_allclose(case.foretold(NET.gates[Parts(1, 0)]).own[rows], scores, rtol=0, atol=1e-5)


def test_items_held_out_are_the_only_fold_and_are_not_read():
    first = with_order(listening(ITEMS[:20], held_out=ITEMS[20:]))
    second = with_order(listening(ITEMS[:20], held_out=ITEMS[25:]))
    assert len(first.folds) == 1
    assert [item.tolist() for item in first.folds[0].kept] == [item.tolist() for item in ITEMS[:20]]
    rows = sum(len(item) + 1 for item in ITEMS[20:25])
    np.testing.assert_allclose(first.case(0).scores[rows:], second.case(0).scores, rtol=0, atol=1e-6)
    measured = first.measured(first.read_cases())
    assert measured["read"].items == 10


def test_the_same_seed_measures_the_same_and_another_reads_in_another_order():
    one, two, other = (found.measured(found.read_cases()) for found in (listening(), listening(), listening(seed=5)))
    assert one == two != other


def test_the_first_blend_waits_for_one_net_alone():
    found = Listening(random_background(4, nets=2), SYMBOLS, ITEMS, orders=2)
    first = found.first_blend()
    assert [*found.__dict__.keys()].count("readers") == 0, "the other net has not read yet"
    assert first.ensemble.models == [found.counts, found.first_reader]
    assert found.readers[0] is found.first_reader
    assert len(found.readers) == 2
    strange = Listening(random_background(4), [chr(0xE000 + i) for i in range(len(SYMBOLS))], ITEMS)
    assert strange.first_blend().ensemble.models == [strange.counts]


def test_each_net_reads_orders_of_its_own():
    found = Listening(random_background(4, nets=2), SYMBOLS, ITEMS, orders=4)
    cell = found.cells[0]
    assert [net.orders for net in found.readers] == [2, 2]
    same_net = [reader_of(cell, ITEMS, 2, 0, first).begin.h for first in (0, 2)]
    assert not np.allclose(same_net[0], same_net[1])
    np.testing.assert_array_equal(found.readers[0].begin.h, same_net[0])


def test_long_phrases_in_common_are_counted_to_a_high_order_and_names_are_not():
    draw = random.Random(1)
    parts = [
        ["Dear reader, ", "To our members: ", "Good morning, "],
        ["we are sorry to tell you that ", "it is with joy that we can say that ", "please take note that "],
        ["your book is ready to be collected ", "the reading room will be closed ", "the next meeting takes place "],
        ["on the first floor of the library", "from Monday until the end of the week", "in the old town hall"],
    ]
    letters = list(dict.fromkeys("".join(map(draw.choice, parts)) + "." for _ in range(40)))
    for items, high in ((letters, True), (made_items(60), False)):
        symbols = sorted(set("".join(items)))
        ids = [np.array([symbols.index(s) + 1 for s in item]) for item in items]
        assert (Listening(random_background(4), symbols, ids).order > USUAL_ORDER) == high
