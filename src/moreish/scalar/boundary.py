"""The plane as a model of two inputs sees it: which side it gives each place to, and how surely.

The line is the boundary, where the score is 0. The stronger shades begin at the margins, where it is -1 or 1:
a max-margin loss is at rest when every point stands on its own stronger shade.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from moreish.scalar.draw import Picture, picture
from moreish.scalar.moons import Point

WIDTH = 560.0
CELLS = 48  # from left to right
MARGIN = 0.4  # around the points, in their own units

STYLE = """
.page { fill: #ffffff } .minus { fill: #54aeff; fill-opacity: .25 } .plus { fill: #fb8f44; fill-opacity: .25 }
.line { stroke: #1f2328; stroke-width: 2; stroke-linecap: round }
.upper { fill: #0969da; stroke: #ffffff } .lower { fill: #bc4c00; stroke: #ffffff }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } .line { stroke: #e6edf3 }
.upper { fill: #79c0ff; stroke: #0d1117 } .lower { fill: #ffa657; stroke: #0d1117 }
}
"""


class Spot(NamedTuple):
    """A place on the page and the score there."""

    x: float
    y: float
    score: float


def draw_boundary(score: Callable[[float, float], float], points: Sequence[Point]) -> Picture:
    """A picture of `score(x, y)` around the points, positive where the model says side 1."""
    left, right = min(p.x for p in points) - MARGIN, max(p.x for p in points) + MARGIN
    bottom, top = min(p.y for p in points) - MARGIN, max(p.y for p in points) + MARGIN
    pixels, cell = WIDTH / (right - left), (right - left) / CELLS
    xs = [left + i * cell for i in range(CELLS + 1)]
    ys = [top - i * cell for i in range(round((top - bottom) / cell) + 1)]
    plus = [[Spot((x - left) * pixels, (top - y) * pixels, score(x, y)) for x in xs] for y in ys]
    minus = [[spot._replace(score=-spot.score) for spot in row] for row in plus]

    parts = [f'<path class="minus" d="{region(minus, level)}"/>' for level in (0.0, 1.0)]
    parts += [f'<path class="plus" d="{region(plus, level)}"/>' for level in (0.0, 1.0)]
    parts.append(f'<path class="line" d="{contour(plus, 0.0)}"/>')
    for p in points:
        place = f'cx="{(p.x - left) * pixels:.1f}" cy="{(top - p.y) * pixels:.1f}"'
        parts.append(f'<circle class="{"upper" if p.side < 0 else "lower"}" {place} r="4.5"/>')
    return picture(WIDTH, plus[-1][0].y, STYLE, parts)


def region(grid: Sequence[Sequence[Spot]], level: float) -> str:
    """The path around every place with a score of at least `level`.

    Cells that are wholly inside become one rectangle a run; the others are cut along the level, triangle by
    triangle, for on a triangle the score is taken to be a plane and the cut a straight line.
    """
    path = []
    for row in cells(grid):
        for inside, run in groupby(row, key=lambda cell: all(spot.score >= level for spot in cell)):
            whole = list(run)
            if inside:
                (a, _, _, d), (_, b, c, _) = whole[0], whole[-1]
                path.append(outline([a, b, c, d]))
            else:
                path += [outline(above(t, level)) for cell in whole for t in halves(cell)]
    return "".join(path)


def contour(grid: Sequence[Sequence[Spot]], level: float) -> str:
    """The path along every place whose score is `level`."""
    return "".join(
        outline([spot for spot in above(t, level) if spot.score == level], close="")
        for row in cells(grid)
        for cell in row
        for t in halves(cell)
    )


def cells(grid: Sequence[Sequence[Spot]]) -> Iterator[list[tuple[Spot, Spot, Spot, Spot]]]:
    """The squares between the spots, row by row: corners clockwise from the upper left."""
    for upper, lower in pairwise(grid):
        yield [(a, b, c, d) for (a, b), (d, c) in zip(pairwise(upper), pairwise(lower), strict=True)]


def halves(cell: tuple[Spot, Spot, Spot, Spot]) -> tuple[tuple[Spot, Spot, Spot], tuple[Spot, Spot, Spot]]:
    """A square as two triangles."""
    a, b, c, d = cell
    return (a, b, c), (a, c, d)


def above(triangle: Sequence[Spot], level: float) -> list[Spot]:
    """The corners of the part of the triangle where the score is at least `level`."""
    part = []
    for here, there in zip(triangle, [*triangle[1:], triangle[0]], strict=True):
        if here.score >= level:
            part.append(here)
        if (here.score < level) != (there.score < level):
            t = (level - here.score) / (there.score - here.score)
            part.append(Spot(here.x + t * (there.x - here.x), here.y + t * (there.y - here.y), level))
    return part


def outline(corners: Sequence[Spot], close: str = "z") -> str:
    """A path from corner to corner; nothing for fewer than two."""
    return "M" + "L".join(f"{s.x:.1f} {s.y:.1f}" for s in corners) + close if len(corners) > 1 else ""
