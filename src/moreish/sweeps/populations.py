"""Working on a study with populations: trials of one shape are trained as one batched program, each kept as a run.

Nothing is saved while a population trains: trials of one that was interrupted are begun anew by whoever works on the
study next.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moreish import api
from moreish.errors import Interrupted
from moreish.fitting.counting import baselines
from moreish.fitting.schedule import Schedule
from moreish.options import to_dict
from moreish.runs import events
from moreish.sweeps.study import Claim, Study, Trial, freed
from moreish.sweeps.work import TRIALS, Tell, begun_run, make_room, prepared_for, train_alone, work
from moreish.wording import called

if TYPE_CHECKING:
    from moreish.api.preparing import Prepared
    from moreish.training.population import Member

MOST_TOGETHER = 64


@dataclass
class Candidate:
    """A trial with its network, about to be trained with others."""

    claim: Claim
    prepared: "Prepared"
    member: "Member"

    @property
    def shape(self) -> str:
        """Equal for all that can be trained together."""
        from moreish.training.population import shape_of

        config = self.prepared.config
        return json.dumps([config.model.plain(), to_dict(shape_of(self.member.options))])


def work_together(study: Study, trials: int = TRIALS, tell: Tell | None = None) -> None:
    """As `work`, with as many trials at once as fit together. Raises ValueError where they cannot be a population."""
    try:
        while claims := _claims(study, trials):
            with ExitStack() as locks:
                for claim in claims:
                    locks.enter_context(freed(claim))
                for trial in _tried(study, claims):
                    if tell is not None:
                        tell(trial)
    except (KeyboardInterrupt, Interrupted):
        raise KeyboardInterrupt(f"interrupted; go on with: moreish sweep --study {study.folder}") from None
    work(study, trials, tell)  # what others still work on


def _claims(study: Study, trials: int) -> list[Claim]:
    claims: list[Claim] = []
    while len(claims) < MOST_TOGETHER and (claim := study.claim(trials)):
        claims.append(claim)
    return claims


def _tried(study: Study, claims: Sequence[Claim]) -> Iterable[Trial]:
    groups: dict[str, list[Candidate]] = {}
    for claim in claims:
        if claim.begun_before and begun_run(claim.folder) is not None:
            yield train_alone(study, claim)
            continue
        candidate = _candidate(study, claim)
        groups.setdefault(candidate.shape, []).append(candidate)
    for group in groups.values():
        yield from _trained(study, group)


def _candidate(study: Study, claim: Claim) -> Candidate:
    from moreish.models import build_model
    from moreish.training.population import Member, refuse_alone

    make_room(claim.folder)
    prepared = prepared_for(study, claim)
    config, corpus = prepared.config, prepared.corpus
    if config.model.components or len(config.model.networks) != 1:
        raise ValueError(f"a population is of single networks: say which, as in {called('model', 'mlp')}")
    choice = config.model.networks[0]
    options = Schedule(corpus, config).options_of(choice)
    refuse_alone(options)
    seed = config.seed + choice.seed
    return Candidate(
        claim, prepared, Member(build_model(choice.name, choice.options, len(corpus.vocab), seed), options, seed)
    )


def _trained(study: Study, group: Sequence[Candidate]) -> Iterable[Trial]:
    from moreish.inference.network import network_of
    from moreish.training.population import train_population
    from moreish.training.steps import threads

    members = [candidate.member for candidate in group]
    val = study.corpus.split("val")
    with threads(members[0].module, members[0].options) as count:
        train_population(members, study.corpus.split("train"), val)
    first = events.Baselines(**baselines(study.corpus, val, None))
    for candidate, member in zip(group, members, strict=True):
        if member.failed is not None:
            yield study.finish(candidate.claim, None, "failed", member.failed)
            continue
        size = sum(p.numel() for p in member.module.parameters())
        name = candidate.prepared.config.model.name
        network = events.Network(number=1, of=1, name=name, parameters=size, threads=count, step=0)
        model = network_of(member.module)
        run = api.keep(candidate.prepared, model, [first, network, *member.heard], member.best)
        yield study.finish(candidate.claim, run.done.val_loss, "complete")
