from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.scalar.layout import columns_by_longest_path, crossings, lay_out, spread, untangle

GAP, CHANNEL = 12.0, 52.0


@st.composite
def graphs(draw):
    """Sizes and edges of a graph in which every node leads to the last one."""
    n = draw(st.integers(1, 14))
    edges = [(i, j) for i in range(n - 1) for j in draw(st.lists(st.integers(i + 1, n - 1), min_size=1, max_size=3))]
    side = st.floats(10, 200)
    return {i: (draw(side), draw(side)) for i in range(n)}, edges


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_boxes_keep_apart_and_on_the_page(graph):
    sizes, edges = graph
    page = lay_out(sizes, edges, gap=GAP, channel=CHANNEL)
    boxes = [
        (x, y - h / 2, x + w, y + h / 2) for (x, y), (w, h) in zip(page.places.values(), sizes.values(), strict=True)
    ]
    for left, top, right, bottom in boxes:
        assert min(left, top) >= -1e-6
        assert right <= page.width + 1e-6
        assert bottom <= page.height + 1e-6
    for (l1, t1, r1, b1), (l2, t2, r2, b2) in combinations(boxes, 2):
        assert max(l1, l2) - min(r1, r2) >= CHANNEL - 1e-6 or max(t1, t2) - min(b1, b2) >= GAP - 1e-6


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_edges_run_to_the_right_from_box_to_box_and_through_none(graph):
    sizes, edges = graph
    page = lay_out(sizes, edges, gap=GAP, channel=CHANNEL)
    for (source, target), route in zip(edges, page.routes, strict=True):
        assert route[0][0] == pytest.approx(page.places[source][0] + sizes[source][0])
        assert route[0][2] == pytest.approx(page.places[source][1])
        assert route[-1][1] == pytest.approx(page.places[target][0])
        assert route[-1][2] == pytest.approx(page.places[target][1], abs=6.001)
        xs = [x for start, end, _ in route for x in (start, end)]
        assert all(a <= b + 1e-6 for a, b in pairwise(xs))
        for start, end, y in route[1:-1]:
            for node, (x, middle) in page.places.items():
                width, height = sizes[node]
                assert x + width <= start + 1e-6 or x >= end - 1e-6 or abs(y - middle) >= height / 2 + GAP - 1e-6


def test_edges_into_one_node_arrive_apart():
    page = lay_out({"a": (50.0, 20.0), "b": (50.0, 20.0)}, [("a", "b"), ("a", "b")])
    assert len({route[-1] for route in page.routes}) == 2


def test_leaves_stand_beside_their_use():
    nodes = ["a", "b", "ab", "c", "abc"]
    edges = [("a", "ab"), ("b", "ab"), ("ab", "abc"), ("c", "abc")]
    assert columns_by_longest_path(nodes, edges) == {"a": 0, "b": 0, "ab": 1, "c": 1, "abc": 2}


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(7, 13)), max_size=20))
def test_crossings_are_counted_as_by_hand(links):
    after = {i: [b for a, b in links if a == i] for i in range(7)}
    by_hand = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(links, 2))
    assert crossings([list(range(7)), list(range(7, 14))], after) == by_hand


def test_untangle_removes_crossings_that_need_not_be():
    columns = [["a", "b", "c"], ["z", "x", "y"]]
    links = [("a", "x"), ("b", "y"), ("c", "z")]
    after = {"a": ["x"], "b": ["y"], "c": ["z"]}
    assert crossings(columns, after) == 2
    assert crossings(untangle(columns, links), after) == 0


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(1, 50)), min_size=1, max_size=7),
    st.lists(st.floats(0, 30), min_size=7, max_size=7),
    st.floats(-100, 100),
)
@settings(max_examples=100)
def test_spread_keeps_the_distance_and_moves_least(boxes, slack, start):
    """Any other allowed place, here one with random extra room, is further from what was wanted."""
    wanted, heights = (list(column) for column in zip(*boxes, strict=True))
    needed = [(a + b) / 2 + GAP for a, b in pairwise(heights)]
    got = spread(wanted, heights, GAP)
    assert all(b - a >= need - 1e-9 for (a, b), need in zip(pairwise(got), needed, strict=True))

    def distance(places):
        return sum((y - want) ** 2 for y, want in zip(places, wanted, strict=True))

    other = [start]
    for need, extra in zip(needed, slack, strict=False):
        other.append(other[-1] + need + extra)
    assert distance(got) <= distance(other) + 1e-6
    nudged = [0.99 * a + 0.01 * b for a, b in zip(got, other, strict=True)]
    assert distance(got) <= distance(nudged) + 1e-6
