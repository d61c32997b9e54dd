"""Slopes by trying: move one number a little, and see how far the result moves."""

from collections.abc import Callable

from moreish.scalar.value import Value

STEP = 1e-5  # about the cube root of the rounding of floats, where the error of central differences is least


def finite_differences(f: Callable[..., Value | float], *at: float, step: float = STEP) -> list[float]:
    """df/dx for each argument of f at this place, by central differences: (f(x + h) - f(x - h)) / 2h.

    f may take and return floats or Values; it gets Values. `step` is h for numbers of size 1 and grows with them.
    """

    def result(numbers: list[float]) -> float:
        y = f(*(Value(x) for x in numbers))
        return y.data if isinstance(y, Value) else float(y)

    slopes = []
    for i, x in enumerate(at):
        h = step * max(1.0, abs(x))
        up, down = [*at[:i], x + h, *at[i + 1 :]], [*at[:i], x - h, *at[i + 1 :]]
        slopes.append((result(up) - result(down)) / (up[i] - down[i]))
    return slopes
