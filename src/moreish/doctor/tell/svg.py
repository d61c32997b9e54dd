"""Pictures as SVG text: curves over steps, dots by layer, histograms and maps, drawn without any library.

Colours are classes of the style sheet: `d0` to `d8` from the first layer to the last. Whatever is written here is
escaped here.
"""

import html
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from moreish.doctor.frames.frame import Histogram
from moreish.doctor.tell.axis import Axis
from moreish.doctor.tell.words import shortened, tick, visible

WIDTH = 400.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 14.0, 30.0
PLOT = 150.0  # height of what lies between the axes
ROW = 34.0  # height of a row of dots
MOST_POINTS = 160  # of a curve; of more, the least and the most of each stretch are drawn
LABEL = 48  # characters of a row's name
CLOSE = 26  # two marks nearer than that have their names in different rows


class Curve(NamedTuple):
    """A line through (step, value); `style` is its class, a `hot` one is what a finding is about."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str
    hot: bool = False


class Level(NamedTuple):
    """A value that tells something, as a dashed line."""

    value: float
    name: str


class Band(NamedTuple):
    """Where values are healthy; None for no bound."""

    low: float | None
    high: float | None


class Mark(NamedTuple):
    """A finding, at its step: its name, its severity, and the name of the article about it ("" for no link)."""

    step: float
    name: str
    severity: str
    link: str


class Row(NamedTuple):
    """One layer: its value at the start (a ring) and at the end (a dot), None where there is none."""

    name: str
    start: float | None
    end: float | None
    hot: bool = False


def curves(
    title: str,
    says: str,
    drawn: Sequence[Curve],
    *,
    levels: Sequence[Level] = (),
    band: Band | None = None,
    marks: Sequence[Mark] = (),
    log: bool = False,
) -> str:
    """Curves over steps, with levels, the healthy band, and marks where something was found."""
    values = [v for curve in drawn for _, v in curve.points]
    bounds = [v for v in (band or ()) if v is not None]
    y = Axis([*values, *(level.value for level in levels), *bounds], log=log)
    x = Axis([s for curve in drawn for s, _ in curve.points], room=0.02)
    names, rows = _mark_rows(marks, x)
    top = TOP + 13 * rows
    frame = _Frame(x, y, top, top + PLOT)
    zero = log and any(v == 0 for v in values)
    parts = [frame.band(band), frame.axes(zero=zero), *(frame.level(level) for level in levels)]
    parts += [frame.curve(curve) for curve in sorted(drawn, key=lambda c: c.hot)]
    parts += [frame.mark(mark, row) for mark, row in names]
    parts += [frame.names(levels, band, [point for curve in drawn for point in curve.points])]
    return _svg(title, says, "".join(parts), top + PLOT + BOTTOM, linked=any(m.link for m in marks))


def dots(
    title: str, says: str, rows: Sequence[Row], *, log: bool, band: Band | None = None, share: bool = False
) -> str:
    """One row a layer, from the first to the last: a ring for the start, a dot for the end."""
    given = [v for row in rows for v in (row.start, row.end) if v is not None]
    bounds = [v for v in (band or ()) if v is not None]
    x = Axis([0.0, 1.0] if share else [*given, *bounds], log=log, room=0.0 if share else 0.06)
    left, right = 10.0, WIDTH - 16
    bottom = TOP + ROW * len(rows)
    scale = _Across(x, left, right)
    parts = [scale.band(band, TOP - 6, bottom), scale.axis(TOP - 6, bottom, share)]
    parts += [scale.row(row, TOP + ROW * k) for k, row in enumerate(rows)]
    return _svg(title, says, "".join(parts), bottom + 20)


def histogram(title: str, says: str, now: Histogram, before: Histogram | None, ends: Sequence[Band] = ()) -> str:
    """Shares of the values as bars, those of an earlier frame as an outline; `ends` are shaded as ill."""
    shapes = [h for h in (now, before) if h is not None and sum(h.counts)]
    x = Axis([e for h in shapes for e in (h.edges[0], h.edges[-1])], room=0.02)
    heights = [[c / sum(h.counts) / (h.edges[1] - h.edges[0]) for c in h.counts] for h in shapes]
    y = Axis([0.0, max(max(each) for each in heights)], room=0.0)
    bottom = TOP + PLOT
    frame = _Frame(x, y, TOP, bottom)
    parts = [frame.end(end) for end in ends]
    parts.append(frame.axes(values=False, below=""))
    for h, each, style in reversed(list(zip(shapes, heights, ("bars", "outline"), strict=False))):
        corners = [f"M{frame.x(h.edges[0]):.1f} {bottom:g}"]
        for (a, b), height in zip(itertools.pairwise(h.edges), each, strict=True):
            corners.append(f"L{frame.x(a):.1f} {frame.y(height):.1f}H{frame.x(b):.1f}")
        parts.append(f'<path class="{style}" d="{"".join(corners)}V{bottom:g}Z"/>')
    return _svg(title, says, "".join(parts), bottom + BOTTOM - 8)


def unit_map(title: str, says: str, rows: Sequence[Sequence[int]]) -> str:
    """Examples downwards, units across; a mark where a unit is stuck. A full column is a dead unit."""
    cell = min((WIDTH - 20) / len(rows[0]), 180 / len(rows))
    wide, high = cell * len(rows[0]), cell * len(rows)
    marks = [
        f"M{10 + x * cell:.1f} {TOP + y * cell:.1f}h{cell:.1f}v{cell:.1f}h-{cell:.1f}z"
        for y, row in enumerate(rows)
        for x, stuck in enumerate(row)
        if stuck
    ]
    frame = f'<rect class="frame" x="10" y="{TOP:g}" width="{wide:.1f}" height="{high:.1f}"/>'
    below = f'<text x="10" y="{TOP + high + 15:.1f}">{len(rows[0])} units across, {len(rows)} examples down</text>'
    return _svg(
        title,
        says,
        f'<path class="cells" shape-rendering="crispEdges" d="{"".join(marks)}"/>{frame}{below}',
        TOP + high + 22,
    )


class _Frame:
    """The plot of curves: steps to the right, values upwards."""

    def __init__(self, x: Axis, y: Axis, top: float, bottom: float) -> None:
        self.across, self.up, self.top, self.bottom = x, y, top, bottom

    def x(self, value: float) -> float:
        return LEFT + self.across.place(value) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """What a logarithmic axis cannot hold lies on its floor."""
        if self.up.log and value <= 0:
            return self.bottom
        return self.bottom - self.up.place(value) * (self.bottom - self.top)

    def axes(self, values: bool = True, below: str = "step", zero: bool = False) -> str:
        parts = [f'<path class="axis" d="M{LEFT:g} {self.top:g}V{self.bottom:g}H{WIDTH - RIGHT:g}"/>']
        for value in self.up.ticks() if values else ():
            y = self.y(value)
            parts.append(f'<path class="grid" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"/>')
            parts.append(f'<text class="end" x="{LEFT - 5:g}" y="{y + 4:.1f}">{tick(value)}</text>')
        if values and zero:
            parts.append(f'<text class="end zero" x="{LEFT - 5:g}" y="{self.bottom + 4:g}">0</text>')
        ticks = [t for t in self.across.ticks() if not below or t == int(t)]
        last = WIDTH - RIGHT - 7 * len(below) - 6
        for value in ticks:
            x, label = self.x(value), f"{value:,.0f}" if below else tick(value)
            if not below or x + 3.5 * len(label) < last:
                parts.append(f'<text class="mid" x="{x:.1f}" y="{self.bottom + 16:g}">{label}</text>')
        parts.append(f'<text class="end" x="{WIDTH - RIGHT:g}" y="{self.bottom + 16:g}">{below}</text>')
        return "".join(parts)

    def band(self, band: Band | None) -> str:
        if band is None:
            return ""
        top = self.top if band.high is None else self.y(band.high)
        bottom = self.bottom if band.low is None else self.y(band.low)
        return (
            f'<rect class="healthy" x="{LEFT:g}" y="{top:.1f}" width="{WIDTH - LEFT - RIGHT:g}" '
            f'height="{max(0.0, bottom - top):.1f}"/>'
        )

    def end(self, end: Band) -> str:
        left = LEFT if end.low is None else self.x(end.low)
        right = WIDTH - RIGHT if end.high is None else self.x(end.high)
        wide = max(0.0, right - left)
        return f'<rect class="ill" x="{left:.1f}" y="{self.top:g}" width="{wide:.1f}" height="{PLOT:g}"/>'

    def level(self, level: Level) -> str:
        return f'<path class="level" d="M{LEFT:g} {self.y(level.value):.1f}H{WIDTH - RIGHT:g}"/>'

    def names(self, levels: Sequence[Level], band: Band | None, points: Sequence[tuple[float, float]]) -> str:
        """What the levels and the band are, each where it covers the fewest points and no other name."""
        taken = [(self.x(s), self.y(v)) for s, v in points if self.up.holds(v)]
        parts = []
        for level in levels:
            y = self.y(level.value)
            parts.append(self._name(level.name, "", (y - 5, y + 14), taken))
        if band is not None:
            top = self.top if band.high is None else self.y(band.high)
            bottom = self.bottom if band.low is None else self.y(band.low)
            parts.append(self._name("healthy", " good", (top + 14, bottom - 6), taken))
        return "".join(parts)

    def _name(self, name: str, style: str, rows: tuple[float, float], taken: list[tuple[float, float]]) -> str:
        if not name:
            return ""
        wide, right = 6.5 * len(name), WIDTH - RIGHT
        places = [(y, x) for y in rows for x in (right - wide, LEFT) if self.top + 8 < y < self.bottom]
        if not places:
            return ""

        def covered(place: tuple[float, float]) -> int:
            return sum(place[1] - 4 <= x <= place[1] + wide and place[0] - 14 <= y <= place[0] + 4 for x, y in taken)

        y, x = min(places, key=covered)
        taken += [(x + k, y - 5) for k in range(0, int(wide), 4)]
        anchor, at = ("", LEFT + 6) if x == LEFT else ("end", right - 4)
        return f'<text class="{anchor} halo{style}" x="{at:g}" y="{y:.1f}">{_text(name)}</text>'

    def mark(self, mark: Mark, row: int) -> str:
        x = self.x(mark.step)
        anchor = "mid" if LEFT + 16 < x < WIDTH - RIGHT - 16 else "" if x <= LEFT + 16 else "end"
        y = TOP - 2 + 13 * row
        drawn = (
            f'<path class="mark {_text(mark.severity)}" d="M{x:.1f} {y + 4:g}V{self.bottom:g}"/>'
            f'<text class="{anchor} name {_text(mark.severity)}" x="{x:.1f}" y="{y:g}">{_text(mark.name)}</text>'
        )
        return f'<a href="#{_text(mark.link)}">{drawn}</a>' if mark.link else drawn

    def curve(self, curve: Curve) -> str:
        points = thinned([(s, v) for s, v in curve.points if self.up.holds(v) or v == 0])
        path = "L".join(f"{self.x(s):.1f} {self.y(v):.1f}" for s, v in points)
        style = f"{curve.style} hot" if curve.hot else curve.style
        parts = [f'<path class="line {style}" d="M{path}"/>'] if points else []
        if len(points) <= 12:
            parts += [
                f'<circle class="dot {style}" cx="{self.x(s):.1f}" cy="{self.y(v):.1f}" r="2.5"/>' for s, v in points
            ]
        lost = [s for s, v in curve.points if not math.isfinite(v)][:MOST_POINTS]
        parts += [f'<path class="lost" d="M{self.x(s) - 3:.1f} {self.top:g}l6 6m0-6l-6 6"/>' for s in lost]
        return f"<g><title>{_text(curve.name)}</title>{''.join(parts)}</g>"


class _Across:
    """Rows of dots: values to the right."""

    def __init__(self, axis: Axis, left: float, right: float) -> None:
        self.axis_, self.left, self.right = axis, left, right

    def x(self, value: float) -> float:
        return self.left + self.axis_.place(value) * (self.right - self.left)

    def axis(self, top: float, bottom: float, share: bool) -> str:
        parts = []
        for value in self.axis_.ticks():
            x = self.x(value)
            place = "mid" if self.left + 12 < x < self.right - 12 else "" if x <= self.left + 12 else "end"
            parts.append(f'<path class="grid" d="M{x:.1f} {top:g}V{bottom:g}"/>')
            label = f"{value:.0%}" if share else tick(value)
            parts.append(f'<text class="{place}" x="{x:.1f}" y="{bottom + 15:g}">{label}</text>')
        return "".join(parts)

    def band(self, band: Band | None, top: float, bottom: float) -> str:
        if band is None:
            return ""
        left = self.left if band.low is None else self.x(band.low)
        right = self.right if band.high is None else self.x(band.high)
        return (
            f'<rect class="healthy" x="{left:.1f}" y="{top:g}" width="{right - left:.1f}" height="{bottom - top:g}"/>'
        )

    def row(self, row: Row, top: float) -> str:
        hot, y = " hot" if row.hot else "", top + 20
        name = shortened(visible(row.name), LABEL)
        parts = [f'<text class="halo{hot}" x="{self.left:g}" y="{top + 9:g}">{html.escape(name)}</text>']
        parts.append(f'<path class="track" d="M{self.left:g} {y:g}H{self.right:g}"/>')
        if (
            row.start is not None
            and row.end is not None
            and self.axis_.holds(row.start)
            and self.axis_.holds(row.end)
        ):
            parts.append(f'<path class="way{hot}" d="M{self.x(row.start):.1f} {y:g}H{self.x(row.end):.1f}"/>')
        parts += [self._dot(row.start, y, "ring" + hot), self._dot(row.end, y, "dot main" + hot)]
        return f"<g><title>{_text(row.name)}{_values(row)}</title>{''.join(parts)}</g>"

    def _dot(self, value: float | None, y: float, style: str) -> str:
        if value is None:
            return ""
        if self.axis_.holds(value):
            return f'<circle class="{style}" cx="{self.x(value):.1f}" cy="{y:g}" r="5"/>'
        if value == 0:
            return f'<text class="zero" x="{self.left:g}" y="{y + 4:g}">◂ 0</text>'
        return f'<text class="end lost" x="{self.right:g}" y="{y - 11:g}">not finite</text>'


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The least and the most of each stretch of a long curve, so that no spike is lost."""
    if len(points) <= 2 * MOST_POINTS:
        return list(points)
    size = math.ceil(len(points) / MOST_POINTS)
    kept: list[tuple[float, float]] = []
    for k in range(0, len(points), size):
        stretch = points[k : k + size]
        kept += sorted({min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])})
    return kept


def _mark_rows(marks: Sequence[Mark], x: Axis) -> tuple[list[tuple[Mark, int]], int]:
    """Each mark with the row that its name stands in, so that names do not cover each other; how many rows."""
    ends: list[float] = []
    placed = []
    for mark in sorted(marks):
        at = x.place(mark.step) * (WIDTH - LEFT - RIGHT)
        row = next((k for k, end in enumerate(ends) if at - end >= CLOSE), len(ends))
        ends[row : row + 1] = [at]
        placed.append((mark, row))
    return placed, len(ends)


def _values(row: Row) -> str:
    said = [tick(v) for v in (row.start, row.end) if v is not None]
    return f": {', then '.join(said)}"


def _text(text: str) -> str:
    return html.escape(visible(text))


def _svg(title: str, says: str, inside: str, height: float, linked: bool = False) -> str:
    """Pictures with links are groups: what is inside an image cannot be reached."""
    role = "group" if linked else "img"
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:.0f}" role="{role}" aria-label="{_text(title)}">'
        f"<title>{_text(title)}</title><desc>{_text(says)}</desc>{inside}</svg>"
    )
