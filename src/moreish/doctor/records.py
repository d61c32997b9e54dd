"""What a doctor saw, as records of TensorBoard and Weights & Biases: quantities by step, and findings as text."""

import math
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.finding import Finding

PREFIX = "doctor"


@runtime_checkable
class Writer(Protocol):
    """A `SummaryWriter`, of torch.utils.tensorboard or of tensorboardX."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> Any:
        """Keep a number."""

    def add_text(self, tag: str, text_string: str, global_step: int) -> Any:
        """Keep a text, in Markdown."""


@runtime_checkable
class Run(Protocol):
    """A run of wandb."""

    def log(self, data: dict[str, Any]) -> Any:
        """Keep some values together."""


def to_tensorboard(doctor: Doctor, writer: Writer) -> None:
    """Write every quantity that was measured (`doctor/net.3/saturated`), and each finding as a text.

    To be called once, when the training is over: whatever was measured is written.
    """
    for step, values in _measured(doctor):
        for name, value in values.items():
            writer.add_scalar(f"{PREFIX}/{name}", value, step)
    for finding in doctor.findings:
        writer.add_text(f"{PREFIX}/{finding.title}", markdown(finding), finding.step)


def to_wandb(doctor: Doctor, run: Run) -> None:
    """Log every quantity that was measured and each finding as a text, over an axis of its own, `doctor/step`.

    W&B takes no record of a step that is past, hence the axis. To be called once, when the training is over.
    """
    axis = f"{PREFIX}/step"
    define = getattr(run, "define_metric", None)
    if define is not None:
        define(axis)
        define(f"{PREFIX}/*", step_metric=axis)
    for step, values in _measured(doctor):
        run.log({axis: step} | {f"{PREFIX}/{name}": value for name, value in values.items()})
    for finding in doctor.findings:
        run.log({axis: finding.step, f"{PREFIX}/{finding.title}": _plain(finding)})


def markdown(finding: Finding) -> str:
    """A finding as Markdown."""
    where = f" at `{finding.layer}`" if finding.layer else ""
    symptoms = "".join(f"\n- with it: {s.title}. {s.sentence}" for s in finding.symptoms)
    why = "  \n".join(f"> {line}" for line in finding.why.splitlines())
    return (
        f"**{finding.severity}** {finding.heading}{where}, step {finding.step}\n\n{finding.sentence}\n\n{why}\n\n"
        f"**Do:** {finding.remedy}\n{symptoms}"
    )


def _plain(finding: Finding) -> str:
    where = f" at {finding.layer}" if finding.layer else ""
    return f"{finding.severity}: {finding.heading}{where}. {finding.sentence} Do: {finding.remedy}"


def _measured(doctor: Doctor) -> Iterator[tuple[int, dict[str, float]]]:
    """(step, what was measured then), in order; an evaluation goes with the step before which it came."""
    together: dict[int, dict[str, float]] = {}
    for frame in doctor.history.frames:
        values = {name: value for name, value in frame.values.items() if not math.isinf(value)}
        together.setdefault(frame.step, {}).update(values)
    yield from together.items()
