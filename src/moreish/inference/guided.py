"""Guided sampling: items from any `LanguageModel` that obey an `Automaton`, as often as the model itself gives them.

Masking what the rule forbids is not enough: it obeys, but it draws from another distribution, because it learns too
late that a beginning leads nowhere good. Here every beginning carries a weight that makes up for how it was chosen
(sequential Monte Carlo: Naesseth, Lindsten & Schön 2019, https://arxiv.org/abs/1903.04797; for language models Lew et
al. 2023, https://arxiv.org/abs/2306.03081), and a guide says how likely it is to succeed, so that few are chosen in
vain (twisted targets: Whiteley & Lee 2014, https://arxiv.org/abs/1210.0220; Zhao et al. 2024,
https://arxiv.org/abs/2404.17546). A guide that errs costs effort, never correctness.

Beginnings are discrete, so no two particles are the same one. Each step looks at all continuations of all beginnings,
keeps the likely ones for certain and of the others as many as there is room for, so that each keeps its weight on
average (Fearnhead & Clifford 2003, https://doi.org/10.1111/1467-9868.00421). Where everything finds room, nothing is
left to chance: the weights are the probabilities.

    value of a beginning x  = weight(x) guide(x)
    kept with probability k = min(1, value / unit), and its weight becomes weight(x) / k
    weight of an item       = its probability, on average
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

from moreish.automata import Automaton
from moreish.inference.drawn import Drawn
from moreish.inference.guides import Guide, NoGuide
from moreish.inference.sample import Sampling, draw_probabilities
from moreish.models.contract import LanguageModel

FEWEST_PARTICLES, MOST_PARTICLES = 1024, 8192
MOST_CELLS = 2**22  # continuations looked at in a step: 32 MiB for each array of them
MOST_ROUNDS = 8
LEAST_EFFECTIVE = 256.0  # rounds go on until so many
DEFENSIVE = 0.01  # the share of its beginning's value that a continuation has at least, whatever the guide says
TINY = 1e-250
NEGLIGIBLE = 1e-9  # where beginnings hold so little together, not all of them are followed even if there is room
CERTAIN = 0  # the ancestor of what was never left to chance


class Guided(NamedTuple):
    """Items under a rule.

    drawn     : the items; all of them ended and obey
    logprob   : log of the estimated probability of the rule under the model and this sampling
    effective : of how many independent items, drawn without error, these weights are worth; infinite where nothing
                was left to chance. The relative variance of the estimated probability is about 1 / effective.
    ancestors : how many different beginnings, each chosen by chance or known exactly, the drawn items go back to
    particles : how many beginnings were followed at most, over all rounds
    """

    drawn: Drawn
    logprob: float
    effective: float
    ancestors: int
    particles: int

    @property
    def probability(self) -> float:
        """The estimated probability that the model gives an item that obeys."""
        return float(np.exp(self.logprob))


class Ends(NamedTuple):
    """Items that were found: where they end in their round, and what they weigh.

    round, depth, node : (items,) the round, how many symbols, and which beginning of that length
    weight             : (items,) log; of all rounds on one scale
    logprob            : (items,) under the untouched model, the end included
    ancestor           : (items,) the first beginning on the way that was kept by chance, numbered over all rounds
    """

    round: Integer[np.ndarray, " items"]
    depth: Integer[np.ndarray, " items"]
    node: Integer[np.ndarray, " items"]
    weight: Float[np.ndarray, " items"]
    logprob: Float[np.ndarray, " items"]
    ancestor: Integer[np.ndarray, " items"]


def guided(
    model: LanguageModel,
    automaton: Automaton,
    count: int,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
    guide: Guide | None = None,
    particles: int | None = None,
) -> Guided:
    """`count` items that the rule allows, each as probable as it is under the model among all that are allowed.

    automaton : trimmed; over the model's vocabulary
    sampling  : temperature as in free sampling. `top_k` and `top_p` choose among the symbols with which the item can
                still obey, so that no rule leaves them without a choice; together these keep the probability that
                such a symbol has. An item longer than `max_length` is not allowed.
    particles : how many beginnings are followed at a time; None: as many as `count` asks for
    Raises ValueError where no item is allowed, and where none was found.
    """
    sampling = sampling or Sampling()
    steps = _steps_to_acceptance(automaton)
    _check(automaton, steps, sampling)
    guide = guide or NoGuide(model.vocab_size)
    rounds = Rounds(model, automaton, steps, guide, sampling)
    size = particles or _particles(count, model.vocab_size)
    while rounds.more_needed(count):
        rounds.run(size, rng)
        if not rounds.found:
            size = min(2 * size, MOST_PARTICLES)
    return rounds.result(count, rng)


def _particles(count: int, vocab_size: int) -> int:
    most = max(64, min(MOST_PARTICLES, MOST_CELLS // vocab_size))
    return min(most, max(FEWEST_PARTICLES, 2 * count))


def _check(automaton: Automaton, steps: Float[np.ndarray, " S"], sampling: Sampling) -> None:
    shortest = steps[automaton.start]
    if np.isinf(shortest):
        raise ValueError("the rule allows no item at all: ask for less at once")
    if shortest > sampling.max_length:
        raise ValueError(
            f"the shortest item that the rule allows has {shortest:.0f} symbols, and max_length is"
            f" {sampling.max_length}: raise it"
        )


def _steps_to_acceptance(automaton: Automaton) -> Float[np.ndarray, " S"]:
    """The length of the shortest continuation with which an item in this state is allowed; infinite: none."""
    arcs = automaton.table[:, np.unique(automaton.classes[1:])]
    steps = np.where(automaton.accepts, 0.0, np.inf)
    while arcs.size:
        shorter = np.minimum(steps, 1 + steps[arcs].min(1))
        if np.array_equal(shorter, steps):
            break
        steps = shorter
    return steps


class Rounds:
    """Independent rounds of the sampler, and what they found together."""

    def __init__(
        self,
        model: LanguageModel,
        automaton: Automaton,
        steps: Float[np.ndarray, " S"],
        guide: Guide,
        sampling: Sampling,
    ) -> None:
        self.model, self.automaton, self.steps, self.guide, self.sampling = model, automaton, steps, guide, sampling
        self.trees: list[list[tuple[np.ndarray, np.ndarray]]] = []  # of each round, for each length: parents, symbols
        self.ends: list[Ends] = []
        self.sizes: list[int] = []
        self.ancestors = CERTAIN
        self.left_to_chance = False

    @property
    def found(self) -> bool:
        """Whether there is an item."""
        return any(len(ends.weight) for ends in self.ends)

    def more_needed(self, count: int) -> bool:
        """Whether another round would help: not where all was looked at, nor for ever."""
        done = len(self.sizes)
        if not done:
            return True
        if done >= MOST_ROUNDS + count // MOST_PARTICLES or not self.left_to_chance:
            return False
        return not self.found or self.effective() < max(LEAST_EFFECTIVE, count / 2)

    def run(self, size: int, rng: np.random.Generator) -> None:
        """One round with `size` particles."""
        model, automaton, guide = self.model, self.automaton, self.guide
        state, logprobs = model.start(1)
        guide_state, rule = guide.start(1), np.array([automaton.start])
        weight, logprob = np.full(1, np.log(size)), np.zeros(1)
        ancestor = np.zeros(1, np.int64)
        tree: list[tuple[np.ndarray, np.ndarray]] = []
        ended = -np.inf
        for depth in range(self.sampling.max_length + 1):
            chances = _log_chances(logprobs, self._possible(rule, depth), self.sampling)
            over = np.flatnonzero(chances[:, 0] > -np.inf)
            here = np.full(len(over), len(self.sizes)), np.full(len(over), depth), over
            ends = weight[over] + chances[over, 0]
            self.ends.append(Ends(*here, ends, logprob[over] + logprobs[over, 0], ancestor[over]))
            ended = np.logaddexp(ended, np.logaddexp.reduce(ends, initial=-np.inf))
            values, scale = _values(weight, chances[:, 1:], guide.after(guide_state, rule)[:, 1:])
            cells = np.flatnonzero(values)
            if not len(cells):
                break
            kept, inclusion = self._thinned(values[cells], scale, ended, size, rng)
            if not len(kept):
                break
            parents, ids = np.divmod(cells[kept], model.vocab_size - 1)
            ids += 1
            weight = weight[parents] + chances[parents, ids] - np.log(inclusion)
            logprob = logprob[parents] + logprobs[parents, ids]
            ancestor = self._ancestors(ancestor[parents], inclusion < 1)
            tree.append((parents.astype(np.int32), ids.astype(np.int32)))
            rule = automaton.advance(rule[parents], ids)
            guide_state = guide.advance(guide.take(guide_state, parents), ids)
            state, logprobs = model.advance(model.take(state, parents), ids)
        self.trees.append(tree)
        self.sizes.append(size)

    def _possible(self, rule: Integer[np.ndarray, " rows"], depth: int) -> Bool[np.ndarray, "rows V"]:
        """With which ids an item can still obey, and be no longer than allowed."""
        left = self.sampling.max_length - depth
        possible = (self.steps[self.automaton.table[rule]] < left)[:, self.automaton.classes]
        possible[:, 0] = self.automaton.accepts[rule]
        return possible

    def _thinned(
        self, values: Float[np.ndarray, " cells"], scale: float, ended: float, size: int, rng: np.random.Generator
    ) -> tuple[Integer[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
        """Which continuations are followed, and how likely each of them was to be."""
        share = 1 / (1 + np.exp(np.minimum(ended - scale - np.log(values.sum()), 700)))
        certain = not self.left_to_chance and share > NEGLIGIBLE
        if len(values) <= (size if certain else share * size):
            return np.arange(len(values)), np.ones(len(values))
        self.left_to_chance = True
        return thin(values, share * size, rng)

    def _ancestors(
        self, ancestor: Integer[np.ndarray, " kept"], by_chance: Bool[np.ndarray, " kept"]
    ) -> Integer[np.ndarray, " kept"]:
        fresh = np.flatnonzero(by_chance & (ancestor == CERTAIN))
        ancestor[fresh] = self.ancestors + 1 + np.arange(len(fresh))
        self.ancestors += len(fresh)
        return ancestor

    def _all(self) -> Ends:
        """What all rounds found, as one; afterwards it is the only part."""
        if len(self.ends) != 1:
            self.ends = [Ends(*map(np.concatenate, zip(*self.ends, strict=True)))]
        return self.ends[0]

    def effective(self) -> float:
        """What the weights are worth: items that share an ancestor are as good as one (Chan & Lai 2013)."""
        ends = self._all()
        weights = np.exp(ends.weight - ends.weight.max())
        shared = np.bincount(ends.ancestor, weights)
        shared[CERTAIN] = 0
        lost = float((shared**2).sum())
        return float(weights.sum() ** 2) / lost if lost else float("inf")

    def result(self, count: int, rng: np.random.Generator) -> Guided:
        """Draw from what was found. Raises ValueError where nothing was."""
        ends = self._all()
        if not len(ends.weight):
            raise ValueError(self._none_found())
        chosen = _choose(ends, count, rng)
        total = np.logaddexp.reduce(ends.weight) - np.log(sum(self.sizes))
        ancestor = ends.ancestor[chosen]
        different = len(np.unique(ancestor[ancestor != CERTAIN])) + len(np.unique(chosen[ancestor == CERTAIN]))
        return Guided(self._drawn(ends, chosen), float(total), self.effective(), different, sum(self.sizes))

    def _none_found(self) -> str:
        if not self.left_to_chance:
            return "the model gives no item that the rule allows any probability: ask for less at once"
        return f"{sum(self.sizes):,} beginnings were followed and none became an item that the rule allows"

    def _drawn(self, ends: Ends, chosen: Integer[np.ndarray, " count"]) -> Drawn:
        depth, node, rounds = ends.depth[chosen], ends.node[chosen].copy(), ends.round[chosen]
        offsets = np.concatenate([[0], np.cumsum(depth + 1)])
        ids = np.zeros(offsets[-1] + 1, np.min_scalar_type(self.model.vocab_size))
        for r, tree in enumerate(self.trees):
            mine = rounds == r
            for length in range(int(depth[mine].max(initial=0)), 0, -1):
                rows = np.flatnonzero(mine & (depth >= length))
                parents, symbols = tree[length - 1]
                ids[offsets[rows] + length] = symbols[node[rows]]
                node[rows] = parents[node[rows]]
        return Drawn(ids, offsets, ends.logprob[chosen], np.ones(len(chosen), bool))


def thin(
    values: Float[np.ndarray, " cells"], room: float, rng: np.random.Generator
) -> tuple[Integer[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
    """Keep about `room` of these, each with probability min(1, value / unit): which, and the probabilities of those.

    The unit is such that the probabilities add up to `room` (Fearnhead & Clifford 2003, equation 9). Systematic: one
    random number decides, so that no stretch of neighbours is kept much more or less often than it should be.
    """
    if len(values) <= room:
        return np.arange(len(values)), np.ones(len(values))
    unit, large = values.sum() / room, 0
    while (more := int((values >= unit).sum())) > large:
        large = more
        unit = values[values < unit].sum() / (room - large)
    inclusion = np.minimum(1, values / unit)
    small = np.flatnonzero(inclusion < 1)
    crossed = np.floor(np.cumsum(inclusion[small]) + rng.random())
    kept = inclusion == 1
    kept[small] = np.diff(crossed, prepend=0) > 0
    kept = np.flatnonzero(kept)
    return kept, inclusion[kept]


def _log_chances(
    logprobs: Float[np.ndarray, "rows V"], possible: Bool[np.ndarray, "rows V"], sampling: Sampling
) -> Float[np.ndarray, "rows V"]:
    """Log probability of each id under this sampling; -inf for what is not possible."""
    chances = logprobs.astype(np.float64)
    if sampling.temperature != 1:
        with np.errstate(over="ignore"):
            chances = (chances - chances.max(1, keepdims=True)) / sampling.temperature
        chances -= np.log(np.exp(chances).sum(1, keepdims=True))
    chances[~possible] = -np.inf
    if sampling.top_k is None and sampling.top_p is None:
        return chances
    alive = np.flatnonzero(chances.max(1) > -np.inf)
    together = np.logaddexp.reduce(chances[alive], 1, keepdims=True)
    with np.errstate(divide="ignore"):
        chances[alive] = together + np.log(draw_probabilities(chances[alive], replace(sampling, temperature=1.0)))
    return chances


def _values(
    weight: Float[np.ndarray, " rows"],
    chances: Float[np.ndarray, "rows symbols"],
    guide: Float[np.ndarray, "rows symbols"],
) -> tuple[Float[np.ndarray, " cells"], float]:
    """What each continuation of each beginning is worth, on a scale whose log is the second."""
    best = chances.max(1, initial=-np.inf)
    total = weight + best
    best[np.isinf(best)] = 0  # no continuation
    relative = np.exp(chances - best[:, None])
    own = (relative * guide).sum(1) / np.maximum(relative.sum(1), TINY)
    relative *= np.maximum(guide, np.maximum(DEFENSIVE * own, TINY)[:, None])
    scale = float(total.max())
    if scale > -np.inf:
        relative *= np.exp(total - scale)[:, None]
    return relative.ravel(), scale


def _choose(ends: Ends, count: int, rng: np.random.Generator) -> Integer[np.ndarray, " count"]:
    """Which of the found items are drawn, in random order.

    Those whose probability is known are drawn independently. Each of the others stands for many that were not looked
    at, so it is not drawn again and again: systematically, neighbours in the tree one after the other.
    """
    weights = np.exp(ends.weight - ends.weight.max())
    certain = ends.ancestor == CERTAIN
    known, others = np.flatnonzero(certain), np.flatnonzero(~certain)
    lot = rng.binomial(count, min(1.0, float(weights[known].sum() / weights.sum())))
    chosen = np.empty(count, np.int64)
    for which, begin, end in ((known, 0, lot), (others, lot, count)):
        if end > begin:
            cumulative = np.cumsum(weights[which])
            spots = rng.random(end - begin) if which is known else np.arange(end - begin) + rng.random()
            spots = spots * (cumulative[-1] / (1 if which is known else end - begin))
            chosen[begin:end] = which[np.minimum(np.searchsorted(cumulative, spots, side="right"), len(which) - 1)]
    return rng.permutation(chosen)
