"""Fitting a configuration to a corpus: each model of it in turn, then the weights of their mixture.

`Fitting` is the state, `records` the generator; between two records `snapshot` gives all that is needed to go on,
and `restore` goes on from it. Where it is kept is not known here.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from moreish import ngram
from moreish.assemble import Tensors, from_tensors, to_tensors
from moreish.config import build
from moreish.data import Corpus, Part
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Gate, Mixture, evidence_groups, fit_group_weights, fit_weights
from moreish.recipes import Config, ModelChoice, NGramOptions
from moreish.training.evaluation import mean_loss
from moreish.training.options import TrainOptions

Record = dict[str, Any]

ORDER_WITHOUT_VAL = 4
GATE_BOUNDS = (2, 5, 20, 100)
GATE_STRENGTH = 50.0  # val tokens that the weights of all groups together are worth in each
BEST = "best/"  # the prefix of the parameters that were best so far, beside the optimizer's memory


@dataclass(frozen=True)
class Snapshot:
    """Where a fitting stands: what `restore` needs, and a model that already answers."""

    step: int
    tensors: Tensors
    optim: Tensors | None
    state: dict[str, Any]
    val_loss: float | None


@dataclass
class Fitting:
    """The models fitted so far, and the one that is being trained.

    steps : updates made by the networks that are done
    training : the `TrainState` of the network that is being trained
    """

    corpus: Corpus
    config: Config
    done: list[LanguageModel] = field(default_factory=list)
    weights: np.ndarray | None = None
    gate: Gate | None = None
    steps: int = 0
    training: Any = None
    ended: bool = False
    val_loss: float | None = None

    @property
    def val(self) -> Part | None:
        """The part that choices are made on; None where the list is too short to have one."""
        val = self.corpus.part("val")
        return val if len(val) else None

    @property
    def step(self) -> int:
        """Updates so far, of all networks."""
        return self.steps + (self.training.step if self.training else 0)

    def model(self) -> LanguageModel:
        """What there is so far, as one model: equal weights until they are fitted."""
        models = list(self.done)
        if self.training is not None:
            from moreish.training.network import Network

            models.append(Network(self.training.model))
        if len(models) == 1:
            return models[0]
        if self.weights is None:
            return Mixture(models, np.full(len(models), 1 / len(models)))
        return Mixture(models, self.weights, self.gate)

    def records(self) -> Iterator[Record]:
        """Fit what is not fitted yet. Ends with `{"event": "fitted", "step", "val_loss"}`."""
        for choice in self.config.model.leaves[len(self.done) :]:
            if choice.name == "ngram":
                yield from self._count(choice)
            else:
                yield from self._train(choice)
        if self.config.model.parts:
            yield from self._mix()
        self.ended = True
        yield {"event": "fitted", "step": self.step, "val_loss": self.val_loss}

    def snapshot(self) -> Snapshot:
        """Everything as it stands now, in copies."""
        tensors, described = to_tensors(self.model())
        state: dict[str, Any] = {
            "model": described,
            "done": len(self.done),
            "steps": self.steps,
            "ended": self.ended,
            "training": None,
        }
        if self.training is None:
            return Snapshot(self.step, tensors, None, state, self.val_loss)
        state["training"] = self.training.numbers()
        best = {BEST + name: p.cpu().numpy().copy() for name, p in self.training.best_tensors.items()}
        optim = self.training.optimizer_tensors() | best
        fresh = self.training.best_step == self.training.step
        return Snapshot(self.step, tensors, optim, state, self.training.best if fresh else None)

    @classmethod
    def restore(
        cls, corpus: Corpus, config: Config, state: Mapping[str, Any], tensors: Tensors, optim: Tensors | None
    ) -> "Fitting":
        """The fitting as it stood when `state`, `tensors` and `optim` were taken from a snapshot of it."""
        made = cls(corpus, config, steps=state["steps"], ended=state["ended"])
        model = from_tensors(tensors, state["model"], config.model, len(corpus.vocab))
        models = model.parts if isinstance(model, Mixture) else [model]
        made.done = list(models[: state["done"]])
        if state["training"] is not None:
            choice = config.model.leaves[state["done"]]
            current: Any = models[state["done"]]
            made.training = made._start(choice, current.module)
            made.training.restore(state["training"], optim or {}, BEST)
        return made

    def _count(self, choice: ModelChoice) -> Iterator[Record]:
        began = time.monotonic()
        train, val, size = self.corpus.part("train"), self.val, len(self.corpus.vocab)
        model = fit_ngram(choice.options, train, val, size)
        self.done.append(model)
        self.val_loss = mean_loss(model, val) if val else None
        yield {
            "event": "counted",
            "part": len(self.done) - 1,
            "order": model.order,
            "val_loss": self.val_loss,
            "seconds": round(time.monotonic() - began, 3),
        }

    def _train(self, choice: ModelChoice) -> Iterator[Record]:
        from moreish.models import build_model
        from moreish.training.loop import train
        from moreish.training.network import Network
        from moreish.training.steps import threads

        if self.training is None:
            seed = self.config.seed + choice.seed
            module = build_model(choice.name, choice.options, len(self.corpus.vocab), seed)
            self.training = self._start(choice, module)
        part = len(self.done)
        with threads(self.training.model, self.training.options) as count:
            yield {
                "event": "network",
                "part": part,
                "name": choice.name,
                "parameters": sum(p.numel() for p in self.training.model.parameters()),
                "threads": count,
                "step": self.step,
            }
            for record in train(self.training, self.corpus.part("train"), self.val):
                if "step" in record:
                    record["step"] += self.steps
                yield {"event": record.pop("event"), "part": part, **record}
        self.steps += self.training.step
        self.val_loss = None if math.isinf(self.training.best) else self.training.best
        module, self.training = self.training.model, None
        self.done.append(Network(module.eval()))

    def _start(self, choice: ModelChoice, module: Any) -> Any:
        from moreish.training.loop import start

        options = build(TrainOptions, dict(choice.train), "train.", self.config.train)
        return start(module, options, self.config.seed + choice.seed)

    def _mix(self) -> Iterator[Record]:
        val, gate = self.val, gate_for(self.done)
        if val is None:
            shown = self.weights = np.full(len(self.done), 1 / len(self.done))
            self.val_loss = None
        else:
            logprobs = np.stack([model.score(val.ids, val.offsets)[1:] for model in self.done])
            if gate is None:
                shown = self.weights = fit_weights(logprobs)
            else:
                groups = evidence_groups(self.done, gate, val.ids, val.offsets)[1:]
                self.gate, self.weights = gate, fit_group_weights(logprobs, groups, gate.groups, GATE_STRENGTH)
                shown = self.weights[groups].mean(0)
            self.val_loss = mean_loss(self.model(), val)
        yield {"event": "mixed", "weights": shown.tolist(), "val_loss": self.val_loss, "step": self.step}


def gate_for(parts: Sequence[LanguageModel]) -> Gate | None:
    """The count model with the longest contexts decides how much each part is trusted; None without one."""
    orders = [(part.order, -i) for i, part in enumerate(parts) if isinstance(part, ngram.Backoff)]
    if not orders:
        return None
    order, index = max(orders)
    return Gate(-index, max(order - 1, 0), GATE_BOUNDS)


def fit_ngram(options: NGramOptions, train: Part, val: Part | None, vocab_size: int) -> ngram.Backoff:
    """The count model; without an order the one that is best on val."""
    if options.method == "add-k":
        return ngram.AddK.fit(train.ids, train.offsets, vocab_size, options.order or 2, options.k)
    if options.order is None and val is not None:
        parts = train.ids, train.offsets, val.ids, val.offsets
        return ngram.choose_order(*parts, vocab_size).model
    return ngram.KneserNey.fit(train.ids, train.offsets, vocab_size, options.order or ORDER_WITHOUT_VAL)


def baselines(corpus: Corpus, on: Part, counted: LanguageModel | None = None) -> dict[str, float]:
    """What simple models, fitted on train, lose on this part, in nats per symbol.

    uniform: every symbol alike; unigram, bigram: counts with 1 added; ngram: `counted`, else Kneser-Ney of the order
    that is best on val.
    """
    train, val, size = corpus.part("train"), corpus.part("val"), len(corpus.vocab)
    models: dict[str, LanguageModel] = dict(ngram.baselines(train.ids, train.offsets, size))
    models["ngram"] = counted or fit_ngram(NGramOptions(), train, val if len(val) else None, size)
    return {name: mean_loss(model, on) for name, model in models.items()}
