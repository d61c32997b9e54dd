"""The reader: from bytes to blocks of items, a bounded piece at a time. Nothing is guessed in silence.

Lines end at LF, CRLF and CR only: Python's `splitlines` also splits at U+2028, U+0085, VT and FF, and so invents
items. A piece that is plain ASCII with nothing to strip, as most are, is taken as it is; every other goes the long
way through `str`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer, UInt

from moreish.data import symbols
from moreish.data.encodings import Bytes, Decoder
from moreish.data.guesses import nul_fault
from moreish.data.options import DataOptions
from moreish.data.report import MOST_LINES, Report
from moreish.data.suspicious import TAB, control_bytes, suspicious
from moreish.wording import called

PIECE = 2**18  # bytes: the arrays that are made of one piece stay in the cache
LF, SPACE, DELETE = 10, 32, 127
WIDE_SPACE = "\u3000"  # the one blank above U+0020 that is no suspicion
MOST_CONTROL = 0.01


@dataclass
class Block:
    """Some consecutive items: their code points with an LF after each, where those LF stand, and the items' lines."""

    codes: UInt[np.ndarray, " chars"]
    ends: Integer[np.ndarray, " items"]
    lines: Sequence[int]
    text: str = ""  # the same as codes, unless every symbol is a code point


class Reader:
    """Reads one source; counts in `report` what it saw. Every ValueError names the source and the line."""

    def __init__(
        self,
        name: str,
        options: DataOptions,
        report: Report,
        line_of: Callable[[int], int] = int,
        among: str = "",
    ) -> None:
        """`line_of` says where in the file a line of the stream comes from; `among` names this file among several."""
        self.name, self.options, self.report = name, options, report
        self.line_of, self.among = line_of, f" in {among}" if among else ""
        self.bytes = self.control = self.items = 0
        self.line = 0  # lines before the piece at hand

    def blocks(self, stream: Bytes) -> Iterator[Block]:
        """The items of a list."""
        yield from self.blocks_of_part(stream)
        if not self.items:
            what = "is empty" if not self.bytes else f"has no items: all its {self.line:,} lines are blank"
            raise ValueError(f"{self.name} {what}")

    def blocks_of_part(self, stream: Bytes) -> Iterator[Block]:
        """The items of a part of a list, which may have none."""
        decoder = Decoder(self.name, self.options.encoding)
        for piece in self._pieces(decoder.start(stream)):
            block = self._plain(piece)
            if block is None:
                self._refuse_binary(piece)
                block = self._careful(decoder.decode(piece, self.line))
            self._within_limits(block)
            yield block

    def text(self, stream: Bytes) -> Iterator[tuple[str, UInt[np.ndarray, " chars"]]]:
        """Running text and its code points, line ends as LF and the rest as it stands."""
        decoder, ended = Decoder(self.name, self.options.encoding), True
        for piece in self._pieces(decoder.start(stream)):
            self._refuse_binary(piece)
            text = self._normal(decoder.decode(piece, self.line))
            codes = compact(text)
            ends = np.flatnonzero(codes == LF)
            self._suspect(codes, ends, range(self.line + 1, self.line + len(ends) + 2))
            self.line += len(ends)
            ended = text.endswith("\n")
            yield text, codes
        self.line += not ended
        if not self.bytes:
            raise ValueError(f"{self.name} is empty")

    def as_it_stands(self, stream: Bytes) -> Iterator[str]:
        """All of a file in pieces that end where a line ends, line ends as LF."""
        decoder = Decoder(self.name, self.options.encoding)
        for piece in self._pieces(decoder.start(stream)):
            self._refuse_binary(piece)
            text = decoder.decode(piece, self.line)
            self.line += text.count("\n")
            yield text

    def _pieces(self, stream: Bytes) -> Iterator[bytes]:
        """The bytes, cut after a line's end, every line end as LF; a list's last line gets the LF it may lack."""
        rest: list[bytes] = []
        while piece := stream.read(PIECE):
            if piece.endswith(b"\r"):
                piece += stream.read(1)  # LF, or the beginning of the next line
            self.bytes += len(piece)
            if self.bytes > self.options.max_bytes:
                raise self._too_much("is larger than {:,} bytes", "max_bytes")
            cut = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
            if cut:
                yield _unix(b"".join([*rest, piece[:cut]]))
                rest = []
            rest.append(piece[cut:])
            if not self.options.text and sum(map(len, rest)) > 16 * self.options.max_length:
                self._refuse_binary(b"".join(rest))
                raise self._too_long(self.line + 1)
        if last := b"".join(rest):
            yield last if self.options.text else last + b"\n"

    def _plain(self, piece: bytes) -> Block | None:
        """A piece of printable ASCII in which no two blanks or line ends are neighbours: there is nothing to do."""
        if self.options.unit == "word" or not piece.isascii():
            return None
        codes = np.frombuffer(piece.lower() if self.options.lower else piece, np.uint8)
        ends = np.flatnonzero(codes == LF)
        printable = np.count_nonzero(codes < SPACE) == len(ends) and DELETE not in piece
        return Block(codes, ends, self._numbers(len(ends))) if printable and _tidy(codes) else None

    def _careful(self, text: str) -> Block:
        """Any piece: normal form, outer blanks stripped, empty lines dropped and counted."""
        text = self._normal(text)
        codes = compact(text)
        ends = np.flatnonzero(codes == LF)
        numbers: Sequence[int] = self._numbers(len(ends))
        if WIDE_SPACE in text or suspicious(codes) or not _tidy(codes):
            items = [symbols.trim(line, self.options.reading_unit) for line in text.split("\n")[:-1]]
            if not all(items):
                numbers = [number for number, item in zip(numbers, items, strict=True) if item]
                self.report.dropped["empty"] += len(items) - len(numbers)
                items = [item for item in items if item]
            text = "\n".join([*items, ""])
            codes = compact(text)
            ends = np.flatnonzero(codes == LF)
            self._suspect(codes, ends, numbers)
        return Block(codes, ends, numbers, text)

    def _numbers(self, n: int) -> range:
        """The numbers of the next n lines, the first line being 1."""
        self.line += n
        return range(self.line - n + 1, self.line + 1)

    def _normal(self, text: str) -> str:
        """The piece in its normal form; lines that were not are counted."""
        form = self.options.normalise
        normal = symbols.normal(text, form, lower=False)
        if normal != text:
            lines = zip(text.split("\n"), normal.split("\n"), strict=True)
            found = {number: line for number, (line, now) in enumerate(lines, start=self.line + 1) if line != now}
            example = next(iter(found.values())).strip()[:80]
            numbers = [self.line_of(number) for number in list(found)[:MOST_LINES]]
            self.report.suspect(f"was not {form}, now is{self.among}", len(found), numbers, example)
        return symbols.normal(normal, form, lower=True) if self.options.lower else normal

    def _suspect(
        self, codes: UInt[np.ndarray, " chars"], ends: Integer[np.ndarray, " items"], lines: Sequence[int]
    ) -> None:
        """Report suspicious characters; `lines` are the numbers of those that end at `ends`."""
        for kind, places in suspicious(codes).items():
            if kind == TAB and self.options.text:
                continue
            where = np.unique(np.searchsorted(ends, places))[:MOST_LINES]
            numbers = [self.line_of(lines[i]) for i in where.tolist()]
            self.report.suspect(f"{kind}{self.among}", len(places), numbers, f"U+{codes[places[0]]:04X}")

    def _refuse_binary(self, piece: bytes) -> None:
        """Text has no NUL and hardly a control character."""
        if (at := piece.find(0)) >= 0:
            raise nul_fault(self.name, self.line + len(_unix(piece[:at]).split(b"\n")), piece)
        self.control += control_bytes(piece)
        if self.control > MOST_CONTROL * self.bytes:
            raise ValueError(
                f"{self.name} looks binary: {self.control} of its first {self.bytes:,} bytes are control characters"
            )

    def _within_limits(self, block: Block) -> None:
        lengths = np.diff(block.ends, prepend=-1) - 1
        if len(lengths) and lengths.max() > self.options.max_length:
            first = int((lengths > self.options.max_length).argmax())
            raise self._too_long(block.lines[first], int(lengths.max()))
        self.items += len(lengths)
        if self.items > self.options.max_items:
            raise self._too_much("has more than {:,} items", "max_items")

    def _too_long(self, line: int, length: int | None = None) -> ValueError:
        """What to say of a line, and of how many characters if that is known: it keeps the limit that is advised."""
        limit = self.options.max_length
        enough = self.options.max_bytes if length is None else max(10 * limit, 10 ** len(str(length)))
        return ValueError(
            f"{self.name}, line {self.line_of(line):,}: longer than {limit:,} characters. If it is running text, say "
            f"{called('text', True)}; if it is a list of long items, raise the limit with "
            f"{called('data.max_length', enough)}"
        )

    def _too_much(self, sentence: str, option: str) -> ValueError:
        limit = getattr(self.options, option)
        cure = f"raise the limit with {called(f'data.{option}', 10 * limit)}"
        return ValueError(f"{self.name} {sentence.format(limit)}; {cure}")


def compact(text: str) -> UInt[np.ndarray, " chars"]:
    """The code points of a text in the smallest type that holds them."""
    if text.isascii():  # so is the empty text
        return np.frombuffer(text.encode(), np.uint8)
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4")
    return codes.astype(np.min_scalar_type(codes.max()))


def _tidy(codes: UInt[np.ndarray, " chars"]) -> bool:
    """Whether no line is empty, begins or ends with a blank, or has two in a row, as far as ASCII has blanks."""
    low = codes <= SPACE
    return not low[0] and not (low[1:] & low[:-1]).any()


def _unix(piece: bytes) -> bytes:
    """Every CRLF and CR as LF."""
    return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in piece else piece
