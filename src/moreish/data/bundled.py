"""The bundled lists: what they are, where they come from, and under what licence they may be used."""

from dataclasses import dataclass
from pathlib import Path

BUNDLED = Path(__file__).parent / "lists"
LICENCE = "MIT, as moreish itself"


@dataclass(frozen=True)
class BundledList:
    """One list that comes with moreish, under the name of its file."""

    title: str
    script: str
    provenance: str
    licence: str = LICENCE


LISTS = {
    "names": BundledList(
        "given names", "Latin", "Written for moreish: given names in use in many countries, in lower case"
    ),
    "words": BundledList("English words", "Latin", "Written for moreish: everyday English words, in lower case"),
    "towns": BundledList("towns of Britain and Ireland", "Latin", "Written for moreish: towns and villages"),
    "dinosaurs": BundledList(
        "genera of dinosaurs", "Latin", "Written for moreish: scientific genus names, which are facts, in lower case"
    ),
    "minerals": BundledList("minerals", "Latin", "Written for moreish: names of minerals and gems, in lower case"),
    "hindi": BundledList("Hindi words", "Devanagari", "Written for moreish: everyday Hindi words"),
}
