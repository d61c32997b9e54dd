"""A layered layout: where the boxes of a directed acyclic graph go on a page, and how the lines run between them.

The plan of Sugiyama, Tagawa and Toda (1981) in four steps: every node gets a column, a line that crosses
a column gets a waypoint in it, the columns are sorted until few lines cross, and heights are chosen so
that lines run straight. Knows nothing about Values: a node is anything that can be a dictionary key.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

Node = Any  # whatever can be a dictionary key
Edge = tuple[Node, Node]

SWEEPS = 12


class Waypoint(NamedTuple):
    """The place where edge number `edge` passes through a column it does not stop in."""

    edge: int
    column: int


Route = list[tuple[float, float, float]]  # level runs (from x, to x, at height y), to be joined by curves


class Layout(NamedTuple):
    """The page: its size, the left end and the middle height of every node, the route of every edge."""

    width: float
    height: float
    places: dict[Node, tuple[float, float]]
    routes: list[Route]


def lay_out(
    sizes: Mapping[Node, tuple[float, float]], edges: Sequence[Edge], *, gap: float = 12.0, channel: float = 52.0
) -> Layout:
    """Place nodes of the given (width, height), edges running from left to right.

    `sizes` names every node, each after those that have an edge to it. `gap` is left between boxes of a
    column, `channel` between columns.
    """
    column_of = columns_by_longest_path(list(sizes), edges)
    chains = [with_waypoints(i, edge, column_of) for i, edge in enumerate(edges)]
    columns: list[list[Node]] = [[] for _ in range(max(column_of.values()) + 1)]
    for node in [*sizes, *(stop for chain in chains for stop in chain[1:-1])]:
        columns[node.column if isinstance(node, Waypoint) else column_of[node]].append(node)
    links = [pair for chain in chains for pair in pairwise(chain)]

    columns = untangle(columns, links)
    heights = {node: sizes[node][1] if node in sizes else 0.0 for column in columns for node in column}
    middle = straighten(columns, links, heights, gap)

    widths = [max((sizes[n][0] for n in column if n in sizes), default=0.0) for column in columns]
    left = [sum(widths[:i]) + i * channel for i in range(len(widths))]
    right = [x + width for x, width in zip(left, widths, strict=True)]
    places = {n: (right[column_of[n]] - sizes[n][0], middle[n]) for n in sizes}

    routes: list[Route] = []
    for source, *stops, target in chains:
        start, end = column_of[source], column_of[target]
        routes.append(
            [
                (right[start], right[start], middle[source]),
                *((left[stop.column], right[stop.column], middle[stop]) for stop in stops),
                (left[end], places[target][0], middle[target]),
            ]
        )
    spread_arrivals(routes, edges)
    bottom = max(middle[n] + heights[n] / 2 for n in middle)
    return Layout(right[-1], bottom, places, routes)


def spread_arrivals(routes: list[Route], edges: Sequence[Edge], most: float = 12.0, distance: float = 7.0) -> None:
    """Let the edges into one node arrive a little apart, in the order in which they come down the page."""
    arriving: dict[Node, list[Route]] = {}
    for route, (_, target) in zip(routes, edges, strict=True):
        arriving.setdefault(target, []).append(route)
    for together in arriving.values():
        step = min(distance, most / max(1, len(together) - 1))
        together.sort(key=lambda route: route[-2][2])
        for i, route in enumerate(together):
            start, end, y = route[-1]
            route[-1] = (start, end, y + step * (i - (len(together) - 1) / 2))


def columns_by_longest_path(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[Node, int]:
    """The column of each node: as far right as its consumers allow, so that leaves stand beside their use."""
    consumers: dict[Node, list[Node]] = {node: [] for node in nodes}
    for source, target in edges:
        consumers[source].append(target)
    from_right: dict[Node, int] = {}
    for node in reversed(nodes):
        from_right[node] = max((from_right[c] + 1 for c in consumers[node]), default=0)
    last = max(from_right.values())
    return {node: last - distance for node, distance in from_right.items()}


def with_waypoints(number: int, edge: Edge, column_of: Mapping[Node, int]) -> list:
    """The edge as a chain of stops, one in each column from its source to its target."""
    source, target = edge
    between = range(column_of[source] + 1, column_of[target])
    return [source, *(Waypoint(number, column) for column in between), target]


def untangle(columns: list[list[Node]], links: Sequence[Edge]) -> list[list[Node]]:
    """The columns sorted by barycentre, to the right and back to the left; the least tangled order is kept.

    A node wants to stand at the mean rank of those it is linked to in the column before.
    """
    before: dict[Node, list[Node]] = {node: [] for column in columns for node in column}
    after: dict[Node, list[Node]] = {node: [] for column in columns for node in column}
    for source, target in links:
        before[target].append(source)
        after[source].append(target)

    best, fewest = columns, crossings(columns, after)
    for sweep in range(SWEEPS):
        columns = [list(column) for column in columns]
        rightward = sweep % 2 == 0
        neighbours = before if rightward else after
        walk = columns if rightward else columns[::-1]
        for fixed, free in pairwise(walk):
            rank = {node: float(i) for column in (fixed, free) for i, node in enumerate(column)}
            free.sort(key=lambda n: mean([rank[m] for m in neighbours[n]], default=rank[n]))
        tangled = crossings(columns, after)
        if tangled < fewest:
            best, fewest = columns, tangled
    return best


def crossings(columns: Sequence[Sequence[Node]], after: Mapping[Node, Sequence[Node]]) -> int:
    """How many pairs of links cross: inversions among the ends of links sorted by their starts."""
    count = 0
    for left, right in pairwise(columns):
        rank = {node: i for i, node in enumerate(right)}
        ends: list[int] = []
        for node in left:
            mine = sorted(rank[target] for target in after[node])
            count += sum(len(ends) - bisect_right(ends, end) for end in mine)
            for end in mine:
                insort(ends, end)
    return count


def straighten(
    columns: Sequence[Sequence[Node]], links: Sequence[Edge], heights: Mapping[Node, float], gap: float
) -> dict[Node, float]:
    """The middle height of every node, the order of each column kept and nothing closer than `gap`.

    Every node is drawn to the mean height of its neighbours, most strongly along the waypoints of one edge.
    """
    pull: dict[Node, list[tuple[Node, float]]] = {node: [] for column in columns for node in column}
    for source, target in links:
        weight = 2.0 ** (2 * sum(isinstance(end, Waypoint) for end in (source, target)))
        pull[source].append((target, weight))
        pull[target].append((source, weight))

    middle: dict[Node, float] = {}
    for column in columns:
        middle |= zip(column, spread([0.0] * len(column), [heights[n] for n in column], gap), strict=True)
    for sweep in range(4 * SWEEPS):
        for column in columns if sweep % 2 else columns[::-1]:
            wanted = [
                sum(w * middle[m] for m, w in pull[n]) / sum(w for _, w in pull[n]) if pull[n] else middle[n]
                for n in column
            ]
            middle |= zip(column, spread(wanted, [heights[n] for n in column], gap), strict=True)
    top = min(middle[node] - heights[node] / 2 for node in middle)
    return {node: y - top for node, y in middle.items()}


def spread(wanted: Sequence[float], heights: Sequence[float], gap: float) -> list[float]:
    """The places nearest to the wanted ones (least squares) where boxes of these heights keep their distance.

    Take off the room that the boxes above need, and the question is the nearest non-decreasing sequence;
    pooling adjacent violators answers it: neighbours in the wrong order move together to their mean.
    """
    offsets = [0.0]
    for above, below in pairwise(heights):
        offsets.append(offsets[-1] + (above + below) / 2 + gap)
    pools: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        pools.append([want - offset])
        while len(pools) > 1 and mean(pools[-2]) > mean(pools[-1]):
            lower = pools.pop()
            pools[-1] += lower
    settled = [mean(pool) for pool in pools for _ in pool]
    return [y + offset for y, offset in zip(settled, offsets, strict=False)]


def mean(numbers: Sequence[float], default: float = 0.0) -> float:
    """Their mean, or `default` if there are none."""
    return sum(numbers) / len(numbers) if numbers else default
