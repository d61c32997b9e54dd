"""Guided sampling: items from any `LanguageModel` that obey an `Automaton`, as often as the model itself gives them.

Masking what the rule forbids is not enough: it obeys, but it draws from another distribution, because it learns too
late that a beginning leads nowhere good. Here every beginning carries a weight that makes up for how it was chosen
(sequential Monte Carlo: Naesseth, Lindsten & Schön 2019, https://arxiv.org/abs/1903.04797; for language models Lew et
al. 2023, https://arxiv.org/abs/2306.03081), and a guide says how likely it is to succeed, so that few are chosen in
vain (twisted targets: Whiteley & Lee 2014, https://arxiv.org/abs/1210.0220; Zhao et al. 2024,
https://arxiv.org/abs/2404.17546). A guide that errs costs effort, never correctness.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from moreish.automata import Automaton
from moreish.inference.drawn import Drawn
from moreish.inference.guides import FrequencyGuide, Guide
from moreish.inference.particles import CERTAIN, Beam, Ends, Particles, steps_to_acceptance
from moreish.inference.sample import Sampling
from moreish.models.contract import LanguageModel

FEWEST_PARTICLES, MOST_PARTICLES = 1024, 8192
FEWEST_OF_SLOW, MOST_OF_SLOW, EFFECTIVE_OF_SLOW, MOST_EFFORT = 64, 256, 16.0, 4  # see `effort`
MOST_CELLS = 2**22  # continuations looked at in a step: 32 MiB for each array of them
MOST_ROUNDS = 8  # and more where more items are asked for than one round has particles
LEAST_EFFECTIVE = 256.0  # rounds go on until so many
BEAM = 64


class Guided(NamedTuple):
    """Items under a rule.

    drawn     : the items; all of them ended and obey
    logprob   : log of the estimated probability of the rule under the model and this sampling
    effective : how many independent items, drawn without error, the weights are worth; infinite where nothing was
                left to chance. The relative variance of the estimated probability is about 1 / effective.
    ancestors : how many different beginnings, each chosen by chance or known exactly, the drawn items go back to
    particles : how many beginnings were followed at a time, over all rounds
    effort    : how many beginnings were followed, each symbol of each counted, and a step as many
    again     : draws so many more, as cheaply as items of a list, where nothing was left to chance
    """

    drawn: Drawn
    logprob: float
    effective: float
    ancestors: int
    particles: int
    effort: int = 0
    again: Callable[[int, np.random.Generator], Drawn] | None = None

    @property
    def probability(self) -> float:
        """The estimated probability that the model gives an item that obeys."""
        return float(np.exp(self.logprob))


def guided(
    model: LanguageModel,
    automaton: Automaton,
    count: int,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
    guide: Guide | None = None,
    particles: int | None = None,
    effort: int | None = None,
) -> Guided:
    """`count` items that the rule allows, each as probable as it is under the model among all that are allowed.

    automaton : trimmed; over the model's vocabulary
    sampling  : temperature as in free sampling. `top_k`, `top_p` and `min_p` choose among the symbols with which the
                item can still obey, so that no rule leaves them without a choice; together these keep the
                probability that such a symbol has. An item longer than `max_length` is not allowed. At temperature 0
                all items are the same: the one of free sampling where that obeys, otherwise the likeliest that a beam
                search finds.
    guide     : None: the frequencies of the model's symbols; an `NgramGuide` knows far more
    particles : how many beginnings are followed at a time; None: as many as `count` asks for
    effort    : beginnings, each symbol of each counted, after which no other round begins where enough was found, and
                at most four times as many; of items that are long so few are followed at a time that a round is
                about as much. For models of which each symbol takes long.
    Raises ValueError where no item is allowed, and where none was found.
    """
    sampling = sampling or Sampling()
    steps = steps_to_acceptance(automaton)
    _check(steps[automaton.start], sampling)
    guide = guide or FrequencyGuide.of(model, automaton, sampling, rng)
    if sampling.temperature == 0:
        plain = Sampling(max_length=sampling.max_length)
        return _likeliest(Beam(model, automaton, steps, guide, plain), count, rng)
    found = Particles(model, automaton, steps, guide, sampling)
    size = particles or _particles(count, model.vocab_size, effort, steps[automaton.start])
    most_rounds = MOST_ROUNDS + 2 * count // size
    for _ in range(most_rounds):
        found.run(size, rng)
        if not found.left_to_chance or found.effective() >= max(LEAST_EFFECTIVE, count / 2):
            break
        if effort is not None and _is_enough(found, effort, count):
            break
        if not len(found.found.weight):
            size = min(2 * size, MOST_PARTICLES)
    _check_found(found)
    return _result(found, _choose(found.found, count, rng))


def _particles(count: int, vocab_size: int, effort: int | None, shortest: float) -> int:
    most = max(64, min(MOST_PARTICLES, MOST_CELLS // vocab_size))
    fewest = FEWEST_PARTICLES
    if effort is not None:
        fewest = max(FEWEST_OF_SLOW, min(MOST_OF_SLOW, int(effort / max(shortest, 1))))
    return min(most, max(fewest, 2 * count))


def _is_enough(found: Particles, effort: int, count: int) -> bool:
    """Of a slow model: many items that do not share their beginnings, and after a lot of effort what there is."""
    many = len(found.found.weight) >= count and found.effective() >= EFFECTIVE_OF_SLOW
    return found.effort >= (effort if many else MOST_EFFORT * effort) and len(found.found.weight) > 0


def _check(shortest: float, sampling: Sampling) -> None:
    if np.isinf(shortest):
        raise ValueError("the rule allows no item at all: ask for less at once")
    if shortest > sampling.max_length:
        raise ValueError(
            f"the shortest item that the rule allows has {shortest:.0f} symbols, and max_length is"
            f" {sampling.max_length}: raise it"
        )


def _check_found(found: Particles) -> None:
    if len(found.found.weight):
        return
    if not found.left_to_chance:
        raise ValueError("the model gives every item that the rule allows a probability of 0: ask for less at once")
    raise ValueError(
        f"no item that the rule allows was found, though {sum(found.sizes):,} beginnings were followed:"
        " ask for less at once, or follow more"
    )


def _result(found: Particles, chosen: Integer[np.ndarray, " count"]) -> Guided:
    ends = found.found
    ancestor = ends.ancestor[chosen]
    different = len(np.unique(ancestor[ancestor != CERTAIN])) + len(np.unique(chosen[ancestor == CERTAIN]))
    drawn = _drawn(found, chosen)
    particles = sum(found.sizes)
    logprob = np.logaddexp.reduce(ends.weight) - np.log(particles)
    again = None if found.left_to_chance else partial(_drawn_again, found)
    return Guided(drawn, float(logprob), found.effective(), different, particles, found.effort, again)


def _drawn(found: Particles, chosen: Integer[np.ndarray, " count"]) -> Drawn:
    return Drawn(*found.read(chosen), found.found.logprob[chosen], np.ones(len(chosen), bool))


def _drawn_again(found: Particles, count: int, rng: np.random.Generator) -> Drawn:
    return _drawn(found, _choose(found.found, count, rng))


def _choose(ends: Ends, count: int, rng: np.random.Generator) -> Integer[np.ndarray, " count"]:
    """Which of the found items are drawn, in random order.

    Those whose probability is known are drawn independently. Each of the others stands for many that were not looked
    at, so it is not drawn again and again: systematically, neighbours in the tree one after the other.
    """
    weights = np.exp(ends.weight - ends.weight.max())
    certain = ends.ancestor == CERTAIN
    lot = rng.binomial(count, min(1.0, float(weights[certain].sum() / weights.sum())))
    independent = np.sort(rng.random(lot))
    systematic = (np.arange(count - lot) + rng.random()) / max(count - lot, 1)
    spots = [(np.flatnonzero(certain), independent), (np.flatnonzero(~certain), systematic)]
    return rng.permutation(np.concatenate([_at(weights, which, where) for which, where in spots]))


def _at(
    weights: Float[np.ndarray, " items"], which: Integer[np.ndarray, " some"], spots: Float[np.ndarray, " draws"]
) -> Integer[np.ndarray, " draws"]:
    """The item at each spot between 0 and 1 of these items' weights, one after the other."""
    if not len(spots):
        return np.zeros(0, np.int64)
    cumulative = np.cumsum(weights[which])
    at = np.searchsorted(cumulative, spots * cumulative[-1], side="right")
    return which[np.minimum(at, len(which) - 1)]


def _likeliest(beam: Beam, count: int, rng: np.random.Generator) -> Guided:
    """The item of temperature 0, `count` times. The rule has probability 1 where that is free sampling's, or 0."""
    free, logprob = _greedy(beam.model, beam.sampling.max_length)
    obeys = free is not None and beam.automaton.allows(free)
    if free is None or not obeys:
        beam.run(BEAM, rng)
        _check_found(beam)
        best = int(beam.found.weight.argmax())
        ids, offsets = beam.read(np.array([best]))
        free, logprob = ids[1 : offsets[1]], float(beam.found.logprob[best])
    likeliest, sure = free, logprob

    def again(count: int, rng: np.random.Generator) -> Drawn:
        ids = np.append(np.tile(np.append(0, likeliest), count), 0)
        offsets = np.arange(count + 1) * (len(likeliest) + 1)
        return Drawn(ids, offsets, np.full(count, sure), np.ones(count, bool))

    drawn = again(count, rng)
    return Guided(drawn, 0.0 if obeys else -np.inf, float("inf"), min(count, 1), BEAM, beam.effort, again)


def _greedy(model: LanguageModel, longest: int) -> tuple[Integer[np.ndarray, " T"] | None, float]:
    """Free sampling at temperature 0: the ids and the log probability; None where that does not end."""
    state, logprobs = model.start(1)
    ids, total = np.zeros(0, np.int64), 0.0
    for _ in range(longest + 1):
        best = logprobs.argmax(1)
        total += float(logprobs[0, best[0]])
        if best[0] == 0:
            return ids, total
        ids = np.append(ids, best)
        state, logprobs = model.advance(state, best)
    return None, total
