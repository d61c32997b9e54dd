from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.scalar import Value, to_dot, to_svg, topological_order
from moreish.scalar.draw import short
from moreish.scalar.examples import EXAMPLES, neuron

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg, kind):
    return [e.text for e in ElementTree.fromstring(svg).iter(f"{SVG}text") if e.get("class") == kind]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_picture_has_every_node_every_operation_and_every_edge(name):
    root = EXAMPLES[name]()
    root.backward()
    nodes = topological_order(root)
    svg = to_svg(root)
    assert texts(svg, "data") == [short(node.data) for node in nodes]
    assert texts(svg, "grad") == [short(node.grad) for node in nodes]
    assert texts(svg, "label") == [node.label for node in nodes if node.label]
    assert texts(svg, "op") == [node.op for node in nodes if node.edges]
    titles = list(ElementTree.fromstring(svg).iter(f"{SVG}title"))
    assert len(titles) == sum(len(node.edges) for node in nodes)


def test_a_line_tells_what_flows_back_along_it():
    o = neuron()
    o.backward()
    assert "local derivative -3; passes back -3 * 0.5 = -1.5" in to_svg(o)


@given(st.text(min_size=1))
@settings(max_examples=100, deadline=None)
def test_any_label_can_be_drawn(label):
    value = Value(1.0, label).tanh()
    [drawn] = texts(to_svg(value), "label")
    assert drawn == "".join(c if c.isprintable() else "·" for c in label)


def test_wide_letters_get_more_room():
    def width(label):
        return float(ElementTree.fromstring(to_svg(Value(1.0, label))).get("width", ""))

    assert width("学習速度の記号") > width("lrlrlrl")


def test_a_graph_that_nobody_could_read_is_refused():
    total = Value(0.0)
    for _ in range(300):
        total = total + 1
    for draw in (to_svg, to_dot):
        with pytest.raises(ValueError, match="601 nodes and a picture holds 400: draw one example"):
            draw(total)


def test_a_notebook_shows_the_picture():
    svg = to_svg(neuron())
    assert svg._repr_svg_() == svg


def test_dot_text_of_a_small_graph():
    a = Value(2.0, 'a "<|>"')
    assert to_dot(a * a) == (
        "digraph {\n"
        "  rankdir=LR\n"
        "  node [shape=record]\n"
        '  n0 [label="a \\"\\<\\|\\>\\" | data 2 | grad 0"]\n'
        '  n1 [label="data 4 | grad 0"]\n'
        '  n1_op [label="*" shape=oval]\n'
        "  n1_op -> n1\n"
        "  n0 -> n1_op\n"
        "  n0 -> n1_op\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (2.0, "2"),
        (100.0, "100"),
        (-1.5, "-1.5"),
        (24.70408163, "24.7041"),
        (1e-9, "1e-09"),
        (-123456789.0, "-1.235e+08"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_written_short(number, text):
    assert short(number) == text
