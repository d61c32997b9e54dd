"""Items that obey a rule, from a net: distance from the net's own distribution, and time, beside masking and free.

Masking draws each symbol from those with which the item can still obey, and keeps no weights: what libraries for
constrained decoding do. Its distance from what it should draw is the mean of max(0, 1 - weight / probability of the
rule) over its draws, the weight of a draw being the model's probability over the one with which it was drawn.
"""

import itertools
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

import moreish
from benchmarks.measure import Row, race, seconds
from moreish.automata import Automaton, conjunction
from moreish.inference import Sampling, sample
from moreish.inference.guided import guided
from moreish.inference.guides import FrequencyGuide, Guide, NgramGuide, NoGuide
from moreish.inference.network import Network
from moreish.inference.particles import Particles, log_chances, steps_to_acceptance
from moreish.models import model_class
from moreish.models.contract import LanguageModel
from moreish.ngram import KneserNey
from tests.support.rules import DenseLookahead, contains, ends_with, length, random_rule, starts_with

V, LONGEST, ROUNDS = 5, 7, 50
FREE = Sampling(max_length=100)
HOPELESS = ("contains xyz", "contains qxq")  # without a guide: minutes


def rows(only: str = "") -> Iterable[Row]:
    if only in "guided distance":
        yield from distances()
    if only in "guided time":
        yield from lists()
    if only in "guided obey":
        yield from obeying()


def distances() -> Iterable[Row]:
    """Total variation to brute force on an alphabet of four symbols: the whole distribution, item by item."""
    torch.manual_seed(4)
    gru = model_class("gru")
    module = gru(gru.Options(), V)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= 2
    model = Network(module)
    items = [item for n in range(LONGEST + 1) for item in itertools.product(range(1, V), repeat=n)]
    ids = np.concatenate([*([0, *item] for item in items), [0]]).astype(np.uint8)
    offsets = np.cumsum([0, *(len(item) + 1 for item in items)])
    rules = {
        "contains three symbols": contains([3, 1, 2], V),
        "ends with two symbols": ends_with([4, 4], V),
        "starts with one and ends with two": starts_with([2], V) & ends_with([3, 3], V),
    }
    for name, automaton in rules.items():
        p = np.exp(np.add.reduceat(model.score(ids, offsets)[1:].astype(np.float64), offsets[:-1]))
        p *= automaton.accepted(ids, offsets)
        shares = guided_shares(model, automaton, {item: k for k, item in enumerate(items)})
        ours = float(np.abs(shares - p / p.sum()).sum() / 2)
        theirs = masked_distance(model, automaton, Sampling(max_length=LONGEST), p.sum())
        yield Row(f"TV to brute force, {name}", f"{ours:.4f}", f"{theirs:.4f} masked", theirs / ours, "<= 0.02")


def guided_shares(model: LanguageModel, automaton: Automaton, number: dict[tuple[int, ...], int]) -> np.ndarray:
    """Each item's share of the weights with the default effort for few items, on average over rounds."""
    sampling, shares = Sampling(max_length=LONGEST), np.zeros(len(number))
    for seed in range(ROUNDS):
        rng = np.random.default_rng(seed)
        guide = FrequencyGuide.of(model, automaton, sampling, rng)
        found = Particles(model, automaton, steps_to_acceptance(automaton), guide, sampling)
        found.run(1024, rng)
        weights = np.exp(found.found.weight)
        ids, offsets = found.read(np.arange(len(weights)))
        which = [number[tuple(item[1:].tolist())] for item in np.split(ids[:-1], offsets[1:-1])]
        shares += np.bincount(which, weights / weights.sum(), len(number))
    return shares / ROUNDS


def masked(
    model: LanguageModel, automaton: Automaton, count: int, rng: np.random.Generator, sampling: Sampling
) -> np.ndarray:
    """The log weight of each item that masking draws; rows that have read the same are one row, as in `sample`."""
    steps = steps_to_acceptance(automaton)
    state, logprobs = model.start(1)
    rule, node, rows = np.array([automaton.start]), np.zeros(count, np.int64), np.arange(count)
    weight = np.zeros(count)
    for depth in range(sampling.max_length + 1):
        possible = (steps[automaton.table[rule]] < sampling.max_length - depth)[:, automaton.classes]
        possible[:, 0] = automaton.accepts[rule]
        p = np.exp(log_chances(logprobs, possible, sampling))
        weight[rows] += np.log(p.sum(1))[node]
        cumulative = p.cumsum(1)[node]
        ids = (cumulative > rng.random((len(node), 1)) * cumulative[:, -1:]).argmax(1)
        growing = ids != 0
        if not growing.any():
            break
        rows = rows[growing]
        merged, node = np.unique(node[growing] * model.vocab_size + ids[growing], return_inverse=True)
        parents, read = np.divmod(merged, model.vocab_size)
        rule = automaton.advance(rule[parents], read)
        state, logprobs = model.advance(model.take(state, parents), read)
    return weight


def masked_distance(model: LanguageModel, automaton: Automaton, sampling: Sampling, probability: float) -> float:
    weight = masked(model, automaton, 20_000, np.random.default_rng(0), sampling)
    return float(np.maximum(0, 1 - np.exp(weight) / probability).mean())


def lists() -> Iterable[Row]:
    """A GRU that learned names for some seconds; 1,000 items under each rule, beside 1,000 free ones and masking."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"train": {"steps": 500}}
        run = moreish.train("names", model="gru", options=options, out=Path(folder) / "run")
        model, size, train = run.model, len(run.vocab), run.corpus.split("train")
    ngram = KneserNey.fit(train.ids, train.offsets, size, 4)
    of = {text: np.asarray(run.vocab.lookup(text)).tolist() for text in ("bri", "son", "zan", "xyz", "qxq")}
    rules = {
        "starts with bri": starts_with(of["bri"], size),
        "ends with son": ends_with(of["son"], size),
        "contains zan": contains(of["zan"], size),
        "5 to 6 letters": length(5, 6, size),
        "contains xyz": contains(of["xyz"], size),
        "contains qxq": contains(of["qxq"], size),
    }
    for name, automaton in rules.items():
        lookahead = NgramGuide(ngram, DenseLookahead(ngram, automaton))
        for kind, guide in (("no guide", NoGuide(size)), ("frequencies", None), ("n-gram", lookahead)):
            if kind == "no guide" and name in HOPELESS:
                continue
            yield timed(f"{name}, {kind}", model, automaton, guide)
        probability = guided(model, automaton, 1000, np.random.default_rng(5), FREE, lookahead).probability
        distance = masked_distance(model, automaton, FREE, probability)
        took, free = race(
            lambda automaton=automaton: masked(model, automaton, 1000, np.random.default_rng(0), FREE),
            lambda: sample(model, 1000, np.random.default_rng(0), FREE),
            tries=2,
        )
        rejection = free / probability
        yield Row(
            f"{name}, masked: TV {distance:.3f}; rejecting {rejection:,.3g} s", f"{took:.3f} s", f"{free:.3f} s free"
        )
    took = seconds(lambda: DenseLookahead(ngram, contains(of["son"], size)))
    yield Row("the dense lookahead of an order 4", f"{took:.2f} s")


def obeying(asked: int = 200) -> Iterable[Row]:
    """Random rules on lists, some of them not looked at while this was written: the share of items that obey."""
    for source in ("names", "towns", "hindi", "minerals", "dinosaurs"):
        with tempfile.TemporaryDirectory() as folder:
            run = moreish.train(source, model="gru", options={"train": {"steps": 100}}, out=Path(folder) / "run")
            rng, model = np.random.default_rng(0), run.model
        drawn = obeyed = empty = 0
        for _ in range(asked):
            rules = [random_rule(run.corpus, rng) for _ in range(rng.integers(1, 4))]
            automaton = conjunction([rule.automaton for rule in rules], len(run.vocab))
            if automaton.is_empty:
                empty += 1
                continue
            found = guided(model, automaton, 10, rng, FREE).drawn
            items = [run.vocab.decode(found.item(i)) for i in range(len(found))]
            drawn += len(items)
            obeyed += sum(all(rule.holds(item) for rule in rules) for item in items)
        yield Row(f"{source}: {asked} random rules, {empty} of them impossible", f"{obeyed:,} of {drawn:,} obey")


def timed(name: str, model: LanguageModel, automaton: Automaton, guide: Guide | None) -> Row:
    result = guided(model, automaton, 1000, np.random.default_rng(0), FREE, guide)
    ours, free = race(
        lambda: guided(model, automaton, 1000, np.random.default_rng(0), FREE, guide),
        lambda: sample(model, 1000, np.random.default_rng(0), FREE),
        tries=2,
    )
    drawn = result.drawn
    different = len({drawn.item(i).tobytes() for i in range(1000)})
    obey = int(automaton.accepted(drawn.ids, drawn.offsets).sum())
    told = f"p {result.probability:.2g}, effective {result.effective:,.0f}, {obey} obey, {different} differ"
    return Row(f"{name}: {told}", f"{ours:.3f} s", f"{free:.3f} s free", free / ours)


if __name__ == "__main__":
    for row in rows():
        print(row.line(), flush=True)
