"""Decoder: strict decoding that says where it failed, and which encoding the file may have instead."""

import codecs
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from moreish.data.guesses import hint_for
from moreish.wording import called

BYTE_ORDER_MARKS = [
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (codecs.BOM_UTF8, "UTF-8"),
]


@runtime_checkable
class Bytes(Protocol):
    """All that is asked of a stream."""

    def read(self, n: int, /) -> bytes:
        """Up to n bytes; none at the end."""
        ...


def has_mark(head: bytes) -> bool:
    """Whether the bytes begin with the mark of some encoding."""
    return any(head.startswith(mark) for mark, _ in BYTE_ORDER_MARKS)


class Decoder:
    """Bytes to text in one encoding. In what `start` returns, ASCII characters are the bytes of ASCII.

    Raises ValueError for an encoding that does not exist.
    """

    def __init__(self, name: str, encoding: str) -> None:
        self.name, self.encoding = name, encoding
        self.skipped = 0  # bytes of a mark before the first line
        try:
            self.utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")
            self.transparent = is_transparent(encoding)
        except LookupError:
            raise ValueError(
                f'there is no text encoding "{encoding}"; utf-8, utf-16, latin-1 and cp1252 are some'
            ) from None

    def start(self, stream: Bytes) -> Bytes:
        """The stream past its mark, in an encoding whose ASCII is ASCII. Raises ValueError for another's mark."""
        if not self.transparent:
            stream, self.encoding, self.utf8 = _Recoded(stream, self.name, self.encoding), "utf-8", True
        head = stream.read(4)
        for mark, marked in BYTE_ORDER_MARKS:
            if head.startswith(mark):
                if marked != "UTF-8" or not self.utf8:
                    raise ValueError(
                        f"{self.name} starts with a {marked} mark; say {called('encoding', marked.lower())}"
                    )
                head, self.skipped = head[len(mark) :], len(mark)
                break
        return Prepended(head, stream)

    def decode(self, piece: bytes, line: int) -> str:
        """The text of whole lines, `line` lines into the file. Raises ValueError with the line and byte at fault."""
        try:
            return piece.decode(self.encoding)
        except UnicodeDecodeError as error:
            before = piece[: error.start]
            row = line + before.count(b"\n") + 1
            byte = error.start - before.rfind(b"\n") + (self.skipped if row == 1 else 0)
            at_fault = piece[before.rfind(b"\n") + 1 :].split(b"\n", 1)[0]
            hint = hint_for(piece, at_fault) if self.utf8 else _asked()
            raise ValueError(
                f"{self.name}, line {row}, byte {byte}: not {self.encoding.upper()} (0x{piece[error.start]:02X}). "
                f"{hint}"
            ) from None


def _asked() -> str:
    return f"Is {called('encoding')} right?"


class Prepended:
    """A stream of which the first bytes were read already: `Bytes` once more."""

    def __init__(self, head: bytes, stream: Bytes) -> None:
        self.head, self.stream = head, stream

    def read(self, n: int, /) -> bytes:
        """Up to n bytes; none at the end."""
        head, self.head = self.head[:n], self.head[n:]
        return head if len(head) == n else head + self.stream.read(n - len(head))


class Encoded:
    """Texts as a stream of UTF-8: `Bytes` once more."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = iter(texts)
        self.ready = b""

    def read(self, n: int, /) -> bytes:
        """Up to n bytes; none at the end."""
        pieces, size = [self.ready], len(self.ready)
        while size < n and (text := next(self.texts, None)) is not None:
            pieces.append(text.encode())
            size += len(pieces[-1])
        whole = b"".join(pieces)
        piece, self.ready = whole[:n], whole[n:]
        return piece


class _Recoded:
    """A stream in UTF-16 or another encoding that is not ASCII underneath, as UTF-8."""

    def __init__(self, stream: Bytes, name: str, encoding: str) -> None:
        self.stream, self.name, self.encoding = stream, name, encoding
        self.decoder = codecs.getincrementaldecoder(encoding)("strict")
        self.bytes = 0
        self.ready = b""

    def read(self, n: int) -> bytes:
        while len(self.ready) < n:
            data = self.stream.read(n)
            try:
                self.ready += self.decoder.decode(data, final=not data).encode()
            except UnicodeDecodeError as error:
                byte = self.bytes + len(data) - len(error.object) + error.start + 1
                what = f"not {self.encoding.upper()} ({error.reason}). {_asked()}"
                raise ValueError(f"{self.name}, byte {byte:,}: {what}") from None
            except UnicodeError as error:
                raise ValueError(f"{self.name} is not {self.encoding.upper()}: {error}. {_asked()}") from None
            self.bytes += len(data)
            if not data:
                break
        piece, self.ready = self.ready[:n], self.ready[n:]
        return piece


def is_transparent(encoding: str) -> bool:
    """Whether the bytes below 128 stand for ASCII, and nothing but ASCII is written with them alone."""
    ascii_bytes = bytes(range(128))
    encoded = [symbol.encode(encoding, "ignore") for symbol in "éжあ가中"]
    try:
        return ascii_bytes.decode(encoding) == ascii_bytes.decode("ascii") and not any(
            piece and piece.isascii() for piece in encoded
        )
    except UnicodeError:
        return False
