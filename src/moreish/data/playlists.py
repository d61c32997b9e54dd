"""M3U playlists: a record for each file, with the title that stands above it, or else the file's own name."""

from urllib.parse import unquote

from moreish.data.faults import NotRead
from moreish.data.possessive import re

TITLE = "title"  # what is an item
BEGINS = "#EXTINF:"
ABOVE = re.compile(
    r'(?P<seconds>-?[\d.]*+)(?P<attributes>(?:\s*+[\w-]++=(?:"[^"]*+"|[^\s",]*+))*+)\s*+,(?P<title>.*)', re.DOTALL
)
ATTRIBUTE = re.compile(r'([\w-]++)=(?:"([^"]*+)"|([^\s",]*+))')
BESIDE = {"#EXTGRP": "group", "#EXTALB": "album", "#EXTART": "artist", "#EXTGENRE": "genre"}
PIECES = re.compile(r"#EXT-X-(?:TARGETDURATION|STREAM-INF|MEDIA-SEQUENCE)", re.IGNORECASE)
ENDING = re.compile(r"\.[A-Za-z0-9]{2,4}$")

Record = tuple[int, dict[str, str]]


def tracks(text: str) -> list[Record]:
    """The titles of a playlist. Raises NotRead where it has none, or ends below a title."""
    records: list[Record] = []
    beside: dict[str, str] = {}
    above = files = 0  # the line of a title whose file is still to come
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        if PIECES.match(line):
            raise NotRead(number, "it names the pieces of a stream (HLS), which have no titles")
        if line[: len(BEGINS)].upper() == BEGINS:
            if above:
                records.append((above, {TITLE: "", **beside}))
            above, beside = number, _described(line[len(BEGINS) :].lstrip())
        elif line.startswith("#"):
            key, _, value = line.partition(":")
            if key.upper() in BESIDE:
                beside[BESIDE[key.upper()]] = value.strip()
        elif line:
            fields = {TITLE: "", **beside, "file": line}
            records.append((number, {**fields, TITLE: fields[TITLE] or _name_of(line)}))
            above, beside, files = 0, {}, files + 1
    if above and files:
        raise NotRead(above, "the file of this title does not follow, as if the playlist were cut off")
    return [*records, (above, {TITLE: "", **beside})] if above else records


def _described(said: str) -> dict[str, str]:
    """What stands behind #EXTINF: title, seconds, attributes."""
    found = ABOVE.fullmatch(said)
    if found is None:
        seconds, _, title = said.partition(",")
        return {TITLE: title.strip(), "seconds": seconds.strip()}
    pairs = {key: quoted or plain for key, quoted, plain in ATTRIBUTE.findall(found["attributes"])}
    return {**pairs, TITLE: found[TITLE].strip(), "seconds": found["seconds"]}


def _name_of(path: str) -> str:
    """What a file or address is called, without folders and ending."""
    scheme, colon, rest = path.partition("://")
    if colon:
        path = unquote(re.split(r"[?#]", rest, maxsplit=1)[0])
    name = re.split(r"[\\/]", path.rstrip("\\/"))[-1]
    return ENDING.sub("", name) or f"{scheme}{colon}{rest}"
