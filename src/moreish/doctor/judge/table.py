"""The table of rules: each is one function that judges what was seen, and all that there is to say about its finding.

A rule stands in one place: its decorator declares what it needs, why it matters, which findings it explains and by
which it is explained, and whether it can speak before training. Whatever else lists rules reads this table.
"""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Finding, Number, Operation, Severity

# What a rule is asked about. The history of a run, with the least that it must hold ...
InRun = Literal["run", "first frame", "fresh start", "pairs", "evaluations", "one batch"]
# ... or data, before there is a run: see `judge/rules/data.py`.
InData = Literal["split", "batch", "symbols", "samples"]
Needs = InRun | InData

HOLDS: dict[Needs, Callable[[History], bool]] = {
    "run": lambda history: True,
    "first frame": lambda history: history.first is not None,
    "fresh start": lambda history: history.from_scratch and history.first is not None and history.first.step == 0,
    "pairs": lambda history: True,  # of symbols; the counts know how many there are
    "evaluations": lambda history: bool(history.validations or history.evaluations),
    "one batch": lambda history: history.one_batch is not None,
}
RUNAWAY, NOT_LEARNING = "runaway", "not learning"  # kinds of symptom
SYMPTOM = 1000  # the rank of what is nobody's cause


@dataclass(frozen=True)
class Verdict:
    """What a rule finds: how bad, where, since which step, in which words, and what to do."""

    severity: Severity
    layer: str
    step: int
    sentence: str
    remedy: str
    confidence: float = 0.9
    picture: str = ""
    operation: Operation | None = None
    layers: tuple[str, ...] = ()
    numbers: dict[str, Number] = field(default_factory=dict)


def found(
    severity: Severity,
    layer: str,
    step: int,
    sentence: str,
    remedy: str,
    *,
    confidence: float = 0.9,
    picture: str = "",
    operation: Operation | None = None,
    layers: tuple[str, ...] = (),
    **numbers: Number,
) -> Verdict:
    """A verdict; of its numbers six digits count, and the layer is the first of the layers."""
    rounded: dict[str, Number] = {k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in numbers.items()}
    where = tuple(dict.fromkeys(layers)) or ((layer,) if layer else ())
    return Verdict(severity, layer, step, sentence, remedy, confidence, picture, operation, where, rounded)


def _silent(seen: object) -> Iterator[Verdict]:
    yield from ()


@dataclass(frozen=True)
class Rule:
    """A row of the catalogue, and the decorator that enters a judge into it.

    id, slug, name : what it is called; the slug is the name that may stand in options
    why : the reason, three lines
    silent : when it says nothing although one might think so
    needs : what it is asked about, and what must be there before it is asked
    explains : the findings, by id or by kind, that are its symptoms
    explained_by : the findings, by id, of which it is a symptom, beside those that say so themselves
    kinds : the kinds of symptom that it is
    rank : where it stands from cause to symptom; among equally bad findings the lowest comes first
    at_start : it judges the first batch, before any update
    by_updates : it is a fault of the updates, so what was there before them is no symptom of it
    preflight : one batch is enough for it, so it can speak before training
    until_well : it is no matter where a run does well, so at the end it is taken back if one does
    """

    id: str
    slug: str
    name: str
    why: str = field(kw_only=True)
    silent: str = field(default="", kw_only=True)
    needs: Needs = field(default="run", kw_only=True)
    explains: tuple[str, ...] = field(default=(), kw_only=True)
    explained_by: tuple[str, ...] = field(default=(), kw_only=True)
    kinds: tuple[str, ...] = field(default=(), kw_only=True)
    rank: int = field(default=SYMPTOM, kw_only=True)
    at_start: bool = field(default=False, kw_only=True)
    by_updates: bool = field(default=False, kw_only=True)
    preflight: bool = field(default=False, kw_only=True)
    until_well: bool = field(default=False, kw_only=True)
    verdicts: Callable[..., Iterator[Verdict]] = field(default=_silent, kw_only=True)

    def __call__(self, judge: Callable[..., Iterator[Verdict]]) -> Callable[..., Iterator[Verdict]]:
        """Enter this judge into the table."""
        assert self.id not in RULES, self.id
        RULES[self.id] = dataclasses.replace(self, verdicts=judge)
        return judge

    @property
    def judged_by(self) -> str:
        """Its threshold, in words."""
        return " ".join((self.verdicts.__doc__ or "").split())

    def judge(self, seen: object) -> Iterator[Finding]:
        """What it finds in the history of a run, or in the data that it needs."""
        if isinstance(seen, History) and not (self.needs in HOLDS and HOLDS[self.needs](seen)):
            return
        for verdict in self.verdicts(seen):
            if any(number != number for number in verdict.numbers.values()):
                continue  # NaN is neither above nor below anything: what rests on it is not known
            finding = Finding(id=self.id, slug=self.slug, name=self.name, why=self.why, **vars(verdict))
            yield _placed(finding, seen) if isinstance(seen, History) else finding

    def explained(self, other: "Rule") -> bool:
        """Whether the finding of another rule is a symptom of this one's."""
        listed = other.id in self.explains or self.id in other.explained_by
        return listed or any(kind in self.explains for kind in other.kinds)


def _placed(finding: Finding, history: History) -> Finding:
    """With the types of its layers, and the line of code that called the first one."""
    return dataclasses.replace(
        finding,
        layer_type=history.type_of(finding.layer) if finding.layer else "",
        line=history.line_of(finding.layer) if finding.layer else "",
        made=history.made_in(finding.layer) if finding.layer else "",
        layer_types=tuple(history.type_of(layer) for layer in finding.layers),
    )


RULES: dict[str, Rule] = {}


def named_rules(names: Iterable[str]) -> frozenset[str]:
    """The ids of rules that are named by id or slug. Raises ValueError for a name that no rule has."""
    by_slug = {rule.slug: id for id, rule in RULES.items()}
    known = {name: name if name in RULES else by_slug.get(name) for name in names}
    for name, id in known.items():
        if id is None:
            near = difflib.get_close_matches(name, [*by_slug, *RULES], n=1)
            meant = f'did you mean "{near[0]}"?' if near else "docs/sickbay.md lists them, as F45 or batch-mixing"
            raise ValueError(f"there is no finding {name}; {meant}")
    return frozenset(id for id in known.values() if id is not None)
