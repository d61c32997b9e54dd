"""Pieces of HTML for notebooks: tables and small curves, without a dependency. What is shown is escaped."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

CELL = 'style="text-align:left;padding:.15em .9em .15em 0"'
WIDE, HIGH, EDGE = 560, 180, 6
COLOURS = ("#2857c9", "#b4500b", "#0b7a5c", "#8b3fc7")
Curve = Sequence[tuple[float, float | None]]


def heading(text: str, note: str = "") -> str:
    """A title, and what is said beside it."""
    beside = f'<span style="opacity:.7">{escape(note)}</span>'
    return f'<p style="margin:.3em 0"><strong>{escape(text)}</strong> {beside}</p>'


def line(text: str) -> str:
    """One sentence."""
    return f'<p style="margin:.3em 0;opacity:.8">{escape(text)}</p>'


def table(rows: Iterable[Sequence[object]], heads: Sequence[str] = ()) -> str:
    """A plain table, read from left to right."""
    top = "".join(f"<th {CELL}>{escape(head)}</th>" for head in heads)
    body = "".join("<tr>" + "".join(f"<td {CELL}>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if top else ''}<tbody>{body}</tbody></table>"


def curves(named: Mapping[str, Curve], levels: Mapping[str, float], words: str) -> str:
    """Curves over one axis, with horizontal lines that have names; empty where there is no value at all."""
    points = [(x, y) for curve in named.values() for x, y in curve if y is not None and math.isfinite(y)]
    if len(points) < 2:
        return ""
    xs, ys = [x for x, _ in points], [y for _, y in points] + list(levels.values())
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)

    def place(x: float, y: float) -> str:
        across = EDGE + (x - left) / ((right - left) or 1) * (WIDE - 2 * EDGE)
        return f"{across:.1f},{HIGH - EDGE - (y - low) / ((high - low) or 1) * (HIGH - 2 * EDGE):.1f}"

    drawn = [f'<svg viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" role="img" aria-label="{escape(words)}">']
    for name, y in levels.items():
        at = place(left, y).partition(",")[2]
        drawn.append(f'<line x1="{EDGE}" x2="{WIDE - EDGE}" y1="{at}" y2="{at}" stroke="currentColor" opacity=".35"')
        drawn.append(f'stroke-dasharray="4 4"/><text x="{WIDE - EDGE}" y="{float(at) - 3:.1f}" font-size="10"')
        drawn.append(f'fill="currentColor" opacity=".7" text-anchor="end">{escape(name)}</text>')
    for (name, curve), colour in zip(named.items(), COLOURS, strict=False):
        line = " ".join(place(x, y) for x, y in curve if y is not None and math.isfinite(y))
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        drawn.append(f"<title>{escape(name)}</title>")
    return " ".join([*drawn, "</svg>"])


def shares(values: Sequence[tuple[str, float]]) -> str:
    """Words with a bar each, from 0 to 1."""
    bars = "".join(
        f'<span title="{share:.3f}" style="display:inline-block;padding:.1em .25em;margin:.1em;border-radius:4px;'
        f'background:rgba(40,87,201,{max(0.0, min(share, 1.0)) * 0.6:.2f})">{escape(word)}</span>'
        for word, share in values
    )
    return f"<div>{bars}</div>"
