"""Particles: weighted beginnings of items under a rule, followed until they end; see `guided`.

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
from moreish.cancellation import check_cancelled
from moreish.inference.guides import Guide
from moreish.inference.sample import Sampling, draw_probabilities
from moreish.models.contract import LanguageModel

DEFENSIVE = 0.01  # the share of its beginning's value that a continuation has at least, whatever the guide says
TINY = 1e-250
NEGLIGIBLE = 1e-9  # where beginnings hold so little together, not all of them are followed even if there is room
STEP = 256  # beginnings that are followed one symbol further at the cost of a step by itself
CERTAIN = 0  # the ancestor of what was never left to chance


class Ends(NamedTuple):
    """Items that were found: where they end in the tree of their round, and what they weigh.

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


class Level(NamedTuple):
    """The beginnings of one length: which of the shorter ones each goes on from, and with what."""

    parent: Integer[np.ndarray, " nodes"]
    symbol: Integer[np.ndarray, " nodes"]


class Particles:
    """Independent rounds of the sampler, and what they found together."""

    def __init__(
        self,
        model: LanguageModel,
        automaton: Automaton,
        steps: Float[np.ndarray, " S"],
        guide: Guide,
        sampling: Sampling,
    ) -> None:
        """`steps` are `steps_to_acceptance` of the automaton."""
        self.model, self.automaton, self.steps, self.guide, self.sampling = model, automaton, steps, guide, sampling
        self.trees: list[list[Level]] = []  # of each round, a level for each length from 1 on
        self.sizes: list[int] = []
        self.left_to_chance = False
        self.effort = 0  # beginnings followed, each symbol of each
        self._found: list[Ends] = []
        self._ancestors = CERTAIN
        self._unit = -np.inf  # log, the largest of all rounds

    def run(self, size: int, rng: np.random.Generator) -> None:
        """One round that follows up to `size` beginnings at a time."""
        model, automaton, guide = self.model, self.automaton, self.guide
        state, logprobs = model.start(1)
        guide_state, rule = guide.start(1), np.array([automaton.start])
        weight, logprob, ancestor = np.full(1, np.log(size)), np.zeros(1), np.full(1, CERTAIN)
        tree: list[Level] = []
        ended = -np.inf
        for depth in range(self.sampling.max_length + 1):
            check_cancelled()
            chances = log_chances(logprobs, self._possible(rule, depth), self.sampling)
            over = np.flatnonzero(chances[:, 0] > -np.inf)
            place = np.full(len(over), len(self.sizes)), np.full(len(over), depth), over
            ends = Ends(*place, weight[over] + chances[over, 0], logprob[over] + logprobs[over, 0], ancestor[over])
            self._found.append(ends)
            ended = np.logaddexp.reduce(ends.weight, initial=ended)
            values, scale = _values(weight, chances[:, 1:], guide.after(guide_state, rule)[:, 1:])
            cells = np.flatnonzero(values)
            if not len(cells):
                break
            kept, inclusion = self._keep(values[cells], scale, ended, size, rng)
            if not len(kept):
                break
            parents, ids = np.divmod(cells[kept], model.vocab_size - 1)
            ids += 1
            weight = weight[parents] + chances[parents, ids] - np.log(inclusion)
            if self._settled(weight):
                break
            logprob = logprob[parents] + logprobs[parents, ids]
            ancestor = self._ancestors_of(ancestor[parents], inclusion < 1)
            self.effort += STEP + len(parents)
            tree.append(Level(parents.astype(np.int32), ids.astype(np.int32)))
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

    def _keep(
        self, values: Float[np.ndarray, " cells"], scale: float, ended: float, size: int, rng: np.random.Generator
    ) -> tuple[Integer[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
        """Which continuations are followed, and how likely each of them was to be.

        There is room for as many as their share of all that was found so far, so that the last long items are not
        followed by as many particles as all items were.
        """
        share = 1 / (1 + np.exp(np.minimum(ended - scale - np.log(values.sum()), 700)))
        room = size * share
        if len(values) <= (room if self.left_to_chance or share < NEGLIGIBLE else size):
            return np.arange(len(values)), np.ones(len(values))
        self.left_to_chance = True
        unit = unit_of(values, room)
        self._unit = max(self._unit, scale + np.log(unit))
        return thin(values, unit, rng)

    def _settled(self, weight: Float[np.ndarray, " kept"]) -> bool:
        """Whether what can still be found does not matter."""
        return False

    def _ancestors_of(
        self, ancestor: Integer[np.ndarray, " kept"], by_chance: Bool[np.ndarray, " kept"]
    ) -> Integer[np.ndarray, " kept"]:
        fresh = np.flatnonzero(by_chance & (ancestor == CERTAIN))
        ancestor[fresh] = self._ancestors + 1 + np.arange(len(fresh))
        self._ancestors += len(fresh)
        return ancestor

    @property
    def found(self) -> Ends:
        """What all rounds found."""
        if len(self._found) > 1:
            self._found = [Ends(*map(np.concatenate, zip(*self._found, strict=True)))]
        return self._found[0]

    def effective(self) -> float:
        """What the weights are worth: items that share an ancestor are as good as one (Chan & Lai 2013).

        Where every beginning that was kept by chance came to nothing, one more of them might have weighed a unit.
        Only what was found can be counted: where the guide misses a whole kind of items, this is too high.
        """
        ends = self.found
        most = ends.weight.max(initial=-np.inf)
        if not self.left_to_chance or most == -np.inf:
            return 0.0 if self.left_to_chance else float("inf")
        weights = np.exp(ends.weight - most)
        shared = np.bincount(ends.ancestor, weights)
        shared[CERTAIN] = 0
        lost = float((shared**2).sum()) or np.exp(2 * np.clip(self._unit - most, -300, 300))
        return float(weights.sum() ** 2 / lost)

    def read(
        self, chosen: Integer[np.ndarray, " count"]
    ) -> tuple[Integer[np.ndarray, " N"], Integer[np.ndarray, " count_and_one"]]:
        """The ids and offsets of these of the items found, as in `data.corpus.Split`."""
        ends = self.found
        depth, node, rounds = ends.depth[chosen], ends.node[chosen], ends.round[chosen]
        offsets = np.concatenate([[0], np.cumsum(depth + 1)])
        ids = np.zeros(offsets[-1] + 1, np.min_scalar_type(self.model.vocab_size))
        for r, tree in enumerate(self.trees):
            mine = rounds == r
            for length in range(int(depth[mine].max(initial=0)), 0, -1):
                rows = np.flatnonzero(mine & (depth >= length))
                level = tree[length - 1]
                ids[offsets[rows] + length] = level.symbol[node[rows]]
                node[rows] = level.parent[node[rows]]
        return ids, offsets


class Beam(Particles):
    """Nothing is left to chance: the best are kept, until no beginning is as likely as the best item (beam search).

    Weights are log probabilities of the items.
    """

    def _keep(
        self, values: Float[np.ndarray, " cells"], scale: float, ended: float, size: int, rng: np.random.Generator
    ) -> tuple[Integer[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
        kept = np.sort(np.argsort(-values, kind="stable")[:size])
        return kept, np.ones(len(kept))

    def _settled(self, weight: Float[np.ndarray, " kept"]) -> bool:
        return bool(max(ends.weight.max(initial=-np.inf) for ends in self._found) >= weight.max())


def steps_to_acceptance(automaton: Automaton) -> Float[np.ndarray, " S"]:
    """The length of the shortest continuation with which an item in this state is allowed; infinite: none."""
    arcs = automaton.table[:, np.unique(automaton.classes[1:])]
    steps = np.where(automaton.accepts, 0.0, np.inf)
    while arcs.size:
        shorter = np.minimum(steps, 1 + steps[arcs].min(1))
        if np.array_equal(shorter, steps):
            break
        steps = shorter
    return steps


def unit_of(values: Float[np.ndarray, " cells"], room: float) -> float:
    """The unit with which the probabilities min(1, value / unit) add up to `room` (Fearnhead & Clifford 2003, eq. 9).

    There are more values than room.
    """
    unit, large = float(values.sum()) / room, 0
    while (more := int((values >= unit).sum())) > large:
        large = more
        unit = float(values[values < unit].sum()) / (room - large)
    return unit


def thin(
    values: Float[np.ndarray, " cells"], unit: float, rng: np.random.Generator
) -> tuple[Integer[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
    """Keep each with probability min(1, value / unit): which are kept, and the probabilities of those.

    Systematic: one random number decides, so that no stretch of neighbours is kept much more or less often than it
    should be.
    """
    inclusion = np.minimum(1, values / unit)
    small = np.flatnonzero(inclusion < 1)
    kept = inclusion == 1
    kept[small] = np.diff(np.floor(np.cumsum(inclusion[small]) + rng.random()), prepend=0) > 0
    where = np.flatnonzero(kept)
    return where, inclusion[where]


def log_chances(
    logprobs: Float[np.ndarray, "rows V"], possible: Bool[np.ndarray, "rows V"], sampling: Sampling
) -> Float[np.ndarray, "rows V"]:
    """Log probability of each id under this sampling; -inf for what is not possible.

    Temperature first, over all ids. Then top-k, top-p and min-p choose among those that are possible and share
    what these have together. Where everything is possible, these are the probabilities of free sampling.
    """
    chances = logprobs.astype(np.float64)
    if sampling.temperature != 1:
        with np.errstate(over="ignore"):
            chances = (chances - chances.max(1, keepdims=True)) / sampling.temperature
        chances -= np.log(np.exp(chances).sum(1, keepdims=True))
    chances[~possible] = -np.inf
    if not sampling.cuts:
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
    if own.any():
        own[own == 0] = own.max()  # what goes on from here is too unlikely for the guide to be written as a number
        relative *= np.maximum(guide, DEFENSIVE * own[:, None])
    scale = float(total.max())
    if scale > -np.inf:
        relative *= np.exp(total - scale)[:, None]
    return relative.ravel(), scale
