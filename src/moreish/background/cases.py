"""What a gate sees of items that the models were not made from: to fit it, and for cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from moreish.background.blend import Ensemble, blended
from moreish.background.gate import EVIDENCE, SHAPE_SCORES, Gate
from moreish.background.lengths import Foretold, Places, joined_places
from moreish.background.outline import Strictness, kept_inside
from moreish.background.template import SURE, deferred
from moreish.cancellation import check_cancelled


@dataclass(frozen=True)
class Case:
    """What a blend's gate sees of other items of one list.

    scores : (N, scores, V), features : (N, features), targets : (N,)
    strays : (N, V) whether each symbol leaves the order of the outlines of the items that the models were made from
    stretches : (N, V) whether it makes a run too long or leaves it too short; neither where they are not known
    unlike : (N, V) whether no item of the list has each symbol there, if that is known of its places
    places : how far each place is from their lengths and endings, if known
    """

    scores: Float[np.ndarray, "N scores V"]
    features: Float[np.ndarray, "N features"]
    targets: Integer[np.ndarray, " N"]
    strays: Float[np.ndarray, "N V"] | None = None
    stretches: Float[np.ndarray, "N V"] | None = None
    unlike: Float[np.ndarray, "N V"] | None = None
    places: Places | None = None

    @property
    def models(self) -> int:
        """How many models were asked."""
        return self.scores.shape[1] - SHAPE_SCORES

    def first(self, models: int) -> "Case":
        """The same of a blend of the first `models` of them."""
        kept = [*range(models), *range(self.models, self.models + SHAPE_SCORES)]
        features = self.features[:, : EVIDENCE + models]
        return replace(self, scores=self.scores[:, kept], features=features)

    def foretold(
        self,
        gate: Gate,
        temperature: float = 1.0,
        strictness: Strictness = Strictness(),  # noqa: B008 (a tuple)
    ) -> Foretold:
        """By the blend with this gate that keeps so strictly to the outlines."""
        check_cancelled()
        logprobs = blended(self.scores, self.features, gate, temperature)
        if self.unlike is not None:
            logprobs = kept_inside(logprobs, self.unlike, SURE)
        for strays, nats in zip((self.strays, self.stretches), strictness, strict=True):
            if nats and strays is not None:
                logprobs = kept_inside(logprobs, strays, nats)
        if self.places is None:
            return Foretold.of(logprobs, self.targets)
        return Foretold.of(deferred(logprobs, self.places.last), self.targets, self.places)


def joined(cases: Sequence[Case]) -> Case:
    """Several as one."""
    strays = [case.strays for case in cases if case.strays is not None]
    stretches = [case.stretches for case in cases if case.stretches is not None]
    unlike = [case.unlike for case in cases if case.unlike is not None]
    places = [case.places for case in cases if case.places is not None]
    return Case(
        *(np.concatenate([getattr(case, name) for case in cases]) for name in ("scores", "features", "targets")),
        strays=np.concatenate(strays) if len(strays) == len(cases) else None,
        stretches=np.concatenate(stretches) if len(stretches) == len(cases) else None,
        unlike=np.concatenate(unlike) if len(unlike) == len(cases) else None,
        places=joined_places(places) if len(places) == len(cases) else None,
    )


def case_of(ensemble: Ensemble, others: Sequence[Integer[np.ndarray, " _"]]) -> Case:
    """What the gate sees of these items, item by item; all of them are read side by side."""
    lengths = np.array([len(item) + 1 for item in others])
    begin = np.append(0, np.cumsum(lengths))
    order = np.argsort(-lengths, kind="stable")
    targets = np.concatenate([np.append(item, 0) for item in others]).astype(np.int64)
    models = len(ensemble.models)
    scores = np.empty((len(targets), models + SHAPE_SCORES, ensemble.vocab_size), np.float32)
    features = np.empty((len(targets), EVIDENCE + models), np.float32)
    state, seen = ensemble.start(len(others))
    for t in range(int(lengths.max())):
        check_cancelled()
        rows = order[: np.count_nonzero(lengths > t)]
        scores[begin[rows] + t], features[begin[rows] + t] = seen
        going = np.arange(np.count_nonzero(lengths > t + 1))
        if not len(going):
            break
        state, seen = ensemble.advance(ensemble.take(state, going), targets[begin[rows[going]] + t])
    return Case(scores, features, targets)
