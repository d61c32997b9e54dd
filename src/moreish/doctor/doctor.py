"""The doctor: watches a training loop from the outside and says what is wrong, rarely and rightly."""

import dataclasses
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from moreish.doctor.frames.evidence import Failure
from moreish.doctor.frames.history import DETAILED, History, Validation
from moreish.doctor.judge.diagnosis import diagnose, judge
from moreish.doctor.judge.finding import SEVERITIES, Finding
from moreish.doctor.judge.progress import settled
from moreish.doctor.judge.table import named_rules
from moreish.doctor.judge.triage import goes_wrong, stands_at_a_guess, worrying
from moreish.doctor.tell import html
from moreish.doctor.tell.alerts import Alerts
from moreish.doctor.tell.cells import Findings
from moreish.doctor.tell.report import Report, notes
from moreish.doctor.watch import replay
from moreish.doctor.watch.clock import BUDGET
from moreish.doctor.watch.followers import Search
from moreish.doctor.watch.kept import Kept
from moreish.doctor.watch.names import variable_names
from moreish.doctor.watch.probe import Probe
from moreish.doctor.watch.updates import held_by, state_is_empty

OFTEN = 16  # the rules are asked after 1, 4, 8 and 16 frames, then after as many more or an eighth more
Models = nn.Module | Sequence[nn.Module] | Mapping[str, nn.Module]
Tensors = Sequence[Tensor] | Mapping[str, Tensor]


class Doctor:
    """`with Doctor(model, optimizer) as doctor:` around a training loop that stays as it is.

    `budget` is the share of the processor time that looking may take; infinity looks at every step. `ignore` names
    findings (by id or slug) that are not wanted, because what they say is meant. Several models (a list, or a dict of
    names) and several optimizers may be watched together. A training by hand has tensors in place of a model
    (`Doctor([C, W1, b1])`, or a dict of names) and no optimizer: its updates are what happens to them between one
    backward and the next. Nothing of the model, the optimizer or the random state is
    changed.
    Where a run goes on that was watched before, `step` counts the updates so far and `found` is what was found.
    `on_finding` is called with each finding, once when it is found and again when it has become worse, between two
    steps; what it raises ends the loop. `stop_on` (a severity, or an id or slug) raises `SickRun` out of the loop at
    the end of the step in which something as bad was found.
    """

    def __init__(
        self,
        model: Models | Tensors,
        optimizer: Optimizer | Iterable[Optimizer] = (),
        *,
        budget: float = BUDGET,
        ignore: Iterable[str] = (),
        step: int = 0,
        found: Iterable[Finding] = (),
        on_finding: Callable[[Finding], object] | None = None,
        stop_on: str | None = None,
    ) -> None:
        optimizers = [unwrapped(o) for o in ([optimizer] if isinstance(optimizer, Optimizer) else optimizer)]
        self.ignore = named_rules(ignore)
        models, tensors = told_apart(model)
        self._probe = Probe(models, optimizers, budget, self._on_frame, tensors)
        self._probe.step = step
        self._kept = {finding.id: finding for finding in found}
        self._reported = {id: finding.severity for id, finding in self._kept.items()}
        self._asked = True
        self._alerts, self._untold = Alerts(on_finding, stop_on, self._kept.values()), False
        self._search = Search(self._probe)
        self._probe.on_stepped = self._stepped
        self.first_alarm: dict[str, int] = {}  # steps at which each finding was first an alarm
        self._kept_graphs = Kept()
        self.history.evidence.kept = self._kept_graphs.counts
        self.failed_rules: dict[str, Exception] = {}  # by id: rules that failed on what they were asked
        self._stopped = False
        self._next = 1

    def __enter__(self) -> "Doctor":
        self.history.from_scratch = self._probe.step == 0 and state_is_empty(self._probe.optimizers)
        self._probe.attach()
        return self

    def __exit__(self, *exception: object) -> None:
        self._probe.detach()
        self.history.ended = not any(exception)
        self._look_at_copies()
        if self.history.loss_curve.losses:  # else nobody hears the losses, and nothing was counted
            with self._probe.safely():
                self._count_kept(last=True)
        self._judge()
        self._probe.schedule.clock.stop()
        self._stopped = True
        if self._alerts:
            self._alerts.told(self.findings)

    @property
    def history(self) -> History:
        """Every number that was seen."""
        return self._probe.history

    @property
    def findings(self) -> Findings:
        """What was found so far, worst first, symptoms under their disease."""
        if not self._stopped:
            self._judge()
        return Findings(self._diagnosed())

    def news(self) -> list[Finding]:
        """What was found, or has become worse, since this was last asked; symptoms under their disease."""
        if self._asked:
            return []
        self._asked = True
        fresh = [f for f in self._diagnosed() if self._reported.get(f.id) != f.severity]
        self._reported |= {f.id: f.severity for f in fresh}
        return fresh

    @property
    def looking(self) -> bool:
        """Whether the step that comes now, or is under way, is looked at."""
        return self._probe.frame is not None

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Nothing inside is seen: whatever a loop does between two steps that is no part of the training."""
        self._probe.rest()
        try:
            yield
        finally:
            self._probe.wake()

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """What is inside is for the doctor to see: its time counts as looking, random states stay as they are."""
        with self._probe.spent, replay.unchanged_randomness():
            yield

    @property
    def quantities(self) -> dict[str, float]:
        """The latest of every number: "net.3/saturated": 0.12, "net.1.weight/update_ratio": -2.9."""
        latest: dict[str, float] = {}
        for frame in self.history.frames[-DETAILED:]:
            latest |= frame.values
        return latest

    @property
    def notes(self) -> list[str]:
        """What the doctor could not see, in plain words."""
        said = notes(self.history, self._probe.compiled, self._probe.failure)
        for id, failure in self.failed_rules.items():
            said.append(f"the rule {id} failed and was left out ({type(failure).__name__}: {failure}).")
        return said

    @property
    def cost(self) -> float:
        """Share of the processor time so far that looking took."""
        return self._probe.schedule.clock.share()

    def watch(self, optimizer: Optimizer) -> None:
        """Watch one more optimizer, built after the doctor came."""
        self._probe.watch(unwrapped(optimizer))

    def watch_model(self, model: nn.Module) -> None:
        """Watch one more model, built after the doctor came."""
        model = _own(model)
        if all(model is not root for root in self._probe.roots.values()):
            self._probe.add(_free_name(model, self._probe.roots), model)

    @property
    def steps(self) -> int:
        """Updates so far, those before the doctor came included."""
        return self.history.at(self._probe.step)

    @property
    def is_in_this_thread(self) -> bool:
        """Whether what is trained here is watched by this doctor: each thread has its own."""
        return self._probe.schedule.clock.thread == threading.get_ident()

    def shares(self, optimizer: Optimizer, models: Iterable[nn.Module]) -> bool:
        """Whether something of this is watched already: a model, or a parameter."""
        known = {id(p) for root in self._probe.roots.values() for p in root.parameters()}
        known |= held_by(self._probe.optimizers)
        every = held_by([optimizer]).union(id(p) for m in models for p in m.parameters())
        return not known.isdisjoint(every)

    def takes(self, optimizer: Optimizer) -> bool:
        """Whether the optimizer takes the place of one that is watched: the same parameters, and nothing else."""
        held = held_by([optimizer])
        for old in self._probe.optimizers:
            if held_by([old]) == held:
                self._probe.replace(old, optimizer)
                return True
        return False

    def on_late(self, told: Callable[[Optimizer], None]) -> None:
        """Have this called when an optimizer steps for the first time long after others have."""
        self._probe.on_late = told

    def owns(self, module: nn.Module) -> bool:
        """Whether this module is a watched model, or a part of one."""
        return any(m is module for root in self._probe.roots.values() for m in root.modules())

    def part(self, optimizer: Optimizer) -> list[nn.Module]:
        """Watch an optimizer no longer that shares nothing with the others, nor its models; these are returned."""
        others = held_by([o for o in self._probe.optimizers if o is not optimizer])
        own = held_by([optimizer])
        models = [m for m in self._probe.roots.values() if not own.isdisjoint(id(p) for p in m.parameters())]
        if not own.isdisjoint(others) or any(id(p) in others for m in models for p in m.parameters()):
            return []
        self._probe.release(optimizer)
        self._probe.remove(models)
        return models

    def first_loss(self, loss: Tensor) -> None:
        """Learn of a first loss that was computed before the doctor came, from its graph."""
        self._probe.first_loss(loss)

    def hears(self, loss: Tensor) -> None:
        """Note the loss of one backward, looked at or not; where it stands or rises, look more closely."""
        with self._probe.safely():
            curve = self.history.loss_curve
            known = loss.numel() == 1 and loss.is_floating_point()
            if known and curve.add(self._probe.step, loss.item()):
                if goes_wrong(curve):
                    self._probe.schedule.worried()
                elif stands_at_a_guess(self.history, self._probe.step):
                    self._probe.schedule.asked()
            self._count_kept()

    def _count_kept(self, *, last: bool = False) -> None:
        if self._kept_graphs.due(last=last):
            self._kept_graphs.count(self._probe.step)

    def clips(self, *, nothing: bool) -> None:
        """Note that gradients are clipped now; of what is looked at, whether they are scaled still."""
        self.history.evidence.clips(self._probe.step, nothing=nothing)
        if self._probe.frame is not None:
            self._probe.frame.clipped = True

    def ended_by(self, failure: Failure) -> None:
        """Know what exception ended the run."""
        self.history.evidence.failure = failure
        self._judge()

    def hide(self, by: str) -> None:
        """Look into no model from now on: something is compiled, and what compiles would trace what looks."""
        self._probe.hide(by)

    def discharge(self) -> None:
        """Let go of models and optimizers after the end; what was found is kept."""
        self._probe.forget()

    def pause(self) -> None:
        """Look no further; what was seen is kept."""
        self._probe.detach()

    def judge_again(self) -> None:
        """Ask every rule once more: something was added to the history."""
        self._judge()

    def evaluated(self, val: float, train: float | None = None, error: float = 0.0) -> None:
        """Tell the doctor an evaluation: mean loss on val and, if known, on train, both without dropout.

        `error` is the standard error of their difference.
        """
        loss = None if train is None else float(train)
        self.history.evaluated(Validation(self._probe.step, float(val), loss, error))

    def report(self) -> str:
        """The findings as plain text."""
        return self.to_report().text()

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain values: `{"findings": [...], "notes": [...], "steps": ..., "frames": ...}`."""
        return self.to_report().plain()

    def to_html(self) -> str:
        """The report as one self-contained page with pictures."""
        return html.page(self.to_report(), {"": self.history})

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return html.fragment(self.to_report(), {"": self.history})

    def to_report(self) -> Report:
        """The report that text, plain values and page are made of."""
        return Report(self.findings, self.notes, self.steps, self.history.seen, self.cost)

    def _look_at_copies(self) -> None:
        """Whether averages, targets and teachers have followed their models."""
        try:
            self._search.look()
        except Exception as failure:  # of a stranger's module
            self.failed_rules["F71"] = failure

    def _stepped(self) -> None:
        """Between two steps, now and then: copies are looked for, and alarms told."""
        if self._search.due():
            with self._probe.safely():
                self._look_at_copies()
        if self._alerts:
            self._alert()

    def _on_frame(self, triage: bool) -> bool:
        """Judge from time to time; where `triage`, whether what is known by now asks for a closer look."""
        seen = self.history.seen
        if seen >= self._next:
            self._next = max(4, 2 * seen) if seen < OFTEN else seen + max(OFTEN, seen // 8)
            self._judge()
        return triage and worrying(self.history, self._kept.values())

    def _alert(self) -> None:
        """Between two steps: tell what is new, and stop where that was wished."""
        if self._untold:
            self._untold = False
            findings = self._diagnosed()
            self._alerts.told(findings)
            self._alerts.stop(findings)

    def _diagnosed(self) -> list[Finding]:
        """What was found, symptoms under their disease, with the steps of the whole run."""
        return [finding.later(self.history.at(0)) for finding in diagnose(self._kept.values())]

    def _judge(self) -> None:
        """Ask every rule; what was found once stays, with the step of the first time and the worst severity."""
        every = list(judge(self.history, ignore=self.ignore, failed=self.failed_rules))
        for finding in every:
            known = self._kept.get(finding.id)
            if known is None:
                self._kept[finding.id], self._asked, self._untold = finding, False, True
            elif SEVERITIES.index(finding.severity) >= SEVERITIES.index(known.severity):
                self._asked = self._asked and finding.severity == known.severity
                self._untold = self._untold or finding.severity != known.severity
                self._kept[finding.id] = dataclasses.replace(finding, step=min(known.step, finding.step))
            if finding.severity != "info":
                self.first_alarm.setdefault(finding.id, self._probe.step)
        if self.history.ended:
            self._kept = settled(self.history, self._kept, {f.id: f for f in every})


def told_apart(model: Models | Tensors) -> tuple[dict[str, nn.Module], dict[str, Tensor]]:
    """Models and tensors with their names; tensors without are called as the variables that hold them."""
    if isinstance(model, nn.Module):
        return {"": _own(model)}, {}
    every = list(model.values()) if isinstance(model, Mapping) else list(model)
    if not every:
        raise ValueError("the doctor needs a model, or tensors, to watch")
    if all(isinstance(m, nn.Module) for m in every):
        return named(cast("Models", model)), {}
    if not all(isinstance(t, Tensor) for t in every):
        raise TypeError("the doctor watches modules, or tensors that are trained by hand: not both in one list")
    tensors = cast("Tensors", model)
    if isinstance(tensors, Mapping):
        return {}, dict(tensors)
    return {}, variable_names(tensors)


def unwrapped(optimizer: Optimizer) -> Optimizer:
    """The optimizer that makes the steps, where another stands around it, as accelerate's does."""
    while "_optimizer_step_post_hooks" not in vars(optimizer):
        inner = getattr(optimizer, "optimizer", None)
        if not isinstance(inner, Optimizer):
            break
        optimizer = inner
    return optimizer


def named(model: Models) -> dict[str, nn.Module]:
    """Models with the prefix of their names: none for one, class or given names for several."""
    if isinstance(model, nn.Module):
        return {"": _own(model)}
    if isinstance(model, Mapping):
        return {name: _own(m) for name, m in model.items()}
    models = [_own(m) for m in model]
    if len(models) == 1:
        return {"": models[0]}
    names: dict[str, nn.Module] = {}
    for m in models:
        names[_free_name(m, names)] = m
    return names


def _own(model: nn.Module) -> nn.Module:
    """The model of one process, where processes share it: a copy of the whole would have to ask the others."""
    return model.module if isinstance(model, DistributedDataParallel) else model


def _free_name(model: nn.Module, taken: Collection[str]) -> str:
    """The model's class, with a number where that name is taken."""
    name, count = type(model).__name__, 1
    while name in taken:
        count += 1
        name = f"{type(model).__name__}{count}"
    return name
