"""The fields of a record that a stranger may have written: each is of its type and within its bounds, or refused."""

import math
from collections.abc import Mapping
from typing import Any

MOST_TEXT = 20_000  # characters of a sentence
MOST_NAME = 1_000  # characters of a name
MOST_ENTRIES = 10_000  # entries of a list
MOST_COUNT = 2**53  # beyond it a float no longer holds every whole number


class Fields:
    """The fields of one record. Every method raises ValueError for a value that cannot stand there."""

    def __init__(self, what: str, plain: object) -> None:
        self.what = what
        if not isinstance(plain, Mapping):
            raise ValueError(f"{what} is damaged: it is {_kind(plain)}, and fields with names belong there")
        self.plain: Mapping[str, Any] = plain

    def refused(self, name: str, why: str) -> ValueError:
        """What to raise where the value of a field cannot be what was written."""
        return ValueError(f"{self.what} is damaged: its {name} is {why}")

    def text(self, name: str, default: str | None = None, most: int = MOST_TEXT) -> str:
        """A string; what no file could hold of it is written as an escape."""
        return self._text(name, self._value(name, default), most)

    def name(self, name: str, default: str | None = None) -> str:
        """A short string."""
        return self.text(name, default, MOST_NAME)

    def names(self, name: str) -> tuple[str, ...]:
        """A list of short strings."""
        return tuple(self._text(name, each, MOST_NAME) for each in self.entries(name))

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        return [self._text(name, each, MOST_TEXT) for each in self.entries(name)]

    def entries(self, name: str) -> list[Any]:
        """A list of whatever it may be; empty where there is none."""
        value = self._value(name, [])
        if not isinstance(value, list | tuple):
            raise self.refused(name, f"{_kind(value)}, and a list belongs there")
        if len(value) > MOST_ENTRIES:
            raise self.refused(name, f"a list of {len(value)}")
        return list(value)

    def count(self, name: str) -> int:
        """A whole number that is not negative."""
        value = self._value(name, None)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refused(name, f"{_kind(value)}, and a whole number belongs there")
        if not 0 <= value <= MOST_COUNT:
            raise self.refused(name, "negative" if value < 0 else "too large")
        return value

    def finite(self, name: str, default: float) -> float:
        """A number that is finite."""
        value = _finite(self._value(name, default))
        if value is None:
            raise self.refused(name, f"{_kind(self.plain.get(name))}, and a finite number belongs there")
        return value

    def numbers(self, name: str) -> dict[str, float | int | str]:
        """Numbers and words by name; those that are not finite, or null, are left out."""
        value = self._value(name, {})
        if not isinstance(value, Mapping):
            raise self.refused(name, f"{_kind(value)}, and numbers with names belong there")
        if len(value) > MOST_ENTRIES:
            raise self.refused(name, f"a table of {len(value)}")
        read: dict[str, float | int | str] = {}
        for key, each in value.items():
            if isinstance(each, str):
                read[self._text(name, key, MOST_NAME)] = self._text(name, each, MOST_TEXT)
            elif isinstance(each, float | int):
                if (number := _finite(each)) is not None:
                    read[self._text(name, key, MOST_NAME)] = each if isinstance(each, int) else number
            elif each is not None:
                raise self.refused(name, f"a table with {_kind(each)}, and numbers belong there")
        return read

    def _value(self, name: str, default: object) -> Any:
        value = self.plain.get(name, default)
        if value is None and default is not None:
            raise self.refused(name, "null")
        return value

    def _text(self, name: str, value: object, most: int) -> str:
        if not isinstance(value, str):
            raise self.refused(name, "missing" if value is None else f"{_kind(value)}, and text belongs there")
        if len(value) > most:
            raise self.refused(name, f"{len(value):,} characters long")
        return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _finite(value: object) -> float | None:
    """As a float, where it is a number of ordinary size."""
    if not isinstance(value, float | int) or (isinstance(value, int) and abs(value) > MOST_COUNT):
        return None
    return float(value) if math.isfinite(value) else None


def _kind(value: object) -> str:
    """What a value is, in JSON's words; the value itself may be anything."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    words = (
        (str, "text"),
        (int, "a whole number"),
        (float, "a number"),
        (Mapping, "a table"),
        (list | tuple, "a list"),
    )
    return next((word for kind, word in words if isinstance(value, kind)), f"a {type(value).__name__}")
