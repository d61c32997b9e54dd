"""Exports of Anki: lines that begin with # say how the fields below are to be read. #separator:tab, #html:true."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from moreish.data.possessive import re

SETTING = re.compile(
    r"#(?P<key>separator|html|tags|columns|notetype|deck|if matches|(?:guid|notetype|deck|tags) column)"
    r":(?P<value>.*)",
    re.IGNORECASE,
)
SURE = ("separator", "html", "columns")  # of which one tells these settings from a list of hashtags
SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|", "colon": ":"}
GUESSED = "\t;,|"
TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*+>|![^<>-][^<>]*+>|!--(?:.*?-->|.*))", re.DOTALL)
BLANK_TAG = re.compile(r"</?(?:br|div|p|li|ul|ol|tr|td|th|table|hr|h\d)\b[^<>]*+>", re.IGNORECASE)
SOUND = re.compile(r"\[(?:sound|anki:play)[^\[\]]*+\]")


@dataclass(frozen=True)
class Head:
    """What stands above the fields, and on how many lines.

    columns : the names of fields, as far as there are any
    special : places, from 0, of what is no field of a note, and what it is called
    """

    separator: str
    html: bool
    above: int
    columns: Sequence[str] = ()
    special: dict[int, str] = field(default_factory=dict)

    def names(self, width: int) -> tuple[str, ...]:
        """What each of so many columns is called; fields without a name by their number among the fields."""
        names: list[str] = []
        for place in range(width):
            said = self.columns[place].strip() if place < len(self.columns) else ""
            special = self.special.get(place)
            fields = 1 + sum(each not in self.special for each in range(place))
            names.append(special or said or f"field {fields}")
        return tuple(names) if len(set(names)) == width else tuple(f"{n}: {name}" for n, name in enumerate(names, 1))


def head_of(text: str) -> Head | None:
    """The settings with which an export begins; None where there are none."""
    if text[:1] != "#":
        return None
    said: dict[str, str] = {}
    above, first = 0, ""
    for line in text.splitlines():
        found = SETTING.fullmatch(line)
        if found is None and line.strip():
            first = line
            break
        above += 1
        if found:
            said[found["key"].lower()] = found["value"].strip("\r\n")
    if not any(key in said for key in SURE):
        return None
    separator = said.get("separator", "")
    separator = SEPARATORS.get(separator.strip().lower(), separator[:1])
    separator = separator or next((each for each in GUESSED if each in first), "\t")
    special = {
        int(number) - 1: key.removesuffix(" column")
        for key, number in said.items()
        if key.endswith(" column") and number.strip().isdecimal()
    }
    columns = said["columns"].split(separator) if "columns" in said else ()
    return Head(separator, said.get("html", "").strip().lower() == "true", above, columns, special)


def text_of(cell: str) -> str:
    """What a field with tags says, on one line."""
    if "<" in cell or "&" in cell or "[" in cell:
        cell = html.unescape(TAG.sub("", BLANK_TAG.sub(" ", SOUND.sub("", cell)))).replace("\xa0", " ")
    return " ".join(cell.split())
