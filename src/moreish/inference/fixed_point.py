"""The solution of x = b + M x where the entries of x differ by many orders of magnitude.

GMRES (Saad & Schultz 1986, algorithm 4), restarted, on the equations scaled by a guess of x: then every entry is near
1, and a small residual is a small relative error of each entry, not only of the largest.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

TOLERANCE = 1e-14  # largest residual, relative to each entry
MOST_RESTARTS = 20
LONGEST, LARGEST = 30, 2**26  # vectors kept, and the numbers in all of them

Vector = Float[np.ndarray, " n"]


def solve(apply: Callable[[Vector], Vector], b: Vector, guess: Vector) -> Vector:
    """x from M (`apply`), b and a guess of every entry, right within a few orders of magnitude.

    Where the guess is 0, b and M are 0 too, and so is x. Each restart scales by what the one before it found. Ends where rounding allows nothing better.
    """
    x, best, least = guess, guess, np.inf
    possible = guess > 0
    steps = max(4, min(LONGEST, LARGEST // max(len(b), 1)))
    for _ in range(MOST_RESTARTS):
        scale = np.where(possible, np.where(x > 0, x, best), 1)
        residual = (b + apply(x) - x) / scale
        error = float(abs(residual).max(initial=0))
        if error < least:
            best, before, least = x, least, error
            if error <= TOLERANCE or error > before / 4:
                break
        else:
            break
        x = x + scale * _gmres(lambda v: v - apply(v * scale) / scale, residual, steps)  # noqa: B023
    return best


def _gmres(apply: Callable[[Vector], Vector], b: Vector, steps: int) -> Vector:
    """The vector of the Krylov space of so many steps that comes closest to solving apply(x) = b."""
    norm = float(np.linalg.norm(b))
    basis = [b / norm]
    hessenberg = np.zeros((steps + 1, steps))
    used = 0
    for k in range(steps):
        w = apply(basis[k])
        for _ in range(2):  # once leaves rounding errors in the way of the last digits
            overlap = np.array([v @ w for v in basis])
            hessenberg[: k + 1, k] += overlap
            for v, share in zip(basis, overlap, strict=True):
                w = w - share * v
        rest = float(np.linalg.norm(w))
        hessenberg[k + 1, k] = rest
        used = k + 1
        y, left = _least_squares(hessenberg[: used + 1, :used], norm)
        if rest <= 1e-16 * norm or left <= 1e-16 * norm:
            break
        basis.append(w / rest)
    return sum((c * v for c, v in zip(y, basis, strict=False)), np.zeros_like(b))


def _least_squares(hessenberg: np.ndarray, norm: float) -> tuple[np.ndarray, float]:
    target = np.zeros(len(hessenberg))
    target[0] = norm
    y = np.linalg.lstsq(hessenberg, target, rcond=None)[0]
    return y, float(np.linalg.norm(hessenberg @ y - target))
