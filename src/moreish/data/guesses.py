"""Guesses: which encoding bytes may have that are no UTF-8, by what they would read as. They are only ever told.

A language writes most of its words with a few of its letters, and no capital behind a small one: what is read so is
likelier than what is not. Latin letters with marks stand among plain ones; other scripts stand alone.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from moreish.wording import called

MOST_BYTES, MOST_CHARACTERS = 2**14, 2**12  # looked at
FOREIGN = 0.5  # letters outside ASCII, of all: more than Latin scripts have
WORD = re.compile(rb"[\x80-\xff]{3}")  # without one nothing says that it is another script
LEAST_SCORE, NEAR = 0.4, 0.15  # of a guess, and what separates it from the best
MOST_GUESSES, MOST_MISFITS = 3, 0.2  # the latter: of the letters
SHOWN = 24  # characters
STRAY = 0.3  # NUL among ASCII: in UTF-16 it is every second byte
COMMON = {
    "CYRILLIC": "оеаинтсрвлкмья", "GREEK": "αοιετσνηρκςάλίπό", "HEBREW": "יהולארתבמנש", "ARABIC": "ايلمنرتبةدعو",
    "THAI": "านรกอเงยลมสิวั่้",
}  # fmt: skip
"""The letters that most of a text is made of."""
LATIN = ("cp1252", "cp1250", "iso-8859-2", "cp1254", "mac_roman", "cp850")
TURKISH = set("ÝÞðýþ")  # what Turkish letters look like in cp1252
OF_ONE_BYTE = {
    "cp1251": "CYRILLIC", "koi8-r": "CYRILLIC", "cp866": "CYRILLIC", "cp1253": "GREEK", "cp1255": "HEBREW",
    "cp1256": "ARABIC", "cp874": "THAI",
}  # fmt: skip
KANA, TIES = 0.1, {"euc_kr": 0.05, "cp949": 0.04, "gb18030": 0.03}  # more: Japanese hardly does without kana
WIDER = {"cp932": "shift_jis", "cp949": "euc_kr"}  # named where what is part of them does not do


def _kana(lead: int, trail: int) -> bool:
    return (lead == 0x82 and trail >= 0x9F) or lead == 0x83


OF_TWO_BYTES: dict[str, tuple[Callable[[int, int], bool], Callable[[int, int], bool]]] = {
    "shift_jis": (lambda a, b: _kana(a, b) or 0x88 <= a <= 0x97, _kana),
    "euc_jp": (lambda a, b: a in (0xA4, 0xA5) or 0xB0 <= a <= 0xCF, lambda a, b: a in (0xA4, 0xA5)),
    "euc_kr": (lambda a, b: 0xB0 <= a <= 0xC8, lambda a, b: False),
    "cp932": (lambda a, b: _kana(a, b) or 0x88 <= a <= 0x97, _kana),
    "cp949": (lambda a, b: 0xB0 <= a <= 0xC8 and b >= 0xA1, lambda a, b: False),
    "gb18030": (lambda a, b: 0xB0 <= a <= 0xD7 and b >= 0xA1, lambda a, b: False),
    "big5": (lambda a, b: 0xA4 <= a <= 0xC6, lambda a, b: False),
}
"""Where the usual characters of each stand, and which of them are kana."""


class _Guess(NamedTuple):
    score: float
    encoding: str


def hint_for(piece: bytes, line: bytes) -> str:
    """A sentence on what bytes that are no UTF-8 may be, of which this line is one."""
    odd = b"\n".join(_odd_lines(piece))[:MOST_BYTES]
    found = _foreign(odd) if _share(odd) > FOREIGN and WORD.search(odd) else _latin(odd)
    if not found or found == ["cp1252"]:
        return _western(odd)
    guesses = []
    for encoding in found[:MOST_GUESSES]:
        read = line.decode(encoding, "replace").strip()
        guesses.append(f'{called("encoding", encoding)} (which reads "{read[:SHOWN]}{"…" * (len(read) > SHOWN)}")')
    return f"A guess by its letters: {', or '.join(guesses)}."


def nul_fault(name: str, line: int, piece: bytes) -> ValueError:
    """What to say of a NUL in this line; the piece is the beginning of the file."""
    if encoding := _unmarked(piece[: 4 * MOST_CHARACTERS]):
        kind = encoding.upper()[:6]
        return ValueError(
            f"{name}, line {line:,}: looks like {kind} without its mark; say {called('encoding', encoding)}"
        )
    return ValueError(f"{name}, line {line:,}: looks binary (it has a NUL), and a list is text; name another file")


def _unmarked(piece: bytes) -> str | None:
    """The encoding of two or four bytes a character that this is in."""
    plain = sum(byte >= 32 or byte in b"\0\t\r\n" for byte in piece if byte < 128)
    if plain == len(piece) and piece.count(0) < STRAY * len(piece):
        return None
    even, odd = piece[::2].count(0), piece[1::2].count(0)
    for encoding, size in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le" if odd > even else "utf-16-be", 2)):
        whole = piece[: len(piece) // size * size]
        try:
            text = whole.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text and all(each in "\t\r\n" or unicodedata.category(each) not in ("Cc", "Cn", "Co") for each in text):
            return encoding
    return None


def _odd_lines(piece: bytes) -> Iterator[bytes]:
    """The lines that are no UTF-8."""
    for line in piece.split(b"\n"):
        if not line.isascii():
            try:
                line.decode()
            except UnicodeDecodeError:
                yield line


def _share(odd: bytes) -> float:
    """How many of the letters are none of ASCII."""
    high = sum(byte >= 0x80 for byte in odd)
    return high / max(1, high + len(re.findall(rb"[A-Za-z]", odd)))


def _latin(odd: bytes) -> list[str]:
    """The best reading, where Latin letters stand among plain ones, and the next where it is as good."""
    bad = {encoding: b for encoding in LATIN if (b := _misfits(odd, encoding, "LATIN")) is not None}
    best = min(bad, key=lambda encoding: bad[encoding], default="")
    if not bad or bad[best] > MOST_MISFITS:
        return []
    turkish = best == "cp1252" and "cp1254" in bad and TURKISH & set(odd.decode("cp1252", "ignore"))
    return [best, "cp1254"] if turkish else [best]


def _foreign(odd: bytes) -> list[str]:
    """The likeliest first."""
    guesses = []
    for encoding, script in OF_ONE_BYTE.items():
        bad = _misfits(odd, encoding, script)
        if bad is not None and bad <= MOST_MISFITS:
            letters = [each for each in odd.decode(encoding).lower() if ord(each) >= 0x80]
            common = sum(each in COMMON[script] for each in letters) / max(1, len(letters))
            guesses.append(_Guess(common - bad + 0.3, encoding))
    for encoding, (usual, kana) in OF_TWO_BYTES.items():
        pairs = _pairs(odd, encoding)
        if pairs:
            score = sum(usual(*pair) for pair in pairs) / len(pairs)
            score += TIES.get(encoding, 0) + KANA * any(kana(*pair) for pair in pairs)
            guesses.append(_Guess(score, encoding))
    guesses.sort(key=lambda guess: -guess.score)
    found = [g.encoding for g in guesses if g.score >= max(LEAST_SCORE, guesses[0].score - NEAR)]
    return [encoding for encoding in found if WIDER.get(encoding) not in found]


def _pairs(odd: bytes, encoding: str) -> list[tuple[int, int]]:
    """The bytes of each character above ASCII, the second 0 where there is one; none where it cannot be read."""
    try:
        text = odd.decode(encoding, "strict" if len(odd) < MOST_BYTES else "ignore")
    except UnicodeDecodeError:
        return []
    written = [each.encode(encoding, "replace") for each in text if not each.isascii()]
    return [(each[0], each[1] if len(each) > 1 else 0) for each in written]


def _misfits(odd: bytes, encoding: str, script: str) -> float | None:
    """How many of the letters beyond ASCII do not fit among the others; None where the bytes cannot be read so."""
    try:
        text = odd.decode(encoding)
    except UnicodeDecodeError:
        return None
    high = bad = 0
    for before, each, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if each.isascii():
            bad += before >= "\x80" and before.islower() and each.isupper()
            continue
        high += 1
        if each.isalpha() or unicodedata.category(each) == "Mn":
            other = not unicodedata.name(each, "").startswith(script)
            mixed = script != "LATIN" and any(side.isascii() and side.isalpha() for side in (before, after))
            bad += other or mixed or (each.isupper() and before.islower())
        else:
            bad += not _stands(each, before, after)
    return bad / max(1, high)


def _stands(sign: str, before: str, after: str) -> bool:
    """Whether a sign that is no letter may stand there: quotes and dashes may touch words, others hardly."""
    kind = unicodedata.category(sign)
    if kind in ("Cc", "Cn", "Co"):
        return False
    touches = before.isalpha() or after.isalpha()
    return not touches or kind in ("Pi", "Pf", "Pd") or (kind == "Ps" and not before.isalpha())


def _western(odd: bytes) -> str:
    """Which encoding of one byte a letter it may be: Windows has letters and quotes where Latin-1 has controls."""
    if any(0x80 <= byte < 0xA0 for byte in odd):
        return f"If it was written on Windows, say {called('encoding', 'cp1252')}."
    return f"If the file is Latin-1, say {called('encoding', 'latin-1')}."
