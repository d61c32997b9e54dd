"""Judge of 6.1: windows, against cutting each word by brute force."""

from collections.abc import Sequence
from typing import Any

from moreish.lessons.judging.answer import Answer, Wrong

LETTERS = ".abcdefghijklmnopqrstuvwxyz"
WORDS = ["emma", "ava", "z"]


def windows(answer: Answer) -> None:
    """6.1: every row, for several sizes."""
    for block in (3, 1, 5):
        found = answer.call("windows", list(WORDS), block)
        try:
            x, y = (_plain(part) for part in found)
        except (TypeError, ValueError):
            raise Wrong("windows returns two lists, x and y") from None
        right_x, right_y = _right(WORDS, block)
        if (x, y) == (right_x, right_y):
            continue
        if _is_same(found[0]):
            raise Wrong("all rows are the same list, changed again and again: make a new one each time")
        raise Wrong(_mistake(x, y, right_x, right_y, block))


def _is_same(rows: Any) -> bool:
    """Whether a list stands in a row that is, as an object, another row too."""
    lists = [row for row in rows if isinstance(row, list)]
    return len({id(row) for row in lists}) < len(lists)


def _plain(part: Any) -> list:
    """Lists of lists of numbers, whatever sequences or tensors they were."""
    if hasattr(part, "tolist"):
        return part.tolist()
    return [row if isinstance(row, str) else _plain(row) if _has_parts(row) else row for row in part]


def _has_parts(row: Any) -> bool:
    return isinstance(row, Sequence) or hasattr(row, "tolist")


def _right(words: list[str], block: int) -> tuple[list[list[int]], list[int]]:
    x, y = [], []
    for word in words:
        padded = "." * block + word + "."
        for i in range(len(word) + 1):
            x.append([LETTERS.index(c) for c in padded[i : i + block]])
            y.append(LETTERS.index(padded[i + block]))
    return x, y


def _mistake(x: list, y: list, right_x: list, right_y: list, block: int) -> str:
    n, words = len(right_y), len(WORDS)
    if any(isinstance(part, str) for row in [*x, y] for part in (row if isinstance(row, list) else [row])):
        return "there are letters in it, and their numbers are wanted: letters.index"
    if not all(isinstance(row, list) for row in x):
        return f"a row of x is {next(row for row in x if not isinstance(row, list))}, and a list of {block} ids is wanted"
    if len(x) != len(y):
        return f"x has {len(x)} rows and y {len(y)}: one for one"
    if len(y) == n - words and 0 not in y:
        return f"the ends are missing: a word of 4 letters has 5 rows ({n} rows are wanted for {WORDS}, and {len(y)} came)"
    if y == right_y[: len(y)] and len(y) < n:
        return f"{len(y)} rows came of {n}: it ends too early, so look at what stands inside of which loop"
    if any(len(row) != block for row in x):
        return f"a row has {len(next(row for row in x if len(row) != block))} ids, and block = {block} are wanted"
    if y != right_y:
        return f"y is {y}, and {right_y} is right: the letter that follows each row"
    if x == [row[::-1] for row in right_x]:
        return "the rows are the wrong way round: the latest letter comes last"
    if all(row[-1] == target for row, target in zip(x, y, strict=True)):
        return "each row holds its own target: move on after the row was kept"
    first = len(WORDS[0]) + 1
    if x[first] != right_x[first]:
        return f"the second word begins with {x[first]}, letters of the word before it: begin each word with {[0] * block}"
    at = next(i for i in range(n) if x[i] != right_x[i])
    return f"row {at} is {x[at]}, and {right_x[at]} is right"


JUDGES = {"6.1": windows}
