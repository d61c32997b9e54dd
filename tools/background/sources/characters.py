"""Unicode's names of characters by block, as Python knows them: Unicode-3.0."""

import unicodedata
from collections.abc import Iterator

from tools.background.lists import Collected, Source

SOURCE = Source("unicodedata", f"Unicode {unicodedata.unidata_version}", "Unicode-3.0")
PICTURES = {
    "dingbats": (0x2700, 0x27BF), "weather signs": (0x1F300, 0x1F320), "landscapes": (0x1F321, 0x1F344),
    "vegetation and food": (0x1F345, 0x1F37F), "celebration": (0x1F380, 0x1F39F), "activities": (0x1F3A0, 0x1F3DF),
    "buildings": (0x1F3E0, 0x1F3FA), "animals": (0x1F400, 0x1F43F), "faces and people": (0x1F440, 0x1F487),
    "hearts and comics": (0x1F48B, 0x1F4AF), "office things": (0x1F4B0, 0x1F4FF),
    "user interface": (0x1F500, 0x1F54F), "emoticons": (0x1F600, 0x1F64F), "transport and maps": (0x1F680, 0x1F6FF),
    "later faces": (0x1F910, 0x1F93E), "later food": (0x1F950, 0x1F96F), "more faces": (0x1F970, 0x1F97F),
    "later animals": (0x1F980, 0x1F9AE), "later people and things": (0x1F9B0, 0x1F9FF),
    "latest": (0x1FA70, 0x1FAFF),
}  # fmt: skip
SIGNS = {
    "latin letters with marks": (0xC0, 0x24F), "phonetic letters": (0x250, 0x2AF), "greek letters": (0x370, 0x3FF),
    "cyrillic letters": (0x400, 0x52F), "armenian letters": (0x530, 0x58F), "hebrew letters": (0x590, 0x5FF),
    "arabic letters": (0x600, 0x6FF), "devanagari": (0x900, 0x97F), "thai": (0xE00, 0xE7F),
    "tibetan": (0xF00, 0xFFF), "georgian": (0x10A0, 0x10FF), "ethiopic": (0x1200, 0x137F),
    "cherokee": (0x13A0, 0x13FF), "runes": (0x16A0, 0x16FF), "punctuation": (0x2010, 0x205E),
    "currency signs": (0x20A0, 0x20C0), "arrows": (0x2190, 0x21FF), "mathematical operators": (0x2200, 0x22FF),
    "technical signs": (0x2300, 0x23FF), "box drawing": (0x2500, 0x257F), "geometric shapes": (0x25A0, 0x25FF),
    "miscellaneous signs": (0x2600, 0x26FF), "hiragana": (0x3041, 0x309F), "katakana": (0x30A0, 0x30FF),
    "radicals": (0x2F00, 0x2FD5), "hexagrams": (0x4DC0, 0x4DFF), "musical signs": (0x1D100, 0x1D1FF),
    "domino tiles": (0x1F030, 0x1F09F), "playing cards": (0x1F0A0, 0x1F0FF), "alchemical signs": (0x1F700, 0x1F77F),
    "mahjong tiles": (0x1F000, 0x1F02F), "linear b": (0x10080, 0x100FF),
}  # fmt: skip


def lists() -> Iterator[Collected]:
    """A list a block: pictures in lower case, signs and letters in Unicode's capitals."""
    for title, (first, last) in PICTURES.items():
        yield SOURCE.collected(f"pictures/{title}", "pictures", [name.lower() for name in names(first, last)])
    for title, (first, last) in SIGNS.items():
        yield SOURCE.collected(f"signs/{title}", "signs", names(first, last))


def names(first: int, last: int) -> list[str]:
    """The names of the characters of a range that have one."""
    found = (unicodedata.name(chr(code), "") for code in range(first, last + 1))
    return [name for name in found if name]
