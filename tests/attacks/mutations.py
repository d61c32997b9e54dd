"""What an attacker makes of a file that was right: other values, missing and additional keys, other bytes."""

import copy
import random
from collections.abc import Callable
from typing import Any

TEXTS = (
    "", " ", "\0", "none", "true", "-1", "1e999", "nan", "../../etc/passwd", "\x1b]0;owned\x07", "\x1b[31mred\x1b[0m",
    "<script>alert(1)</script>", "[bold red]x[/]", "=cmd()", "%s%n", "\ud800", "\u202egnp.exe", "e\u0301" * 50,
    "a" * 5000,
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 3, 0.5, -0.5, 1e308, -1e308, 1e-320, 10**30, -(10**30), 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64,
    0.1, 1e9, 1000000,
)  # fmt: skip


def nested(depth: int, leaf: Any = None) -> Any:
    """Lists in lists."""
    for _ in range(depth):
        leaf = [leaf]
    return leaf


def any_value(rng: random.Random) -> Any:
    """A value of any kind, most often one that nobody expects."""
    makers: tuple[Callable[[], Any], ...] = (
        lambda: rng.choice(TEXTS),
        lambda: rng.choice(NUMBERS),
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: [],
        lambda: {},
        lambda: [any_number(rng)] * rng.randrange(1, 4),
        lambda: {rng.choice(TEXTS): rng.choice(NUMBERS)},
        lambda: nested(rng.choice((3, 60, 300))),
    )
    return rng.choice(makers)()


def any_number(rng: random.Random) -> int | float:
    """A number, most often at the edge of something."""
    return rng.choice(NUMBERS)


def mutated(value: Any, rng: random.Random) -> Any:
    """The same with one to three changes, each somewhere inside; what was given stays as it is."""
    changed: Any = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        changed = _changed(changed, rng)
    return changed


def _changed(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        what = rng.random()
        if what < 0.15:
            del value[key]
        elif what < 0.2:
            value[rng.choice(TEXTS)] = any_value(rng)
        else:
            value[key] = _changed(value[key], rng)
        return value
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        what = rng.random()
        if what < 0.15:
            del value[at]
        elif what < 0.3:
            value.insert(at, copy.deepcopy(value[at]))
        else:
            value[at] = _changed(value[at], rng)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.random() < 0.6:
        return any_number(rng)
    return any_value(rng)


def torn(data: bytes, rng: random.Random) -> bytes:
    """Bytes with some flipped, cut, doubled or put in."""
    if not data:
        return rng.randbytes(rng.randrange(20))
    at = rng.randrange(len(data))
    match rng.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + rng.randbytes(rng.randrange(1, 9)) + data[at:]
        case 3:
            return data[:at] + data[at : at + 200] * rng.randrange(2, 5) + data[at:]
        case 4:
            return (
                data[:at] + rng.choice((b"\xff\xfe", b"\0", b"\r\n", b"\n", b"\xef\xbb\xbf", b"[" * 2000)) + data[at:]
            )
        case _:
            return rng.randbytes(rng.randrange(200))
