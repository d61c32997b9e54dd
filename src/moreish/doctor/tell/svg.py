"""Pictures as SVG text: lines, histograms and maps, drawn without any library."""

import html
import itertools
import math
from collections.abc import Mapping, Sequence

from moreish.doctor.frames.frame import Histogram

WIDTH, HEIGHT, MARGIN = 560, 220, 64
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f")
Series = Mapping[str, Sequence[tuple[float, float]]]


def lines(title: str, series: Series, *, guide: float | None = None, guide_name: str = "") -> str:
    """One line per name through its (x, y) points; `guide` draws a dashed level."""
    kept = {n: [(x, y) for x, y in points if math.isfinite(y)] for n, points in series.items()}
    kept = {n: points for n, points in kept.items() if points}
    if not kept:
        return ""
    xs = [x for points in kept.values() for x, _ in points]
    ys = [y for points in kept.values() for _, y in points] + ([guide] if guide is not None else [])
    place = _Scale(min(xs), max(xs), min(ys), max(ys))
    parts = [place.axes()]
    if guide is not None:
        y = place.y(guide)
        parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" class="guide"/>'
            f'<text x="{WIDTH - 10}" y="{y - 4:.1f}" text-anchor="end">{html.escape(guide_name)}</text>'
        )
    for k, points in enumerate(kept.values()):
        path = " ".join(f"{place.x(x):.1f},{place.y(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[k % len(COLOURS)]}"/>')
    return _figure(title, "".join(parts), list(kept))


def densities(title: str, histograms: Mapping[str, Histogram]) -> str:
    """Outlines of several histograms over one axis, each scaled to share; NaN and infinity are said in the legend."""
    series, names = {}, []
    for name, h in histograms.items():
        total = sum(h.counts) or 1
        edges = h.edges
        middle = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
        width = (edges[1] - edges[0]) or 1.0
        bad = h.nan + h.infinite + h.minus_infinite
        label = f"{name} ({bad} not finite)" if bad else name
        series[label] = [(m, c / total / width) for m, c in zip(middle, h.counts, strict=True)]
        names.append(label)
    return lines(title, series)


def ridge(title: str, over_time: Sequence[tuple[int, Histogram]]) -> str:
    """Histograms of one quantity at several steps, one above the other, the latest in front."""
    if not over_time:
        return ""
    low = min(h.edges[0] for _, h in over_time)
    high = max(h.edges[-1] for _, h in over_time)
    rows = len(over_time)
    parts = []
    for k, (step, h) in enumerate(over_time):
        base = MARGIN + (HEIGHT - MARGIN - 24) * (k + 1) / rows
        top = max(h.counts) or 1
        points = []
        for a, b, c in zip(h.edges, h.edges[1:], h.counts, strict=False):
            x = MARGIN + ((a + b) / 2 - low) / ((high - low) or 1) * (WIDTH - MARGIN - 10)
            points.append(f"{x:.1f},{base - 26 * c / top:.1f}")
        first, last = points[0].split(",")[0], points[-1].split(",")[0]
        parts.append(
            f'<polygon points="{first},{base:.1f} {" ".join(points)} {last},{base:.1f}" '
            f'fill="#1f77b4" fill-opacity="0.35" stroke="#1f77b4"/>'
            f'<text x="4" y="{base:.1f}">{step}</text>'
        )
    parts.append(f'<text x="{MARGIN}" y="{HEIGHT - 4}">{low:.3g}</text>')
    parts.append(f'<text x="{WIDTH - 10}" y="{HEIGHT - 4}" text-anchor="end">{high:.3g}</text>')
    return _figure(title, "".join(parts), [])


def unit_map(title: str, rows: Sequence[Sequence[int]]) -> str:
    """Examples downwards, units across; a mark where a unit is stuck. A full column is a dead unit."""
    if not rows or not rows[0]:
        return ""
    cell = min((WIDTH - MARGIN) / len(rows[0]), (HEIGHT - 30) / len(rows))
    marks = [
        f"M{MARGIN + x * cell:.1f} {24 + y * cell:.1f}h{cell:.1f}v{cell:.1f}h-{cell:.1f}z"
        for y, row in enumerate(rows)
        for x, stuck in enumerate(row)
        if stuck
    ]
    frame = (
        f'<rect x="{MARGIN}" y="24" width="{cell * len(rows[0]):.1f}" height="{cell * len(rows):.1f}" class="frame"/>'
    )
    return _figure(title, f'{frame}<path d="{"".join(marks)}" fill="#333"/>', [])


class _Scale:
    """From numbers to places in the picture."""

    def __init__(self, left: float, right: float, low: float, high: float) -> None:
        self.left, self.right = left, right if right > left else left + 1
        self.low, self.high = low, high if high > low else low + 1

    def x(self, value: float) -> float:
        return MARGIN + (value - self.left) / (self.right - self.left) * (WIDTH - MARGIN - 10)

    def y(self, value: float) -> float:
        return HEIGHT - 24 - (value - self.low) / (self.high - self.low) * (HEIGHT - 52)

    def axes(self) -> str:
        labels = [
            f'<text x="{MARGIN - 4}" y="{self.y(v) + 4:.1f}" text-anchor="end">{v:.3g}</text>'
            for v in (self.low, (self.low + self.high) / 2, self.high)
        ] + [
            f'<text x="{self.x(v):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{v:.3g}</text>'
            for v, anchor in ((self.left, "start"), ((self.left + self.right) / 2, "middle"), (self.right, "end"))
        ]
        box = f'<rect x="{MARGIN}" y="28" width="{WIDTH - MARGIN - 10}" height="{HEIGHT - 52}" class="frame"/>'
        return box + "".join(labels)


def _figure(title: str, body: str, names: Sequence[str]) -> str:
    legend = "".join(
        f'<span style="color:{COLOURS[k % len(COLOURS)]}">&#9632; {html.escape(n)}</span> '
        for k, n in enumerate(names[:12])
    )
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">'
        f'<text x="{MARGIN}" y="16" class="title">{html.escape(title)}</text>{body}</svg>'
        f"<figcaption>{legend}</figcaption></figure>"
    )
