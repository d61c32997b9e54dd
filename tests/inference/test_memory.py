"""The memory meter, beside sums over every item, shuffled splits, the doctor's finding, and cases that are known."""

import random
from itertools import pairwise

import numpy as np
import pytest

from moreish.data import DataOptions, Split, from_items, read
from moreish.doctor.ask.data import check_samples
from moreish.inference import memory
from moreish.inference.drawn import Drawn
from moreish.inference.memory import Remembered, Share, meter, meter_drawn, percent, refitting, unseen_logprob
from moreish.inference.sample import sample
from moreish.ngram import AddK, KneserNey, choose_order
from tests.support.lists import made_items


def flat(items):
    ids = np.array([0, *(i for item in items for i in (*item, 0))], np.int64)
    return ids, np.cumsum([0, *(len(item) + 1 for item in items)])


def drawn_of(items):
    return Drawn(*flat(items), np.zeros(len(items)), np.ones(len(items), bool))


def draws(model, count, seed=0):
    return sample(model, count, np.random.default_rng(seed))


def fitted(corpus, order, kind=KneserNey, **how):
    train = corpus.split("train")
    return kind.fit(train.ids, train.offsets, len(corpus.vocab), order, **how)


def texts(drawn, corpus):
    return [corpus.vocab.decode(drawn.item(i)) for i in range(len(drawn))]


def items_of(corpus, name):
    split = corpus.split(name)
    return [split.item(i, corpus.vocab) for i in range(len(split))]


class Uniform:
    """Every item of a list alike, whether it stands in train or in val: it knows the language, and no split."""

    def __init__(self, items, vocab):
        self.items, self.vocab_size = [tuple(vocab.encode(item).tolist()) for item in items], len(vocab)
        self.weights = {}

    def score(self, ids, offsets):
        logprob = np.zeros(len(ids))
        known = dict.fromkeys(self.items, 1) | self.weights
        for a, b in pairwise(offsets):
            logprob[b] = np.log(known.get(tuple(ids[a + 1 : b].tolist()), 0) or 1e-300) - np.log(sum(known.values()))
        return logprob

    def start(self, *_):
        raise AssertionError("the meter asks for whole items only")

    advance = take = start

    def draw(self, count, seed=0):
        return drawn_of(random.Random(seed).choices(self.items, k=count))


@pytest.fixture(scope="module")
def names():
    return read("names")


@pytest.fixture(scope="module")
def fewer():
    return from_items(random.Random(7).sample(list(read("names")), 1500))


def test_what_is_known_is_the_sum_over_every_item_of_train(corpus):
    model = fitted(corpus, 3)
    found = meter(model, corpus)
    each = [np.exp(model.score(*flat([corpus.vocab.encode(item)])).sum()) for item in items_of(corpus, "train")]
    held_out = [np.exp(model.score(*flat([corpus.vocab.encode(item)])).sum()) for item in items_of(corpus, "val")]
    assert found.known.value == pytest.approx(sum(each))
    assert found.known.error == 0
    assert found.expected.value == pytest.approx(sum(held_out) / len(held_out) * len(each))


def test_what_is_drawn_agrees_with_the_sum(names):
    model = fitted(names, 4)
    exact, counted = meter(model, names), meter_drawn(draws(model, 4000), names)
    assert abs(counted.known.value - exact.known.value) < 4 * counted.known.error
    assert counted.known.error == pytest.approx((exact.known.value * (1 - exact.known.value) / 4000) ** 0.5, rel=0.1)
    assert abs(counted.expected.value - exact.expected.value) < 4 * np.hypot(exact.expected.error, 0.03)


def test_some_of_a_long_list_is_enough_and_says_how_sure_it_is(names, monkeypatch):
    model = fitted(names, 5)
    whole = meter(model, names)
    monkeypatch.setattr(memory, "MOST", 400)
    some = meter(model, names)
    assert 0 < some.known.error < 0.1
    assert abs(some.known.value - whole.known.value) < 4 * some.known.error
    assert some.items == whole.items


def test_the_evidence_is_measured_in_what_shuffling_train_and_val_gives():
    rng = np.random.default_rng(0)
    pool = rng.exponential(size=60) ** 2 / 500
    known, held_out = pool[:45], pool[45:]
    found = memory._beside_val(known, held_out, np.zeros(45, bool), 45, (None, None))
    sums = [rng.permutation(pool)[:45].sum() for _ in range(20_000)]
    assert found.evidence == pytest.approx((known.sum() - np.mean(sums)) / np.std(sums), rel=0.05, abs=0.03)


def test_a_split_by_chance_alone_is_rarely_taken_for_memory():
    rng = np.random.default_rng(1)
    accused = 0
    for _ in range(2000):
        pool = rng.pareto(1.2, size=200)
        pool /= pool.sum()
        found = memory._beside_val(pool[:180], pool[180:], np.zeros(180, bool), 180, (None, None))
        accused += found.verdict != "chance"
    assert accused <= 40  # 20 are expected at most: the sum cannot be more than all


def test_a_model_that_repeats_the_list_is_told_so():
    few = from_items(random.Random(3).sample(list(read("names")), 500))
    for model in (fitted(few, 12), fitted(few, 12, AddK, k=1e-4)):
        assert meter(model, few).verdict == meter_drawn(draws(model, 1000), few).verdict == "repeats"
        assert "it repeats the list" in str(meter(model, few))


def test_an_order_that_val_chose_is_not_accused(names):
    train, val = names.split("train"), names.split("val")
    model = choose_order(train.ids, train.offsets, val.ids, val.offsets, len(names.vocab)).model
    assert meter(model, names).verdict in ("chance", "some")
    assert meter_drawn(draws(model, 1000), names).verdict in ("chance", "some")


def test_all_of_a_language_alike_is_what_chance_gives(fewer):
    names, model = fewer, Uniform(fewer, fewer.vocab)
    found = meter(model, names)
    assert found.known.value == pytest.approx(len(names.split("train")) / len(names))
    assert found.expected.value == pytest.approx(found.known.value)
    assert found.verdict == meter_drawn(model.draw(1000), names).verdict == "chance"


def test_near_duplicates_that_the_list_has_by_nature_accuse_nobody():
    codes = from_items([f"{letter}-{n:03}" for letter in "ABC" for n in range(0, 999, 3)])
    model = Uniform([f"{letter}-{n:03}" for letter in "ABC" for n in range(1000)], codes.vocab)
    found = meter(model, codes, model.draw(500))
    assert found.verdict == "chance"
    assert found.near.value == pytest.approx(found.near_expected.value, abs=0.05)
    assert found.near.value > 0.9


def test_what_is_one_edit_away_is_that_of_every_pair():
    few = from_items(
        ["anna", "anne", "bert", "otto", "emma", "ida", "ada", "moritz"], DataOptions(val_share=0.0, test_share=0.0)
    )
    made = drawn_of([few.vocab.encode(t) for t in ("anna", "enna", "otta", "mimi", "ada", "ida", "bertz")] + [()])
    found = meter_drawn(made, few)
    assert found.near == Share(3 / 4, (3 / 4 * 1 / 4 / 4) ** 0.5)  # enna, otta, bertz; mimi not
    assert found.near_expected.value == 4 / 8  # anna and anne, ida and ada
    assert found.known.value == 3 / 8  # anna, ada, ida of eight draws


@pytest.mark.parametrize("share", [0.1, 0.45, 0.55, 0.75, 0.85, 1.0])
@pytest.mark.parametrize("chance", [0.0, 0.02, 0.09])
def test_it_says_remembers_and_repeats_where_the_doctor_says_watch_and_sick(fewer, share, chance):
    rng = random.Random(5)
    train, val = items_of(fewer, "train"), items_of(fewer, "val")
    count = 1000
    held_out = round(count * chance * len(val) / len(train) * 4)
    known = min(round(count * share), count - held_out)
    made = [*rng.choices(train, k=known), *rng.choices(val, k=held_out)]
    made += [f"{a}{b}" * 4 for a, b in zip(rng.choices(train, k=count), val * 9, strict=False)][: count - len(made)]
    found = meter_drawn(drawn_of([fewer.vocab.encode(t) for t in made]), fewer)
    says = {"remembers": ["watch"], "repeats": ["sick"]}.get(found.verdict, [])
    assert [finding.severity for finding in check_samples(made, train, val)] == says


def test_without_val_each_item_is_asked_of_a_model_fitted_without_it():
    few = from_items(made_items(40), DataOptions(val_share=0.0, test_share=0.0))
    train, model = few.split("train"), fitted(few, 2)
    refit = refitting(model)
    seen = []

    def noting(split):
        seen.append({split.item(i, few.vocab) for i in range(len(split))})
        return refit(split)

    unseen = unseen_logprob(noting, train)
    for i, item in enumerate(items_of(few, "train")):
        without = [items for items in seen if item not in items]
        assert len(without) == 1
        ids, offsets = flat([few.vocab.encode(t) for t in items_of(few, "train") if t in without[0]])
        other = KneserNey.fit(ids, offsets, len(few.vocab), 2)
        assert unseen[i] == pytest.approx(other.score(*flat([few.vocab.encode(item)])).sum())
    found = meter(model, few, unseen=unseen)
    assert found.expected.value == pytest.approx(np.exp(unseen).sum())


def test_without_val_a_model_that_repeats_is_told_so_and_one_that_does_not_is_not():
    few = from_items(random.Random(3).sample(list(read("names")), 150), DataOptions(val_share=0.0, test_share=0.0))
    bad, good = fitted(few, 12, AddK, k=1e-4), fitted(few, 2)
    assert meter(bad, few, unseen=unseen_logprob(refitting(bad), few.split("train"))).verdict == "repeats"
    assert meter(good, few, unseen=unseen_logprob(refitting(good), few.split("train"))).verdict == "chance"


def test_what_is_not_measured_is_said_to_be_so():
    few = from_items(made_items(40), DataOptions(val_share=0.0, test_share=0.0))
    found = meter(Uniform(few, few.vocab), few)
    assert refitting(Uniform(few, few.vocab)) is None
    assert (found.expected, found.remembered, found.verdict) == (None, None, "unmeasured")
    assert "not measured" in str(found)
    assert found.to_json()["expected"] is None


@pytest.mark.parametrize("split", ["hash", "lecture"])
def test_items_that_the_list_repeats_are_what_chance_gives(split):
    """A model that draws the list's own items by how often they stand there has learned no more than that."""
    items = made_items(300)
    repeated = from_items(items + items[:30] * 20, DataOptions(duplicates="keep", split=split))
    model = Uniform(items, repeated.vocab)
    model.weights = {tuple(repeated.vocab.encode(item).tolist()): 21 for item in items[:30]}
    train, val = items_of(repeated, "train"), items_of(repeated, "val")
    often = set(items[:30])
    once, held_out = set(train) - often, set(val) - often
    found = meter(model, repeated)
    total = 300 + 30 * 20
    assert found.items == len(set(train))
    assert found.known.value == pytest.approx((21 * len(often & set(train)) + len(once)) / total)
    assert found.expected.value == pytest.approx(found.known.value)  # all that stand once are alike
    assert len(held_out) > 5
    assert found.verdict == "chance"


def test_some_items_of_train_are_enough_to_say_what_chance_gives(corpus):
    model, logprob = fitted(corpus, 2), np.log(np.full(50, 0.002))
    few = from_items(items_of(corpus, "train"), DataOptions(val_share=0.0, test_share=0.0))
    found = meter(model, few, unseen=logprob)
    assert found.expected.value == pytest.approx(0.002 * len(few))


def test_a_running_text_is_a_sentence():
    text = from_items(["the cat sat on the mat " * 50], DataOptions(text=True))
    with pytest.raises(ValueError, match="running text has no items"):
        meter(fitted(text, 2), text)


def test_nothing_drawn_is_a_sentence(corpus):
    with pytest.raises(ValueError, match="nothing was drawn"):
        meter_drawn(drawn_of([]), corpus)


def test_it_is_said_in_plain_words():
    found = Remembered(Share(0.31), Share(0.12, 0.01), 9.0, 1000)
    known = "31% of what it makes stands in the list that it learned from"
    assert str(found) == f"{known}; chance would give 12%: 19% is merely remembered"
    assert found.remembered == pytest.approx(0.19)
    assert str(Remembered(Share(0.384), Share(0.148), 9.0, 9)).endswith("would give 15%: 23% is merely remembered")
    assert str(Remembered(Share(0.004), Share(0.001), 9.0, 9)).endswith(
        "would give under 1%: under 1% is merely remembered"
    )
    assert str(Remembered(Share(0.1), Share(0.12, 0.01), 0.0, 9)).endswith("it remembers no more than it should")
    assert [percent(x) for x in (0.0, 0.001, 0.03, 0.997, 1.0)] == ["0%", "under 1%", "3%", "over 99%", "100%"]


def test_draws_can_be_kept_at_a_distance_from_the_list(names):
    from moreish.inference.nearest import Nearest

    whole: Split = names.split("all")
    nearest = Nearest.of(whole, names.vocab)
    drawn = draws(fitted(names, 4), 200)
    apart = nearest.find(drawn.ids, drawn.offsets).distance
    for least in (0, 1, 2, 3, 5):
        assert nearest.new_by(drawn, least).tolist() == (apart >= least).tolist()
