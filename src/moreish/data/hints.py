"""Hints: what looks as if it did not belong to the items, and may all the same. It stays, and it is said."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise

from moreish.data.counts import split_counted
from moreish.data.foreign import foreign
from moreish.data.headings import CONTENTS, is_sentence
from moreish.data.levels import LEVELS
from moreish.data.marks import LEAST, NEARLY_ALL, SOME
from moreish.data.numbers import number_of
from moreish.data.ordinals import NUMBER
from moreish.data.possessive import re
from moreish.data.tables import ITEM_WORDS, plain_name
from moreish.wording import called

LEAST_SORTED = 8  # lines that are in order by design
OUTLINE_HEADS = 2  # lines that are not indented
LEAST_PARTED = 2  # words
PARTED = re.compile(r"[^\W\d_]{2}[-\u00ad\u2010]$")
ANY_NUMBER = re.compile(r"\d+(?:[.,]\d+)*+")
LEAST_RECURRING = 4  # times the same line
RECURRING, EVENLY = 0.25, 0.75  # of the lines come again, and of their distances are the same
LETTER = re.compile(r"[^\W\d_]")
COMMENT = re.compile(r"(#+|//|;|--)\s.*")
PAGE_NUMBER = re.compile(
    r"[-–—]?\s*(?:(?:page|pagina|página|seite|p\.|s\.|стр\.)\s*)?(?P<number>\d{1,4})"
    r"(?:\s*(?:of|/|von|de|di|из)\s*\d{1,4})?\s*[-–—]?",
    re.IGNORECASE,
)
SIGN = re.compile(r"(?P<sign>[–—>+])\s.*")
PAGE = re.compile(r"<(!doctype|html|body|div|table|ul|ol|li)\b", re.IGNORECASE)


def hints_on(lines: Sequence[str], blank_after_first: bool, whole: bool = False) -> list[str]:
    """A sentence for each thing to look at; `lines` are the first, or all where `whole`, none of them blank."""
    stripped = [line.strip() for line in lines]
    if other := foreign(stripped):
        return [other]
    page = _page(stripped)
    if page or len(lines) < LEAST:
        return page
    found = (
        _comments(stripped), _heading(stripped, blank_after_first), _numbers(stripped), _signs(stripped),
        _pages(stripped), _hyphens(stripped), _recurring(stripped),
    )  # fmt: skip
    ends = _last(stripped) if whole else ()
    return [*chain.from_iterable(found), *ends, *_outline(lines)]


def hint_on_counts(cells: Sequence[str]) -> list[str]:
    """What to say of a second column that nobody asked for."""
    if len(cells) < LEAST or any(number_of(cell) is None for cell in cells):
        return []
    return [
        f"The second column holds numbers, which are left out: if they count the items, say {called('weight', 2)}."
    ]


def _page(lines: Sequence[str]) -> list[str]:
    if lines and PAGE.match(lines[0]) and sum("<" in line for line in lines) * 2 > len(lines):
        return ["This is HTML, and its tags are read as parts of the items: copy the list as a browser shows it."]
    return []


def _comments(lines: Sequence[str]) -> Iterator[str]:
    comments = [line for line in lines if COMMENT.fullmatch(line)]
    if not comments or (len(comments) < len(lines) and not COMMENT.fullmatch(lines[0])):
        return
    if len(comments) > len(lines) / 2:
        yield f'Most lines begin with "{_sign(comments[0])}", which is read as part of the items: take it out if not.'
        return
    what = "1 line begins" if len(comments) == 1 else f"{len(comments):,} lines begin"
    be = "it is an item" if len(comments) == 1 else "they are items"
    yield f'{what} with "{_sign(comments[0])}" as comments do, but {be} here: take comments out of the file.'


def _sign(line: str) -> str:
    return line.split(None, 1)[0]


def _heading(lines: Sequence[str], blank_after_first: bool) -> Iterator[str]:
    first = lines[0]
    if COMMENT.fullmatch(first):
        return
    colon = first.endswith(":") and not any(line.endswith(":") for line in lines[1:])
    underlined = re.fullmatch(r"=+|-+", lines[1]) is not None
    named = plain_name(first) in ITEM_WORDS or CONTENTS.fullmatch(first) is not None
    sorted_below = len(lines) >= LEAST_SORTED and _in_order(lines[1:]) and not _in_order(lines)
    if colon or underlined or (named and sorted(lines) != lines) or blank_after_first or sorted_below:
        shown = _short(first)
        yield f'The first line, "{shown}", looks like a heading, but is an item here: take it out if it is none.'


def _in_order(lines: Sequence[str]) -> bool:
    """Whether they stand in the order of the alphabet."""
    return all(a.casefold() <= b.casefold() for a, b in pairwise(lines))


def _pages(lines: Sequence[str]) -> Iterator[str]:
    """Few lines that are numbers, one more each time, as at the foot of pages."""
    found = [(line, PAGE_NUMBER.fullmatch(line)) for line in lines]
    feet = [(line, int(each["number"])) for line, each in found if each]
    if 2 <= len(feet) <= SOME * len(lines) and all(b - a == 1 for (_, a), (_, b) in pairwise(feet)):
        shown = _short(feet[0][0])
        yield f'{len(feet):,} lines look like page numbers (the first: "{shown}"), but are items here: take them out.'


def _hyphens(lines: Sequence[str]) -> Iterator[str]:
    """Words that are parted at the end of a line and go on in small letters, as pages have them."""
    parted = [a for a, b in pairwise(lines) if PARTED.search(a) and b[:1].islower()]
    if len(parted) >= LEAST_PARTED:
        yield (
            f'{len(parted):,} lines end in a hyphen and go on in the next (the first: "{_short(parted[0])}"), and '
            "each is an item of its own here: join them."
        )


def _recurring(lines: Sequence[str]) -> Iterator[str]:
    """Lines that come again every few lines, the same but for their numbers, as a page has them beside each item."""
    places: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        places.setdefault(ANY_NUMBER.sub("0", line), []).append(at)
    found = [each for each in places.values() if len(each) >= LEAST_RECURRING and _every_few(each)]
    if sum(map(len, found)) >= RECURRING * len(lines):
        shown = _short(lines[max(found, key=lambda each: len(lines[each[0]]))[0]])
        yield (
            f'Lines such as "{shown}" come again every few lines, as beside items of a page, and are items here: '
            "take them out."
        )


def _every_few(places: Sequence[int]) -> bool:
    """Whether nearly all of these places are as far from the one before, with something between."""
    steps = Counter(b - a for a, b in pairwise(places))
    step, count = steps.most_common(1)[0]
    return step > 1 and count >= EVENLY * (len(places) - 1)


def _numbers(lines: Sequence[str]) -> Iterator[str]:
    if _nearly_all(lines, lambda line: _counts(line, first=False)):
        how = called("weight", 2)
        yield f"The lines end with a number, which is read as part of the items: if it counts them, say {how}."
    elif _nearly_all(lines, lambda line: NUMBER.fullmatch(line) is not None):
        found = [int(each["number"]) for each in map(NUMBER.fullmatch, lines) if each]
        how = "with gaps" if all(a < b for a, b in pairwise(found)) else "not upwards"
        yield f"The lines are numbered, but {how}, so the numbers are read as parts of the items: take them out."
    elif any(levels.may_be_sections(lines) for levels in LEVELS):
        shown = lines[0].split()[0]
        yield (
            f"The lines begin with numbers such as {shown}, of versions or of sections, which are read as parts of "
            "the items: take them out if they are none."
        )
    elif _nearly_all(lines, lambda line: _counts(line, first=True)):
        how = called("weight", 1)
        yield f"The lines begin with a number, which is read as part of the items: if it counts them, say {how}."


def _counts(line: str, first: bool) -> bool:
    """Whether there is a number beside a word."""
    pair = split_counted(line, first)
    return pair is not None and LETTER.search(pair[0]) is not None and number_of(pair[1]) is not None


def _nearly_all(lines: Sequence[str], holds: Callable[[str], bool]) -> bool:
    """Whether it holds of nearly all lines."""
    most, lacking = (1 - NEARLY_ALL) * len(lines), 0
    for line in lines:
        lacking += not holds(line)
        if lacking > most:
            return False
    return True


def _outline(lines: Sequence[str]) -> Iterator[str]:
    """Of lines as they stand: items that lie below others."""
    depths = [len(line) - len(line.lstrip()) for line in lines]
    deeper = sum(depth > depths[0] for depth in depths)
    if len(lines) >= LEAST and SOME * len(lines) <= deeper and depths.count(depths[0]) >= OUTLINE_HEADS:
        yield (
            f"{deeper:,} lines are indented below others, as in an outline, and all are items here, at every depth: "
            "take out those that only head others."
        )


def _last(lines: Sequence[str]) -> Iterator[str]:
    """A last line that speaks of the list, where the others are no sentences."""
    if is_sentence(lines[-1]) and sum(map(is_sentence, lines[1:])) <= max(1, (1 - NEARLY_ALL) * len(lines)):
        yield f'The last line, "{_short(lines[-1])}", is a sentence, but is an item here: take it out if it is none.'


def _short(line: str) -> str:
    return line if len(line) <= 40 else f"{line[:40]}..."


def _signs(lines: Sequence[str]) -> Iterator[str]:
    signs = [found["sign"] for line in lines[:LEAST] if (found := SIGN.fullmatch(line))]
    if len(signs) < LEAST:
        return
    if sum(line.startswith(signs[0]) for line in lines) >= NEARLY_ALL * len(lines):
        yield f'The lines begin with "{signs[0]}", which is read as part of the items: take it out if it is none.'
