"""Anchors of YAML: what &a marks, and what *a stands for. Only texts, and records of texts behind <<.

What an alias of a list within a list and so on would come to may be larger than any memory.
"""

from moreish.data.faults import NotRead
from moreish.data.yaml_texts import plain

MOST_MERGED = 1_000_000  # entries that << puts into mappings

Value = str | None | list["Value"] | dict[str, "Value"]


class Anchors:
    """What is marked so far in a document."""

    def __init__(self) -> None:
        self.marked: dict[str, Value] = {}
        self.merged = 0

    def mark(self, anchor: str, value: Value) -> None:
        """Remember what an anchor marks; nothing where it has no name."""
        if anchor:
            self.marked[anchor] = value

    def text_of(self, alias: str, line: int) -> str | None:
        """The text that an alias stands for. Raises NotRead."""
        value = self._found(alias, line)
        if isinstance(value, list | dict):
            raise NotRead(line, f"has {alias} for a list or a record, which is not read: write it out")
        return value

    def merge(self, said: str, line: int) -> dict[str, Value]:
        """The entries that << puts into a mapping, all of them texts. Raises NotRead."""
        alias = plain(said)
        value = self._found(alias, line)
        if not isinstance(value, dict) or any(isinstance(each, list | dict) for each in value.values()):
            raise NotRead(line, f"has {alias} behind << for what is no record of texts: write it out")
        self.merged += len(value)
        if self.merged > MOST_MERGED:
            raise NotRead(line, "has << for more records than are read: write them out")
        return value

    def _found(self, alias: str, line: int) -> Value:
        name = alias.removeprefix("*")
        if name not in self.marked:
            why = f"has {alias}, and nothing above is marked with &{name}: put it in quotes if it is a text"
            raise NotRead(line, why)
        return self.marked[name]
