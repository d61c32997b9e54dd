"""Samples of running text, told apart: each has line ends of its own, so a line is no longer an item."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moreish.inference.more import Item

RULE = "─"
MOST_WIDE = 40


def show_passages(items: "Iterable[Item]", format: str) -> int:
    """As `show_items`, with a dim line between samples on a terminal, and an empty one in a pipe."""
    from moreish.cli.show import show_items

    if format != "text":
        return show_items(items, format)
    return sum(show_items([item], format) for item in _separated(items))


def _separated(items: "Iterable[Item]") -> "Iterator[Item]":
    from moreish.cli.show import out, show, text

    for number, item in enumerate(items):
        if number and out.is_terminal:
            show(text((RULE * min(out.width, MOST_WIDE), "dim")))
        elif number:
            sys.stdout.write("\n")
        yield item
