"""The solution of x = b + M x where the entries of x differ by many orders of magnitude.

GMRES (Saad & Schultz 1986, algorithm 4), restarted, on the equations scaled by a guess of x: then every entry is near
1, and a small residual is a small relative error of each entry, not only of the largest.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

TOLERANCE = 1e-13  # residual, relative to each entry
MOST_RESTARTS = 20
LONGEST, LARGEST = 40, 2**26  # vectors kept, and the numbers in all of them

Vector = Float[np.ndarray, " n"]


def solve(apply: Callable[[Vector], Vector], b: Vector, guess: Vector) -> Vector:
    """x from M (`apply`), b and a guess of every entry, right within a few orders of magnitude.

    Where the guess is 0, b and M are 0 too, and so is x. Each restart scales by what the one before it found. Ends
    where rounding allows nothing better.
    """
    best, x, least = guess, guess, np.inf
    steps = max(4, min(LONGEST, LARGEST // max(len(b), 1)))
    for _ in range(MOST_RESTARTS):
        scale = np.where(x > 0, x, np.where(best > 0, best, 1))
        residual = (b + apply(x) - x) / scale
        error = float(np.linalg.norm(residual))
        if error >= least / 2:
            break
        best, least = x, error
        if error <= TOLERANCE:
            break
        x = x + scale * _gmres(lambda v, scale=scale: v - apply(v * scale) / scale, residual, steps)
    return best


def _gmres(apply: Callable[[Vector], Vector], b: Vector, steps: int) -> Vector:
    """The vector that comes closest to solving apply(x) = b in the Krylov space of so many steps, or of fewer."""
    norm = float(np.linalg.norm(b))
    basis = np.empty((steps + 1, len(b)))
    basis[0] = b / norm
    hessenberg = np.zeros((steps + 1, steps))
    y = np.zeros(0)
    for k in range(steps):
        w, known = apply(basis[k]), basis[: k + 1]
        for _ in range(2):  # once leaves rounding errors in the way of the last digits
            overlap = known @ w
            hessenberg[: k + 1, k] += overlap
            w -= overlap @ known
        rest = hessenberg[k + 1, k] = np.linalg.norm(w)
        target = np.zeros(k + 2)
        target[0] = norm
        y = np.linalg.lstsq(hessenberg[: k + 2, : k + 1], target, rcond=None)[0]
        left = np.linalg.norm(hessenberg[: k + 2, : k + 1] @ y - target)
        if left <= TOLERANCE / 2 or rest <= 1e-15:
            break
        basis[k + 1] = w / rest
    return y @ basis[: len(y)]
