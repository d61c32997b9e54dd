"""Ranking against brute force: every word of a small alphabet, asked of the model one by one and sorted."""

import math
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.automata import Automaton, everything, nothing
from moreish.data import Split, from_items
from moreish.inference import beam, completion
from moreish.inference.completion import BestCompletion
from moreish.inference.network import Network
from moreish.inference.ranking import Effort, Unlisted, ranked
from moreish.models import build_model
from moreish.models.gru import GRU
from moreish.models.mixture import Mixture
from moreish.ngram import AddK, Backoff, KneserNey, count_ngrams
from tests.ngram.oracles import V, flat, lists, orders

LONGEST = 4
WORDS = [word for length in range(1, LONGEST + 1) for word in product(range(1, V), repeat=length)]
GRID = 2**30


ngrams = st.tuples(lists, orders, st.sampled_from([None, 0.0, 0.1, 1.0]))


def fitted(ngram) -> Backoff:
    items, order, k = ngram
    counts = count_ngrams(*flat(items), V, order)
    return KneserNey(counts) if k is None else AddK(counts, k)


@st.composite
def automata(draw: st.DrawFn) -> Automaton:
    states, kinds = draw(st.integers(2, 6)), draw(st.integers(1, 3))
    classes = np.array(draw(st.lists(st.integers(0, kinds - 1), min_size=V, max_size=V)))
    cells = draw(st.lists(st.integers(0, states - 1), min_size=states * kinds, max_size=states * kinds))
    table = np.array(cells).reshape(states, kinds)
    accepts = np.array(draw(st.lists(st.booleans(), min_size=states, max_size=states)))
    table[0], accepts[0] = 0, False
    return Automaton(classes, table, accepts, 1).trimmed()


def logprobs_of(model) -> dict[tuple[int, ...], float]:
    """Every word's log probability, summed symbol by symbol."""
    found, words = {}, [()]
    state, logprobs = model.start(1)
    total = np.zeros(1)
    for length in range(LONGEST + 1):
        if length:
            found |= dict(zip(words, (total + logprobs[:, 0]).tolist(), strict=True))
        parents = np.repeat(np.arange(len(words)), V - 1)
        ids = np.tile(np.arange(1, V), len(words))
        words = [(*word, i) for word in words for i in range(1, V)]
        total = total[parents] + logprobs[parents, ids]
        state, logprobs = model.advance(model.take(state, parents), ids)
    return found


def by_hand(model, automaton=None, wanted=lambda word: True, longest=LONGEST) -> list[tuple[tuple[int, ...], float]]:
    """All possible words in order."""
    rated = [
        (word, logprob)
        for word, logprob in logprobs_of(model).items()
        if logprob > -math.inf and len(word) <= longest
        if (automaton is None or automaton.allows(word)) and wanted(word)
    ]
    return sorted(rated, key=lambda each: (round(-each[1] * GRID), each[0]))


cells = st.sampled_from([1, 40, beam.CELLS_AT_A_TIME])  # pieces of 1, of 6, of all prefixes


@contextmanager
def at_a_time(size: int) -> Iterator[None]:
    """Log probabilities asked of the model at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beam, "CELLS_AT_A_TIME", size)
        yield


def plain(ranking):
    return [(tuple(item.ids.tolist()), item.logprob) for item in ranking]


@given(ngrams, st.none() | automata(), st.integers(1, 300), st.integers(1, LONGEST), cells)
def test_an_ngrams_ranking_is_that_of_brute_force(ngram, automaton, count, longest, size):
    model = fitted(ngram)
    ranking = ranked(model, automaton, count, max_length=longest)
    expected = by_hand(model, automaton, longest=longest)
    with at_a_time(size):
        assert plain(ranking) == expected[:count]
    assert ranking.exact
    assert ranking.at_most == (expected[count - 1][1] if count <= len(expected) else -math.inf)


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(0, 2**32), st.none() | automata())
def test_a_beam_finds_all_that_ranks_before_what_it_let_go(seed, automaton):
    rng = np.random.default_rng(seed)
    items = [rng.integers(1, V - 1, rng.integers(1, 5)).tolist() for _ in range(6)]
    model = KneserNey.fit(*flat(items), V, int(rng.integers(1, 4)))
    expected = by_hand(model, automaton)
    for size, guided, sure, interrupted in product((6, 60), (True, False), (True, False), (True, False)):
        left = int(rng.integers(1, 200)) if interrupted else 10_000

        def may_read(rows: int) -> bool:
            nonlocal left
            left -= rows
            return left >= 0

        search = beam.Beam(model, automaton or everything(V), None, LONGEST, model if guided else None, may_read)
        with at_a_time(size):
            found = search.search(int(rng.integers(1, 300)), int(rng.integers(1, 40)), sure)
        given = {tuple(ids.tolist()): logprob for ids, logprob in found.items()}
        assert list(given.items())[: found.certain()] == expected[: found.certain()]
        missing = (beam.Rank(round(-logprob * GRID), word) for word, logprob in expected if word not in given)
        assert found.let_go <= min(missing, default=beam.LAST)


@given(ngrams, automata(), st.integers(1, 60))
def test_shortened_contexts_bound_well_enough_for_the_same_ranking(ngram, automaton, count):
    model = fitted(ngram)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(completion, "LARGEST_TABLE", 60)
        assert plain(ranked(model, automaton, count, max_length=LONGEST)) == by_hand(model, automaton)[:count]


@given(ngrams, st.none() | automata(), st.sampled_from([1, 60, 2**23]))
def test_the_likeliest_completion_is_never_bounded_too_low(ngram, automaton, largest):
    model = fitted(ngram)
    rule = automaton or everything(V)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(completion, "LARGEST_TABLE", largest)
        bound = BestCompletion(model, rule, LONGEST)
    words = logprobs_of(model)
    state, _ = model.start(1)
    for first in (None, *range(1, V)):
        begun, before, at = (), 0.0, state
        if first is not None:
            begun, before = (first,), float(model.start(1)[1][0, first])
            at, _ = model.advance(state.copy(), np.array([first]))
        whole = [words[word] for word in WORDS if word[: len(begun)] == begun and rule.allows(word)]
        rule_state = rule.start if first is None else int(rule.table[rule.start, rule.classes[first]])
        assert before + bound(at, np.array([rule_state]))[0] >= max(whole, default=-math.inf) - 1e-9


@given(st.lists(st.lists(st.integers(1, V - 2), max_size=7), min_size=4, max_size=12))
def test_without_a_rule_the_bound_at_the_start_is_reached(items):
    model = KneserNey.fit(*flat(items), V, 3)
    best = BestCompletion(model, everything(V), 200)(model.start(1)[0], np.array([1]))[0]
    _, logprobs = model.start(1)
    assert best >= max(float(logprobs[0, 0]), next(ranked(model, None, 1)).logprob) - 1e-9
    assert best <= 0


@given(ngrams, st.integers(1, 100))
def test_without_a_limit_of_length_longer_items_take_their_places(ngram, count):
    model = fitted(ngram)
    ranking = ranked(model, None, count)
    items = plain(ranking)
    short = [item for item in items if len(item[0]) <= LONGEST]
    assert short == by_hand(model)[: len(short)]
    assert all(a >= b - 2 / GRID for (_, a), (_, b) in pairwise(items))
    ids, offsets = flat([ids for ids, _ in items] or [[1]])
    for (_, logprob), low, high in zip(items, offsets, offsets[1:], strict=False):
        assert logprob == pytest.approx(model.score(ids, offsets)[low + 1 : high + 1].sum(), abs=1e-9)
    assert ranking.exact or ranking.prefixes > 3_000_000


def test_equally_likely_items_come_in_the_order_of_their_ids():
    size = 50
    uniform = AddK(count_ngrams(np.array([0, 1, 0]), np.array([0, 2]), size, 0))
    ranking = ranked(uniform, None, 5000, effort=Effort(prefixes=200_000))
    symbols = range(1, size)
    expected = [*product(symbols), *product(symbols, symbols), *product(symbols, symbols, symbols)][:5000]
    assert [ids for ids, _ in plain(ranking)] == expected
    assert ranking.exact


@pytest.mark.parametrize("size", [1, 40])
def test_nothing_is_called_whole_that_is_not(size):
    """All 84 beginnings of up to 3 of 4 symbols fit into the first beam, which looks for 64 items only."""
    model = KneserNey.fit(*flat([[1, 2, 3], [4, 2], [4, 2, 2], [1]]), 5, 3)
    with at_a_time(size):
        ranking = ranked(model, None, 100, max_length=3)
        items = plain(ranking)
    assert len({ids for ids, _ in items}) == 84
    assert ranking.exact


@given(ngrams, lists, st.integers(1, 100))
def test_only_items_that_no_list_has_come_where_they_are_wanted(ngram, listed, count):
    model = fitted(ngram)
    known = {tuple(item) for item in listed}
    wanted = Unlisted([Split(*flat(listed)), Split(*flat([[1], [2, 2]]))], V)
    expected = by_hand(model, wanted=lambda word: word not in known | {(1,), (2, 2)})
    assert plain(ranked(model, None, count, wanted=wanted, max_length=LONGEST)) == expected[:count]


def distance(a, b) -> int:
    """Levenshtein's, by his recurrence."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        left, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            left, row[j] = row[j], min(left + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


@given(ngrams, st.none() | automata(), st.integers(1, 3), st.integers(1, 30))
def test_no_two_items_are_near_each_other_and_the_likeliest_go_first(ngram, automaton, apart, count):
    model = fitted(ngram)
    expected: list[tuple[tuple[int, ...], float]] = []
    for word, logprob in by_hand(model, automaton):
        if len(expected) < count and all(distance(word, other) > apart for other, _ in expected):
            expected.append((word, logprob))
    ranking = ranked(model, automaton, count, apart=apart, max_length=LONGEST)
    assert plain(ranking) == expected
    assert ranking.exact


def trained_gru() -> Network:
    net = build_model("gru", GRU.Options(n_embd=8, n_hidden=16), V, 1)
    rng = np.random.default_rng(0)
    items = np.where(rng.random((64, 4)) < 0.7, [1, 2, 3, 4], rng.integers(1, V, (64, 4)))
    block = torch.from_numpy(np.pad(items, ((0, 0), (1, 1))))
    optimizer = torch.optim.SGD(net.parameters(), 1.0)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(net(block[:, :-1]).flatten(0, 1), block[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Network(net)


@pytest.fixture(scope="module")
def gru() -> Network:
    return trained_gru()


@pytest.fixture(scope="module")
def mixture(gru) -> Mixture:
    items = [[1, 2, 3, 4], [1, 2, 3], [2, 2, 3], [4, 1]]
    return Mixture([KneserNey.fit(*flat(items), V, 3), gru], np.array([0.4, 0.6]))


@pytest.fixture(params=["gru", "mixture"])
def model(request):
    return request.getfixturevalue(request.param)


def assert_same(found, expected):
    """The same items in the same order, but for what single precision cannot tell apart."""
    assert len(found) == len(expected)
    np.testing.assert_allclose([b for _, b in found], [b for _, b in expected], atol=2e-5)
    rated = dict(expected)
    for word, logprob in found:
        assert rated.get(word, logprob) == pytest.approx(logprob, abs=2e-5)
    firm = [i for i in range(len(expected) - 1) if expected[i][1] - expected[i + 1][1] > 1e-4]
    for i in firm:
        assert {word for word, _ in found[: i + 1]} == {word for word, _ in expected[: i + 1]}


@pytest.mark.slow
@given(st.none() | automata(), st.integers(1, 250), st.booleans(), st.integers(1, LONGEST), cells)
def test_any_models_ranking_is_that_of_brute_force(gru, mixture, automaton, count, mixed, longest, size):
    model = mixture if mixed else gru
    ranking = ranked(model, automaton, count, max_length=longest)
    with at_a_time(size):
        assert_same(plain(ranking), by_hand(model, automaton, longest=longest)[:count])
    assert ranking.exact


@pytest.mark.slow
@given(st.none() | automata(), st.integers(1, 900), st.integers(1, 300), st.booleans(), cells)
def test_with_little_effort_what_is_called_certain_is(gru, mixture, automaton, prefixes, width, guided, size):
    guide = mixture.components[0] if guided else None
    effort = Effort(prefixes=prefixes, width=width)
    ranking = ranked(gru, automaton, 200, max_length=LONGEST, guide=guide, effort=effort)
    with at_a_time(size):
        items, expected = list(ranking), by_hand(gru, automaton)
    assert [item.certain for item in items] == [True] * ranking.certain + [False] * (len(items) - ranking.certain)
    found = [(tuple(item.ids.tolist()), item.logprob) for item in items]
    assert_same(found[: ranking.certain], expected[: ranking.certain])
    assert len({word for word, _ in found}) == len(found)
    assert ranking.prefixes <= prefixes
    missing = [logprob for word, logprob in expected if word not in dict(found)]
    assert ranking.at_most >= max(missing, default=-math.inf) - 1e-4
    assert not ranking.exact or ranking.certain == len(items) == min(200, len(expected))


def test_a_spent_effort_says_so(model):
    ranking = ranked(model, None, 500, effort=Effort(prefixes=2000, width=100))
    items = list(ranking)
    assert not ranking.exact
    assert 0 < ranking.certain < len(items)
    assert ranking.verdict().startswith(f"the first {ranking.certain} places are certain")


def test_where_a_rule_is_rare_a_guide_knows_where_to_look(gru, mixture):
    """Items with 5 5 5 5 in them: the likeliest beginnings put it off for ever."""
    table = [[0, 0], [1, 2], [1, 3], [1, 4], [1, 5], [5, 5]]
    rule = Automaton(np.array([0, 0, 0, 0, 0, 1]), np.array(table), np.arange(6) == 5)
    guide = mixture.components[0]
    alone, guided, mixed = (
        plain(ranked(model, rule, 20, guide=each, effort=Effort(prefixes=20_000, width=64)))
        for model, each in ((gru, None), (gru, guide), (mixture, None))
    )
    assert len(alone) < 20
    for items in (guided, mixed):
        assert len(items) == 20
        assert all(rule.allows(ids) for ids, _ in items)


def test_the_first_item_comes_before_the_last_is_searched(gru):
    ranking = ranked(gru, None, 300, max_length=6)
    next(ranking)
    early = ranking.prefixes
    list(ranking)
    assert early * 4 < ranking.prefixes


def test_memory_does_not_grow_with_all_that_was_looked_at(corpus):
    split = corpus.split("train")
    model = KneserNey.fit(split.ids, split.offsets, len(corpus.vocab), 4)
    tracemalloc.start()
    given = sum(1 for _ in ranked(model, None, 10_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert given == 10_000
    assert peak < 60 * 2**20  # 6 KiB an item, most of it the pieces of log probabilities, which do not grow


def test_a_rule_of_few_items_ends_with_them():
    model = KneserNey.fit(*flat([[1, 2], [2, 1, 1]]), V, 3)
    table = np.array([[0, 0, 0], [0, 2, 3], [0, 0, 3], [0, 0, 0]])  # "1", "1 2", "2"
    rule = Automaton(np.array([0, 1, 2, 0, 0, 0]), table, np.array([False, False, True, True])).trimmed()
    ranking = ranked(model, rule, 10)
    assert {ids for ids, _ in plain(ranking)} == {(1,), (1, 2), (2,)}
    assert ranking.exact
    assert ranking.verdict() == "these are all there are"


@pytest.mark.parametrize(
    "rule", [nothing(V), Automaton(np.zeros(V, int), np.array([[0], [0]]), np.array([False, True]))]
)
def test_a_rule_of_no_item_or_the_empty_one_gives_none(rule, model):
    for each in (model, KneserNey.fit(*flat([[1, 2]]), V, 3)):
        ranking = ranked(each, rule, 5)
        assert plain(ranking) == []
        assert ranking.exact


def test_none_are_asked_for_and_nonsense_is_refused(model):
    assert list(ranked(model, None, 0)) == []
    for count, apart, longest in ((-1, 0, 5), (1, -1, 5), (1, 0, 0)):
        with pytest.raises(ValueError, match="at least"):
            ranked(model, None, count, apart=apart, max_length=longest)


def test_symbols_beyond_a_byte_and_items_of_all_lengths():
    words = from_items([f"{a} {b}" for a in range(30) for b in range(30) if (a * b) % 7 != 1])
    split = words.split("all")
    model = KneserNey.fit(split.ids, split.offsets, len(words.vocab), 3)
    new = [
        words.vocab.decode(item.ids) for item in ranked(model, None, 40, wanted=Unlisted([split], model.vocab_size))
    ]
    assert len(set(new)) == 40
    assert not set(new) & set(words.items)
