"""The graph of a Value as a picture: SVG drawn here, or DOT text for Graphviz.

Each box is one node: its label and number above, its gradient below. The mark before a box is the operation
that made it, and the lines into the mark come from its operands.
"""

import unicodedata
from collections.abc import Iterator
from html import escape

from moreish.scalar.layout import Route, lay_out
from moreish.scalar.value import Value, topological_order

MOST_NODES = 400

# Pixels.
ROW = 20.0  # a box has two
CHARACTER = 7.25  # the width of a character of the font below
PADDING = 8.0
STEM = 8.0  # from the mark to its box
MARGIN = 16.0

STYLE = """
text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328 }
.page { fill: #ffffff } .line { fill: none; stroke: #8c959f } .mark { fill: #ffffff; stroke: #8c959f }
.node { fill: #f6f8fa; stroke: #8c959f } .leaf { fill: #ddf4ff; stroke: #54aeff }
.root { fill: #fff8c5; stroke: #d4a72c } .label { font-weight: bold } .word { fill: #656d76 }
.grad { fill: #cf222e }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #0d1117 } .line { stroke: #7d8590 } .mark { fill: #0d1117; stroke: #7d8590 }
.node { fill: #161b22; stroke: #7d8590 } .leaf { fill: #0b2545; stroke: #388bfd }
.root { fill: #2e2600; stroke: #bb8009 } .word { fill: #8d96a0 } .grad { fill: #ff7b72 }
}
"""


class Picture(str):
    """SVG text that shows itself in a notebook."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


def to_svg(root: Value) -> Picture:
    """The graph that ends in `root`, leaves to the left, in the reader's light or dark mode.

    Pointing at a line shows its local derivative and what it passes back. Raises ValueError for a graph of
    more than 400 nodes.
    """
    nodes = drawable(root)
    page = lay_out(
        {node: (mark_width(node) + box_width(node), 2 * ROW) for node in nodes},
        [(operand, node) for node in nodes for operand, _ in node.edges],
    )
    slopes = [(slope, node.grad) for node in nodes for _, slope in node.edges]
    parts = [draw_edge(route, *slope) for route, slope in zip(page.routes, slopes, strict=True)]
    for node in nodes:
        x, y = page.places[node]
        kind = "root" if node is root else "node" if node.edges else "leaf"
        parts += [*draw_mark(node, x, y), *draw_box(node, x + mark_width(node), y, kind)]
    return picture(page.width + 2 * MARGIN, page.height + 2 * MARGIN, STYLE, parts, shift=MARGIN)


def to_dot(root: Value) -> str:
    """The same graph in the DOT language, for Graphviz and its kin."""
    nodes = drawable(root)
    name = {node: f"n{i}" for i, node in enumerate(nodes)}
    lines = ["digraph {", "  rankdir=LR", "  node [shape=record]"]
    for node in nodes:
        label = [dot_escape(node.label)] if node.label else []
        cells = " | ".join([*label, f"data {short(node.data)}", f"grad {short(node.grad)}"])
        lines.append(f'  {name[node]} [label="{cells}"]')
        if node.edges:
            lines.append(f'  {name[node]}_op [label="{dot_escape(node.op)}" shape=oval]')
            lines.append(f"  {name[node]}_op -> {name[node]}")
        lines += [f"  {name[operand]} -> {name[node]}_op" for operand, _ in node.edges]
    return "\n".join([*lines, "}", ""])


def drawable(root: Value) -> list[Value]:
    """The nodes in topological order; ValueError if they are more than anybody could read."""
    nodes = topological_order(root)
    if len(nodes) > MOST_NODES:
        raise ValueError(
            f"this graph has {len(nodes):,} nodes and a picture holds {MOST_NODES}: draw one example, not a batch"
        )
    return nodes


def short(number: float) -> str:
    """At most four decimals; very large and very small numbers with an exponent."""
    if number != 0 and not 1e-4 <= abs(number) < 1e7:
        return f"{number:.4g}"
    return f"{number + 0.0:.4f}".rstrip("0").rstrip(".")


def printable(label: str) -> str:
    """The label without characters that no picture can hold."""
    return "".join(c if c.isprintable() else "·" for c in label)


def dot_escape(label: str) -> str:
    """A backslash before everything that means something inside a DOT record."""
    return "".join(f"\\{c}" if c in '{}|<>"\\' else c for c in printable(label))


def rows_of(node: Value) -> list[tuple[str, str]]:
    """What is written in the box: left and right, above and below."""
    return [(printable(node.label) or "data", short(node.data)), ("grad", short(node.grad))]


def box_width(node: Value) -> float:
    """Room for the wider row."""
    return 2 * PADDING + CHARACTER * max(text_columns(f"{left}  {right}") for left, right in rows_of(node))


def mark_width(node: Value) -> float:
    """Room for the operation before the box, and its stem; none for a leaf."""
    return max(24.0, CHARACTER * text_columns(node.op) + 2 * PADDING) + STEM if node.edges else 0.0


def text_columns(text: str) -> int:
    """How many characters wide the text is; East Asian ones count twice."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def draw_edge(route: Route, slope: float, incoming: float) -> str:
    """Level runs, joined by curves that leave and arrive level."""
    (start, end, y), *runs = route
    path = f"M{start:.1f} {y:.1f}H{end:.1f}"
    for next_start, next_end, next_y in runs:
        bend = (end + next_start) / 2
        path += f"C{bend:.1f} {y:.1f} {bend:.1f} {next_y:.1f} {next_start:.1f} {next_y:.1f}H{next_end:.1f}"
        end, y = next_end, next_y
    flow = f"local derivative {short(slope)}; passes back {short(slope)} * {short(incoming)} = "
    return f'<path class="line" d="{path}"><title>{flow}{short(slope * incoming)}</title></path>'


def draw_mark(node: Value, x: float, y: float) -> Iterator[str]:
    """The operation in a round frame, and the stem to its box."""
    if node.edges:
        width = mark_width(node) - STEM
        yield f'<path class="line" d="M{x + width:.1f} {y:.1f}h{STEM:.0f}"/>'
        yield f'<rect class="mark" x="{x:.1f}" y="{y - 12:.1f}" width="{width:.1f}" height="24" rx="12"/>'
        yield draw_text(x + width / 2, y, node.op, "op", "middle")


def draw_box(node: Value, x: float, y: float, kind: str) -> Iterator[str]:
    """The two rows in their frame."""
    width = box_width(node)
    frame = f'x="{x:.1f}" y="{y - ROW:.1f}" width="{width:.1f}" height="{2 * ROW:.0f}" rx="5"'
    yield f'<rect class="{kind}" {frame}/><path class="{kind}" d="M{x:.1f} {y:.1f}h{width:.1f}"/>'
    (name, data), (word, grad) = rows_of(node)
    yield draw_text(x + PADDING, y - ROW / 2, name, "label" if node.label else "word")
    yield draw_text(x + width - PADDING, y - ROW / 2, data, "data", "end")
    yield draw_text(x + PADDING, y + ROW / 2, word, "word")
    yield draw_text(x + width - PADDING, y + ROW / 2, grad, "grad", "end")


def draw_text(x: float, y: float, content: str, kind: str, anchor: str = "start") -> str:
    """One piece of text, its middle at height y."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def picture(width: float, height: float, style: str, parts: list[str], shift: float = 0.0) -> Picture:
    """A whole SVG file: the parts, moved right and down by `shift`, on a page of their own colour."""
    body = "\n".join(parts)
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img">\n<style>{style}</style>\n'
        f'<rect class="page" width="100%" height="100%"/>\n'
        f'<g transform="translate({shift:.0f} {shift:.0f})">\n{body}\n</g>\n</svg>\n'
    )
