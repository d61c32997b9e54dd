"""Fitting a configuration to a corpus: each model of it in turn, then the weights of their mixture.

`Fitting` is the state, `records` the generator; between two records `snapshot` gives all that is needed to go on,
and `restore` goes on from it. Where it is kept is not known here.
"""

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

import numpy as np

from moreish import ngram
from moreish.data import Corpus, Part
from moreish.errors import Unmet
from moreish.fitting.serialize import Tensors, from_tensors, to_tensors
from moreish.inference.evaluate import mean_loss
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Gate, Mixture, evidence_groups, fit_group_weights, fit_weights, mixed_scores
from moreish.options import build
from moreish.recipes import Config, ModelChoice, NGramOptions
from moreish.training.options import TrainOptions

Record = dict[str, Any]

ORDER_WITHOUT_VAL = 4
GATE_BOUNDS = (2, 5, 20, 100)
GATE_STRENGTH = 50.0  # val tokens that the weights of all groups together are worth in each


@dataclass(frozen=True)
class Snapshot:
    """Where a fitting stands: what `restore` needs, and a model that already answers."""

    step: int
    tensors: Tensors
    optim: Tensors | None
    state: dict[str, Any]
    val_loss: float | None


@dataclass
class _Member:
    """A network in training: where it trains, and the steps that its records have told of."""

    choice: ModelChoice
    state: Any  # TrainState
    training: Any = None  # Here or Worker, while there is one
    pending: list[Record] = field(default_factory=list)
    told: int = 0
    finished: bool = False

    def sync(self) -> None:
        """Bring state and pending records to where the training stands."""
        if self.training is not None:
            self.training.sync()
            self.pending = list(self.training.pending)


@dataclass
class Fitting:
    """The models fitted so far, and the networks that are being trained.

    done : the first parts, fitted
    steps : updates made by the networks among them
    members : the parts after those, as many as were begun
    spent : seconds that earlier processes fitted for
    """

    corpus: Corpus
    config: Config
    done: list[LanguageModel] = field(default_factory=list)
    weights: np.ndarray | None = None
    gate: Gate | None = None
    steps: int = 0
    members: list[_Member] = field(default_factory=list)
    ended: bool = False
    val_loss: float | None = None
    spent: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _scores: list[np.ndarray] = field(default_factory=list)  # of the first of `done`: log probabilities of val

    @property
    def val(self) -> Part | None:
        """The part that choices are made on; None where the list is too short to have one."""
        val = self.corpus.part("val")
        return val if len(val) else None

    @property
    def step(self) -> int:
        """Updates so far, of all networks, that records have told of."""
        return self.steps + sum(member.told for member in self.members)

    @property
    def seconds(self) -> float:
        """How long it has been fitted."""
        return self.spent + time.monotonic() - self._began

    def model(self) -> LanguageModel:
        """What there is so far, as one model: equal weights until they are fitted."""
        models = list(self.done)
        if self.members:
            from moreish.inference.network import Network

            models += [Network(member.state.model) for member in self.members]
        if len(models) == 1:
            return models[0]
        if self.weights is None or self.weights.shape[-1] != len(models):
            return Mixture(models, np.full(len(models), 1 / len(models)))
        return Mixture(models, self.weights, self.gate)

    def records(self) -> Iterator[Record]:
        """Fit what is not fitted yet. Ends with `{"event": "fitted", "step", "val_loss"}`."""
        leaves = self.config.model.leaves
        while len(self.done) < len(leaves):
            following = leaves[len(self.done) :]
            if following[0].name == "ngram":
                yield from self._count(following[0])
            else:
                yield from self._train(list(takewhile(lambda choice: choice.name != "ngram", following)))
        if self.config.model.parts:
            yield from self._mix()
        self.ended = True
        yield {"event": "fitted", "step": self.step, "val_loss": self.val_loss}

    def snapshot(self) -> Snapshot:
        """Everything as it stands now, in copies."""
        for member in self.members:
            member.sync()
        tensors, described = to_tensors(self.model())
        state: dict[str, Any] = {
            "model": described,
            "done": len(self.done),
            "steps": self.steps,
            "ended": self.ended,
            "seconds": self.seconds,
            "members": [
                {"numbers": m.state.numbers(), "pending": m.pending, "told": m.told, "finished": m.finished}
                for m in self.members
            ],
        }
        if not self.members:
            return Snapshot(self.step, tensors, None, state, self.val_loss)
        optim = {f"{i}/{name}": a for i, m in enumerate(self.members) for name, a in m.state.memory().items()}
        newest = self.members[-1].state
        fresh = len(self.members) == 1 and newest.best_step == newest.step
        return Snapshot(self.step, tensors, optim, state, newest.best if fresh else None)

    @classmethod
    def restore(
        cls, corpus: Corpus, config: Config, state: Mapping[str, Any], tensors: Tensors, optim: Tensors | None
    ) -> "Fitting":
        """The fitting as it stood when `state`, `tensors` and `optim` were taken from a snapshot of it."""
        made = cls(corpus, config, steps=state["steps"], ended=state["ended"], spent=state.get("seconds", 0.0))
        model = from_tensors(tensors, state["model"], config.model, len(corpus.vocab))
        models: list[Any] = model.parts if isinstance(model, Mixture) else [model]
        made.done = list(models[: state["done"]])
        for i, saved in enumerate(state["members"]):
            part = state["done"] + i
            member = made._member(config.model.leaves[part], models[part].module)
            prefix = f"{i}/"
            own = {name.removeprefix(prefix): a for name, a in (optim or {}).items() if name.startswith(prefix)}
            member.state.restore(saved["numbers"], own)
            member.pending, member.told, member.finished = saved["pending"], saved["told"], saved["finished"]
            made.members.append(member)
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

    def _train(self, choices: list[ModelChoice]) -> Iterator[Record]:
        """Train these networks, several at once where there are processes for them, in the order of the parts."""
        from moreish.fitting.workers import WorkerDied, ready
        from moreish.inference.network import Network

        first, slots = len(self.done), self._at_once
        running: list[_Member] = []
        try:
            while len(self.done) < first + len(choices):
                while len(running) < slots and (member := self._next(choices[len(self.done) - first :])):
                    running.append(member)
                    yield self._begin(member, slots)
                training = ready([member.training for member in running])
                member = next(m for m in running if m.training is training)
                while training.pending:
                    yield self._tell(member, training.pending.pop(0))
                if not training.ended:
                    training.go()
                    continue
                self._finish(member)
                running.remove(member)
                before = len(self.done)
                while self.members and self.members[0].finished:
                    member = self.members.pop(0)
                    self.steps += member.told
                    self.val_loss = None if math.isinf(member.state.best) else member.state.best
                    self.done.append(Network(member.state.model.eval()))
                if max(before, 1) < len(self.done) < len(self.config.model.leaves):
                    yield from self._mix()
        except WorkerDied as death:
            raise Unmet(f"{death}; moreish train --resume goes on from the last checkpoint") from None
        except GeneratorExit:
            for member in running:
                member.sync()
            raise
        finally:
            for member in running:
                member.training.end()
                member.training = None

    @property
    def _at_once(self) -> int:
        networks = sum(choice.name != "ngram" for choice in self.config.model.leaves)
        return min(networks, self.config.train.processes or len(os.sched_getaffinity(0)))

    def options_of(self, choice: ModelChoice) -> TrainOptions:
        """How this network is trained; it has the time budget together with all others."""
        options = build(TrainOptions, dict(choice.train), "train.", self.config.train)
        if options.time_budget is None:
            return options
        networks = sum(leaf.name != "ngram" for leaf in self.config.model.leaves)
        return replace(options, time_budget=options.time_budget / math.ceil(networks / self._at_once))

    def _member(self, choice: ModelChoice, module: Any) -> _Member:
        from moreish.training.loop import start

        return _Member(choice, start(module, self.options_of(choice), self.config.seed + choice.seed))

    def _next(self, choices: list[ModelChoice]) -> _Member | None:
        """The next of these networks to be trained, begun or not; None where all were begun and are in training."""
        from moreish.models import build_model

        for member in self.members:
            if member.training is None and not member.finished:
                return member
        if len(self.members) == len(choices):
            return None
        choice = choices[len(self.members)]
        module = build_model(choice.name, choice.options, len(self.corpus.vocab), self.config.seed + choice.seed)
        self.members.append(self._member(choice, module))
        return self.members[-1]

    def _begin(self, member: _Member, slots: int) -> Record:
        from moreish.fitting.workers import Here, Task, Worker
        from moreish.training.steps import threads

        choice, state = member.choice, member.state
        task = Task(
            name=choice.name,
            model_options=choice.options,
            options=state.options,
            seed=state.seed,
            vocab_size=len(self.corpus.vocab),
            train_part=self.corpus.part("train"),
            val_part=self.val,
        )
        member.training = (Worker if slots > 1 else Here)(task, state)
        member.training.pending = member.pending
        networks = [i for i, leaf in enumerate(self.config.model.leaves) if leaf.name != "ngram"]
        with threads(state.model, state.options) as count:
            return {
                "event": "network",
                "part": self._part(member),
                "number": networks.index(self._part(member)) + 1,
                "of": len(networks),
                "name": choice.name,
                "parameters": sum(p.numel() for p in state.model.parameters()),
                "threads": 1 if slots > 1 else count,
                "step": self.step,
            }

    def _part(self, member: _Member) -> int:
        return len(self.done) + next(i for i, m in enumerate(self.members) if m is member)

    def _tell(self, member: _Member, record: Record) -> Record:
        """The record with its part, and with the steps of all networks."""
        if "step" in record:
            member.told = record["step"]
            record["step"] = self.step
        return {"event": record.pop("event"), "part": self._part(member), **record}

    def _finish(self, member: _Member) -> None:
        member.sync()
        member.training.end()
        member.training, member.finished = None, True

    def _mix(self) -> Iterator[Record]:
        """Weights for what is done so far; with every network that is done they are fitted again."""
        val, gate = self.val, gate_for(self.done)
        if val is None:
            shown = self.weights = np.full(len(self.done), 1 / len(self.done))
            self.val_loss = None
        else:
            self._scores += [model.score(val.ids, val.offsets) for model in self.done[len(self._scores) :]]
            scores = np.stack(self._scores)
            groups = None
            if gate is None:
                shown = self.weights = fit_weights(scores[:, 1:])
            else:
                groups = evidence_groups(self.done, gate, val.ids, val.offsets)
                self.weights = fit_group_weights(scores[:, 1:], groups[1:], gate.groups, GATE_STRENGTH)
                shown = self.weights[groups[1:]].mean(0)
            self.gate = gate
            self.val_loss = -float(mixed_scores(scores, self.weights, groups)[1:].mean(dtype=np.float64))
        yield {
            "event": "mixed",
            "weights": shown.tolist(),
            "val_loss": self.val_loss,
            "step": self.step,
            "seconds": round(self.seconds, 2),
        }


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
