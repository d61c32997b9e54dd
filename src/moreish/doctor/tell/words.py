"""Words: layers, numbers and sentences as a person reads them, whoever wrote them."""

import math

JOINERS = "\u200c\u200d"  # what joins letters or keeps them apart, in Persian, Hindi, emoji
SMALLEST = 1e-300  # below it a number has fewer digits
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def visible(text: str) -> str:
    """The text in one line, with control characters as escapes, so that it cannot move the reader's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in JOINERS else " " if c in "\n\t" else f"\\u{ord(c):04x}" for c in text)


def shortened(text: str, most: int) -> str:
    """The text with its middle left out where it is longer than that: both ends of a layer's name tell."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def layer_label(layer: str, layer_type: str) -> str:
    """A layer by name and type: "1: Linear(64, 32)"; the name alone where it says the type."""
    if not layer_type or layer == layer_type or layer.endswith(f".{layer_type}"):
        return layer
    return f"{layer}: {layer_type}" if layer else layer_type


def number(value: float | int | str) -> str:
    """Four digits of a number."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def tick(value: float) -> str:
    """A number beside an axis: 0.01, 250, 10⁻⁵, 3·10⁴."""
    if value == 0 or 0.001 <= abs(value) < 10_000 or not SMALLEST <= abs(value) < math.inf:
        return f"{value:.6g}"
    power = math.floor(math.log10(abs(value)) + 1e-9)
    digits = f"{value / 10**power:.3g}"
    raised = f"10{str(power).translate(RAISED)}"
    return raised if digits == "1" else f"-{raised}" if digits == "-1" else f"{digits}·{raised}"


def plural(count: int, noun: str) -> str:
    """ "1 step", "1,200 steps"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
