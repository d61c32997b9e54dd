"""Small random background nets and lists for them, made for tests."""

import numpy as np

from moreish.background.gate import EVIDENCE, SHAPE_SCORES, Gate, blended_from
from moreish.background.symbols import BOUNDARY, features
from moreish.background.weights import Background, NetWeights
from tests.support.lists import made_items

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ' -éÉöñ0123"
RARE = {f"symbol {symbol}" for symbol in "öñ"}  # letters whose own feature the net never saw


def random_gate(models: int, seed: int = 0, hidden: int = 4, scale: float = 0.3) -> Gate:
    """A gate that weighs every score somehow."""
    rng = np.random.default_rng([seed, models])
    sizes = [(hidden, EVIDENCE + models), (hidden,), (models + SHAPE_SCORES, hidden), (models + SHAPE_SCORES,)]
    return Gate(*(rng.normal(0, scale, size).astype(np.float32) for size in sizes))


def random_background(
    n_hidden: int = 8, n_embd: int = 5, seed: int = 0, scale: float = 0.5, nets: int = 1
) -> Background:
    """Nets that never learned anything, which know the Latin letters; their numbers are ones that a file holds."""
    names = [BOUNDARY, *dict.fromkeys(name for s in dict.fromkeys(LETTERS) for name in features(s))]
    names = [name for name in names if name not in RARE]
    rng = np.random.default_rng(seed)
    f, c, h = len(names), n_embd, n_hidden
    sizes = [(f, c), (f, c), (f,), (4 * h, c), (4 * h, h), (4 * h,), (c, h)]
    made = tuple(NetWeights(*(rng.normal(0, scale, size).astype(np.float32) for size in sizes)) for _ in range(nets))
    gates = {parts: random_gate(parts.models, seed) for parts in blended_from(nets)}
    return Background({name: i for i, name in enumerate(names)}, made, gates).as_stored()


def numbered_list(count: int = 30) -> tuple[list[str], list[np.ndarray]]:
    """(symbols, items as ids without boundaries) of a list with some structure."""
    items = [item.title() for item in made_items(count)]
    symbols = sorted(set("".join(items)))
    return symbols, [np.array([symbols.index(s) + 1 for s in item]) for item in items]
