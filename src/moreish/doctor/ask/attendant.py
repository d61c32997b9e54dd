"""A doctor for the callbacks of trainers: comes when the training begins, tells, and goes when it ends."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import nn
from torch.optim import Optimizer

from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.diagnosis import failing
from moreish.doctor.judge.finding import Finding


@dataclass(frozen=True)
class Manner:
    """How the doctor is wanted: see `Doctor`; `quiet` prints neither findings nor the report."""

    budget: float
    ignore: Iterable[str]
    on_finding: Callable[[Finding], object] | None
    stop_on: str | None
    quiet: bool


class Attendant:
    """One doctor for each training that the trainer begins; `doctor` is the latest, `stopped_by` why it stopped."""

    def __init__(self, manner: Manner) -> None:
        if manner.stop_on is not None:
            failing([], manner.stop_on)
        self.manner = manner
        self.doctor: Doctor | None = None
        self.stopped_by: Finding | None = None
        self._watches = False

    def begin(
        self,
        model: nn.Module,
        optimizers: Iterable[Optimizer],
        step: int,
        stop: Callable[[], object],
        pretrained: bool = False,
    ) -> None:
        """Begin to watch; `stop` asks the trainer to stop."""
        self.end()
        self.stopped_by, manner = None, self.manner

        def found(finding: Finding) -> None:
            if not manner.quiet:
                print(f"doctor, step {finding.step}, {finding.severity}: {finding.title}. {finding.sentence}")
            if manner.on_finding is not None:
                manner.on_finding(finding)
            if manner.stop_on is not None and self.stopped_by is None and failing([finding], manner.stop_on):
                self.stopped_by = finding
                stop()

        self.doctor = Doctor(
            model, optimizers, budget=manner.budget, ignore=manner.ignore, step=step, on_finding=found
        )
        self.doctor.__enter__()
        self._watches = True
        if pretrained:
            self.doctor.history.from_scratch = False

    def evaluated(self, loss: float) -> None:
        """Pass the loss on val on."""
        if self._watches and self.doctor is not None:
            self.doctor.evaluated(loss)

    def end(self) -> None:
        """Watch no further, and report."""
        if self._watches and self.doctor is not None:
            self._watches = False
            self.doctor.__exit__()
            if not self.manner.quiet:
                print(self.doctor.report(), end="", flush=True)
