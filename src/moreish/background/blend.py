"""A blend: models multiplied, each to a power that depends on how much it can know here.

    log p(x | c) = sum over k of w_k(c) s_k(x | c) - log Z(c)

s_k are log probabilities of the models and scores of the list's shape; the powers w_k come from a small gate that
was fitted on lists of other kinds (see `gates`), from what each prediction rests on. A sum of probabilities keeps
whatever one of the models holds possible; a product forgets what one of them has reason to think impossible (Hinton
2002, https://doi.org/10.1162/089976602760128018).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Integer

from moreish.background.gate import EVIDENCE, SHAPE_SCORES, Gate
from moreish.background.lengths import Timing, nats_of, places_at, timed
from moreish.background.marks import Marks
from moreish.background.outline import Outline, kept_inside
from moreish.background.shape import LONGEST, ListShape
from moreish.background.template import SURE, Template, deferred
from moreish.models.contract import LanguageModel, State
from moreish.models.stepping import score_by_steps
from moreish.ngram import Backoff

Seen = tuple[Float[np.ndarray, "rows scores V"], Float[np.ndarray, "rows features"]]


class Ensemble:
    """Models and the shape of a list, side by side: the scores of the next symbol, and what they rest on.

    The first of the models is the n-gram. `start` and `advance` answer (state, (scores, features)), with scores
    (rows, models + SHAPE_SCORES, V) and features (rows, EVIDENCE + models).
    """

    def __init__(self, models: Sequence[LanguageModel], shape: ListShape) -> None:
        assert isinstance(models[0], Backoff)
        self.models, self.shape, self.counts = list(models), shape, models[0]
        self._everyone = [*self.models, shape.classes]

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return self.counts.vocab_size

    def start(self, rows: int) -> tuple[State, Seen]:
        """Before the first symbol."""
        return self._seen([each.start(rows) for each in self._everyone], np.zeros(rows, np.int64))

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Seen]:
        """Every model reads the id."""
        states, place = state
        answers = [each.advance(own, ids) for each, own in zip(self._everyone, states, strict=True)]
        return self._seen(answers, place + 1)

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only."""
        states, place = state
        return [each.take(own, rows) for each, own in zip(self._everyone, states, strict=True)], place[rows]

    def _seen(
        self, answers: Sequence[tuple[State, np.ndarray]], place: Integer[np.ndarray, " rows"]
    ) -> tuple[State, Seen]:
        states, logprobs = [state for state, _ in answers], [logprobs for _, logprobs in answers]
        count = len(self.models)
        scores = np.empty((len(place), count + SHAPE_SCORES, self.vocab_size), np.float32)
        for k, each in enumerate(logprobs):  # the last of them is that of the classes
            scores[:, k] = each
        scores[:, -2] = self.shape.frequency
        scores[:, -1] = 0
        scores[:, -1, 0] = self.shape.end_odds[np.minimum(place, LONGEST - 1)]
        length, occurrences = self.counts.evidence_of(states[0])
        features = np.empty((len(place), EVIDENCE + count), np.float32)
        features[:, 0] = 1
        features[:, 1] = np.log(self.shape.symbols) - 6
        features[:, 2] = np.log1p(occurrences) / 2
        features[:, 3] = length / 3 - 1
        features[:, 4] = place == 0
        features[:, EVIDENCE:] = -(np.exp(scores[:, :count]) * scores[:, :count]).sum(2) - 1.5
        return (states, place), (scores, features)


class Blend:
    """An ensemble and its gate as one `LanguageModel`.

    temperature : log probabilities are divided by it, so that the blend is as sure as it has reason to be
    outline : that of the list, of which what strays is made less likely by `strictness` nats
    timing : how strictly it keeps to the lengths of the list
    firm : whether what is made keeps to the outline in any case, since no item held out left it
    marks : what all items of the list have of marks, and so does what is made
    template : what all items of the list do alike, and so does what is made
    """

    def __init__(
        self,
        ensemble: Ensemble,
        gate: Gate,
        temperature: float = 1.0,
        outline: Outline | None = None,
        strictness: float = 0.0,
        timing: Timing = Timing(),  # noqa: B008 (a tuple)
        template: Template | None = None,
        firm: bool = False,
        marks: Marks | None = None,
    ) -> None:
        assert len(ensemble.models) == gate.models
        self.ensemble, self.gate, self.temperature = ensemble, gate, temperature
        self.outline, self.strictness = outline if strictness or firm else None, strictness
        self.firm, self.marks = firm and outline is not None, marks
        self.template = template
        self.timing, lengths, self._endings = timing, ensemble.shape.lengths, ensemble.shape.endings
        self._beyond = lengths.beyond() if lengths is not None and any(timing) else None

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return self.ensemble.vocab_size

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Before the first symbol."""
        state, seen = self.ensemble.start(rows)
        nodes = np.zeros(rows, np.int64) if self.outline is None else self.outline.start(rows)
        matched = np.zeros(rows, np.int64)
        state = state, nodes, np.zeros(rows, np.int64), matched
        return state, self._inside(state, blended(*seen, self.gate, self.temperature))

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Every model reads the id."""
        own, nodes, _, matched = state
        own, seen = self.ensemble.advance(own, ids)
        nodes = nodes if self.outline is None else self.outline.advance(nodes, ids)
        matched = matched if self.template is None else self.template.advance(matched, ids)
        state = own, nodes, np.asarray(ids, np.int64), matched
        return state, self._inside(state, blended(*seen, self.gate, self.temperature))

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only."""
        own, *others = state
        return self.ensemble.take(own, rows), *(each[rows] for each in others)

    def _inside(self, state: State, logprobs: Float[np.ndarray, "rows V"]) -> Float[np.ndarray, "rows V"]:
        (_, place), nodes, last, matched = state
        template, remaining = self.template, None
        if template is not None:
            logprobs = kept_inside(logprobs, template.strays(place, matched), SURE)
        if self.outline is not None and self.strictness:
            logprobs = kept_inside(logprobs, self.outline.strays(nodes), self.strictness)
        if template is not None:
            remaining = template.remaining(matched)
            logprobs = deferred(logprobs, remaining.instead)
        if self._beyond is not None and self._endings is not None:
            places = places_at(place, last, self._beyond, self._endings, remaining)
            logprobs = timed(logprobs, nats_of(self.timing, places), places)
        return logprobs

    def strays(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Bool[np.ndarray, " items"]:
        """Which of these items leave outlines that the list keeps to firmly, or have other marks than all of its."""
        found = np.zeros(len(offsets) - 1, bool) if self.marks is None else self.marks.broken_by(ids, offsets)
        return found | self.outline.are_left_by(ids, offsets) if self.firm and self.outline is not None else found

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id."""
        return score_by_steps(self, ids, offsets)


def blended(
    scores: Float[np.ndarray, "rows scores V"],
    features: Float[np.ndarray, "rows features"],
    gate: Gate,
    temperature: float,
) -> Float[np.ndarray, "rows V"]:
    """The log probabilities."""
    powers = gate(features) / np.float32(temperature)
    logits = np.matmul(powers[:, None], scores)[:, 0]
    logits -= logits.max(1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(1, keepdims=True))
    return logits
