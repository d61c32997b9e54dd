"""What a notebook shows of findings; names that came from elsewhere are escaped."""

from moreish.doctor.judge.finding import Finding
from moreish.doctor.tell import html


class Findings(list[Finding]):
    """Findings, worst first."""

    def _repr_html_(self) -> str:
        """What a notebook shows: each with what to do."""
        shown = "".join(html.brief(finding) for finding in self)
        return html.cell(shown or '<p class="small">Nothing was found.</p>')
