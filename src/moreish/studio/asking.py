"""What is asked of a run's model, which is opened when it is first asked and again when it has learned more."""

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from moreish.serving.work import Clock
from moreish.studio.bodies import NextBody, TrialBody
from moreish.studio.listing import Listing

if TYPE_CHECKING:
    from moreish.api.trained import TrainedRun

KEPT = 4  # models that are held
TRIALS_KEPT = 16
Answer = dict[str, object]


class Asker:
    """Opens runs and asks them; from several threads."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._models: OrderedDict[str, tuple[object, TrainedRun]] = OrderedDict()
        self._trials: OrderedDict[tuple[str, str], tuple[object, Answer]] = OrderedDict()

    def opened(self, id: str) -> "TrainedRun":
        """The run, with the model of its best checkpoint. Raises RunError where there is none."""
        from moreish.api.trained import open_run

        run = self._listing.run(id)
        steps = tuple(run.steps())
        known = self._models.get(id)
        if known is None or known[0] != steps:
            known = steps, open_run(run)
            self._models[id] = known
            while len(self._models) > KEPT:
                self._models.popitem(last=False)
        return known[1]

    def more(self, id: str, wishes: Answer, clock: Clock) -> Answer:
        """Items as they are wished for; see `serving.answers.more`."""
        from moreish.serving import answers

        return answers.more(self.opened(id), wishes, clock).model_dump()

    def score(self, id: str, wanted: dict[str, Any], clock: Clock) -> Answer:
        """How likely items are; see `serving.answers.score`."""
        from moreish.serving import answers
        from moreish.serving.bodies import Scoring

        scoring = Scoring(**{k: v for k, v in wanted.items() if v is not None})
        return answers.score(self.opened(id), scoring, clock).model_dump()

    def following(self, id: str, body: NextBody) -> Answer:
        """The likeliest symbols after a prefix, the end as an empty one, as items are drawn where nothing is wished.

        Of each `p`, what the model gives it at this temperature, and `drawn`, its chance once what is left out is; of
        all that are not among them `others`, their chance together. `left_out` says of how many, and by what.
        """
        import numpy as np

        from moreish.inference.sample import Sampling, draw_probabilities, read_prefix
        from moreish.inference.suggested import suggested

        run = self.opened(id)
        vocab, prefix = run.vocab, run.vocab.normal(body.prefix)
        logprobs = read_prefix(run.model, vocab.encode(prefix) if prefix else np.zeros(0, np.int64))[1]
        wished = Sampling(body.temperature, body.top_k, body.top_p, min_p=body.min_p)
        sampling = suggested(run.model, wished)
        (p,) = draw_probabilities(logprobs, Sampling(sampling.temperature))
        (drawn,) = draw_probabilities(logprobs, sampling)
        best = np.argsort(-p, kind="stable")[: body.count]
        likely = [
            {"symbol": "" if i == 0 else vocab.decode([i]), "p": float(p[i]), "drawn": float(drawn[i])}
            for i in best.tolist()
        ]
        left_out, out = None, (drawn == 0) & (p > 0)
        if out.any():
            by = {name: getattr(sampling, name) for name in ("top_k", "top_p", "min_p")}
            much = {"symbols": int(out.sum()), "of": len(p), "p": float(p[out].sum())}
            left_out = much | by | {"suggested": sampling != wished}
        others = float(max(0.0, 1 - drawn[best].sum()))
        return {"prefix": body.prefix, "symbols": likely, "others": others, "left_out": left_out}

    def inside(self, id: str, item: str) -> Answer:
        """One item through every layer."""
        from moreish.studio.inside import look_inside

        return look_inside(self.opened(id), item)

    def trial(self, id: str, body: TrialBody, clock: Clock) -> Answer:
        """A remedy put to the test; asked again from the same state, the answer is the one that was given."""
        from moreish.studio.trials import save_now, trial_of

        run = self._listing.run(id)
        asked = id, body.model_dump_json()
        state = None if run.running else tuple(run.steps())
        known = self._trials.get(asked)
        if known is None or known[0] != state or state is None:
            save_now(run)
            tried = trial_of(self.opened(id), body.remedy, body.arguments, body.at, body.steps, clock)
            known = self._trials[asked] = state, tried
            while len(self._trials) > TRIALS_KEPT:
                self._trials.popitem(last=False)
        return known[1]

    def embedding(self, id: str) -> Answer:
        """Two principal components of the symbols' vectors. Raises ValueError where there are none."""
        import numpy as np

        from moreish.studio.inside import state_of

        run = self.opened(id)
        model = state_of(run)[0].model
        table = dict(model.named_parameters()).get("wte.weight")
        if table is None or table.shape[1] < 2:
            raise ValueError(f"{id} has no vectors of symbols")
        vectors = table.detach().double().numpy()[: len(run.vocab)]
        centred = vectors - vectors.mean(0)
        _, spread, directions = np.linalg.svd(centred, full_matrices=False)
        points = centred @ directions[:2].T
        share = float((spread[:2] ** 2).sum() / max((spread**2).sum(), 1e-30))
        symbols = ["" if i == 0 else run.vocab.decode([i]) for i in range(len(run.vocab))]
        return {"symbols": symbols, "points": points.round(5).tolist(), "share": share}

    def faults(self, id: str) -> Answer:
        """Which faults the network of this run can be given."""
        from moreish.studio.breaking import possible
        from moreish.studio.inside import state_of

        return {"faults": possible(state_of(self.opened(id))[0])}
