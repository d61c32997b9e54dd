"""What a notebook shows of findings and of a trace; names that came from elsewhere are escaped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from moreish.doctor.judge.finding import Finding
from moreish.doctor.tell import html
from moreish.doctor.tell.words import number

if TYPE_CHECKING:
    from torch import Tensor

    from moreish.doctor.ask.trace import Traced


class Findings(list[Finding]):
    """Findings, worst first."""

    def _repr_html_(self) -> str:
        """What a notebook shows: each with what to do."""
        shown = "".join(html.brief(finding) for finding in self)
        return html.cell(shown or '<p class="small">Nothing was found.</p>')


class Trace(list["Traced"]):
    """The layers on an item's way, in execution order."""

    def _repr_html_(self) -> str:
        """What a notebook shows: shape, mean and spread of each output, and the largest gradient there."""
        heads = ("layer", "operation", "shape", "mean", "spread", "largest gradient")
        rows = [(t.layer, t.op, _shape(t.output), *_moments(t.output), _largest(t.gradient)) for t in self]
        return html.cell(html.table(heads, rows))


def _shape(values: "Tensor") -> str:
    return " × ".join(map(str, values.shape)) or "one number"


def _moments(values: "Tensor") -> Sequence[str]:
    numbers = values.double().flatten()
    return (number(float(numbers.mean())), number(float(numbers.std(correction=0)))) if len(numbers) else ("", "")


def _largest(gradient: "Tensor | None") -> str:
    if gradient is None or not gradient.numel():
        return "not computed"
    return number(float(gradient.abs().max()))
