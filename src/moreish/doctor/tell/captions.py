"""Captions: what a picture shows, in a sentence, for those who do not see it and for those who look twice."""

import math
from collections.abc import Mapping, Sequence

from moreish.doctor.tell.svg import Band, Level
from moreish.doctor.tell.words import plural, tick


def course(points: Sequence[tuple[float, float]]) -> str:
    """Where a curve begins and ends."""
    (first, begin), (last, end) = points[0], points[-1]
    if first == last:
        return f"{said(end)} at step {last:,.0f}."
    return f"From {said(begin)} at step {first:,.0f} to {said(end)} at step {last:,.0f}."


def extremes(values: Mapping[str, float], share: bool = False) -> str:
    """Which layer has the least and which the most."""
    finite = {name: v for name, v in values.items() if math.isfinite(v)}
    lost = f" Not finite in {plural(len(values) - len(finite), 'layer')}." if len(finite) < len(values) else ""
    if not finite:
        return lost.strip()
    say = (lambda v: f"{v:.0%}") if share else said
    low, high = min(finite, key=lambda n: finite[n]), max(finite, key=lambda n: finite[n])
    if low == high:
        return f"At the end {say(finite[low])} in {low}.{lost}"
    return f"At the end from {say(finite[low])} in {low} to {say(finite[high])} in {high}.{lost}"


def levels_in_words(levels: Sequence[Level]) -> str:
    """The values that tell something."""
    return f" Dashed: {'; '.join(level.name for level in levels)}." if levels else ""


def band_in_words(band: Band | None) -> str:
    """Where it is healthy."""
    if band is None:
        return ""
    low, high = (None if v is None else said(v) for v in band)
    if low is None or high is None:
        return f" Healthy is at {f'most {high}' if low is None else f'least {low}'}."
    return f" Healthy is from {low} to {high}."


def left_out(owners: Sequence[object], chosen: Sequence[object]) -> str:
    """How many layers there are, where not all are drawn."""
    return f" {len(chosen)} of {len(owners)} layers are drawn." if len(chosen) < len(owners) else ""


def said(value: float) -> str:
    """A number in a sentence."""
    return tick(rounded(value)) if math.isfinite(value) else "not a number" if value != value else "infinity"


def rounded(value: float) -> float:
    """To three digits."""
    return float(f"{value:.3g}")
