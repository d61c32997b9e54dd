"""Samples of running text, told apart: each has line ends of its own, so a line is no longer an item."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moreish.inference.more import Item

RULE = "─"
MOST_WIDE = 40


def show_passages(items: "Iterable[Item]", format: str) -> int:
    """As `show_items`, with a dim line between samples on a terminal, and an empty one in a pipe."""
    from moreish.cli.show import out, printable, show, show_items, text

    if format != "text":
        return show_items(items, format)
    shown = 0
    for shown, item in enumerate(items, 1):
        if not out.is_terminal:
            sys.stdout.write(f"\n{item.text}\n" if shown > 1 else f"{item.text}\n")
            continue
        if shown > 1:
            show(text((RULE * min(out.width, MOST_WIDE), "dim")))
        for line in item.text.split("\n"):
            show(text(printable(line)))
    return shown
