"""Tables: which column holds the items, which their kinds, which their weights."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moreish.data.numbers import number_of
from moreish.data.options import FILE, DataOptions
from moreish.wording import called, said

ITEM_WORDS = (
    "name", "names", "item", "items", "word", "words", "text", "texts", "title", "titles", "term", "terms", "phrase",
    "full_name", "fullname", "product", "product_name", "track_name", "song_title", "movie_title", "book_title",
    "label", "lemma", "nom", "nombre", "nome", "naam", "navn",
    "namn", "nimi", "nazwa", "nev", "имя", "название", "слово", "wort", "titel", "bezeichnung", "titre", "mot",
    "palabra", "parola", "名前", "名称", "이름", "नाम",
    "front", "field_1",
)  # fmt: skip
"""What the column of the items is called, the surest first."""

MOSTLY = 0.9  # cells of a column that are numbers, dates or addresses
MOST_EXAMPLES, LONGEST_EXAMPLE = 2, 24
MOST_COLUMNS_SHOWN = 12
FEW_VALUES = 0.2  # different values, as a share of the rows, of a column that sorts its rows into groups
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?", re.ASCII)
ADDRESS = re.compile(r"(https?://|www\.)\S+|[^\s@]+@[^\s@]+\.\w+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Key = int | tuple[str | int, ...]
"""Where in a row a cell stands: its place, or the way through an object's keys."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, its number from 1, where it stands in a row, its cells in the first rows.

    several : whether a row may have a list of texts in it, each of which is an item; it is read where it is asked for
    """

    name: str
    number: int
    key: Key
    cells: Sequence[str]
    several: bool = False

    @property
    def filled(self) -> list[str]:
        """The cells that are not empty."""
        return [cell for cell in self.cells if cell.strip()]

    @property
    def has_texts(self) -> bool:
        """Whether it holds texts, and not mostly numbers, dates or addresses."""
        filled = self.filled
        others = sum(map(is_value, filled))
        return len(filled) > 0 and 2 * len(filled) >= len(self.cells) and others < MOSTLY * len(filled)

    @property
    def sorts(self) -> bool:
        """Whether a few values come again and again, so that it says of what kind the rows are."""
        filled = self.filled
        different = len(Counter(filled))
        return len(filled) > 2 and different <= max(2 * (len(filled) > 4), FEW_VALUES * len(filled))

    def shown(self) -> str:
        """Name or number, and examples of what stands in it."""
        return f"{self.name} ({self.values()})"

    def values(self) -> str:
        """Examples of what stands in it."""
        values = [f'"{_short(cell)}"' for cell in dict.fromkeys(self.filled)][:MOST_EXAMPLES]
        return ", ".join(values) or "empty"


@dataclass(frozen=True)
class Chosen:
    """The columns that are read. `nameless`: whether columns have numbers only."""

    item: Column
    kind: Column | None = None
    weight: Column | None = None


class Columns:
    """The columns of one table, to choose from. `name` is the file's, `looks` what it is: "CSV".

    also : another way to read it, said where it is not clear which column holds the items
    """

    def __init__(self, name: str, looks: str, columns: Sequence[Column], named: bool, also: str = "") -> None:
        self.name, self.looks, self.columns, self.named, self.also = name, looks, columns, named, also

    def choose(self, options: DataOptions) -> Chosen:
        """The columns that were asked for; the items' is found where it was not.

        Raises ValueError with the columns and examples of their values where there is no such column, or where more
        than one could hold the items.
        """
        weight = None if options.weight is None else self._weight(options.weight)
        kind = self._kind(options.by)
        if options.column is not None:
            item = self._find(options.column, "column")
        else:
            single = [column for column in self.columns if column not in (kind, weight) and not column.several]
            alone = len(self.columns) == 1 and self.columns[0].several
            item = self.columns[0] if alone else self._items(single)
        if item is weight:
            raise ValueError(f"{self.name}: the column {item.name} cannot hold the items and their weights")
        return Chosen(item, kind, weight)

    def missing(self, asked: Iterable[str | None]) -> list[Column]:
        """Columns of these names that are not in its first rows, to be looked for in the others."""
        known = {column.name.casefold() for column in self.columns}
        names = [name for name in asked if name is not None and name != FILE and not name.isdecimal()]
        late = [name for name in names if self.named and name.casefold() not in known and not self._inside(name)]
        number = len(self.columns) + 1
        return [Column(name, number + i, tuple(name.split(".")), ()) for i, name in enumerate(dict.fromkeys(late))]

    def besides(self, late: Sequence[Column]) -> "Columns":
        """With these as well."""
        return Columns(self.name, self.looks, [*self.columns, *late], self.named, self.also) if late else self

    def _inside(self, name: str) -> list[Column]:
        """The columns whose path goes through this name."""
        return [column for column in self.columns if column.name.casefold().startswith(f"{name.casefold()}.")]

    def _kind(self, by: str | None) -> Column | None:
        if by is None or (by == FILE and not any(column.name == FILE for column in self.columns)):
            return None
        return self._find(by, "by")

    def _weight(self, asked: str) -> Column:
        if not self.named and not asked.isdecimal():
            numbers = [column for column in self.columns if column.filled and not column.has_texts]
            if len(numbers) == 1:
                return numbers[0]
        found = self._find(asked, "weight")
        if found.filled and all(number_of(cell) is None for cell in found.filled):
            wants = f"holds no numbers, and {called('weight')} wants the column that counts"
            raise ValueError(f"{self.name} is {self.looks}, and its column {found.shown()} {wants}; {self._listed()}")
        return found

    def _find(self, asked: str, flag: str) -> Column:
        """By its name, whatever the case, or else by its number; one with lists of texts for the items alone."""
        found = self._named_so(asked, flag)
        if found.several and flag != "column":
            wants = f"{called(flag)} wants one value for an item"
            raise ValueError(f"{self.name}: the column {found.name} has lists in it, and {wants}")
        return found

    def _named_so(self, asked: str, flag: str) -> Column:
        for same in (lambda name: name == asked, lambda name: name.casefold() == asked.casefold()):
            found = [column for column in self.columns if self.named and same(column.name)]
            if len(found) == 1:
                return found[0]
            if found and not asked.isdecimal():
                ways = " or ".join(f"{called(flag, column.number)} ({column.values()})" for column in found)
                such = f'and {len(found)} of its columns are called "{asked}"'
                raise ValueError(f"{self.name} is {self.looks}, {such}: say {ways}")
        if asked.isdecimal() and 1 <= int(asked) <= len(self.columns):
            return self.columns[int(asked) - 1]
        if self.named and (inside := self._inside(asked)):
            listed = ", ".join(column.shown() for column in inside[:MOST_COLUMNS_SHOWN])
            such = called(flag, inside[0].name)
            raise ValueError(
                f'{self.name} is {self.looks}, and its "{asked}" has fields of its own: {listed}. Say {such}'
            )
        what = "no column" if self.named else "no row that names its columns, so they have numbers, and no"
        wanted = said(f'{what} "{asked}" for --{flag}', f"{what} for {called(flag, asked)}")
        raise ValueError(f"{self.name} is {self.looks} and has {wanted}; {self._listed()}")

    def _items(self, columns: Sequence[Column]) -> Column:
        """The only column of texts; else the one that is called as items are; else the only one that varies."""
        texts = [column for column in columns if column.has_texts]
        if len(columns) == 1 or len(texts) == 1:
            return (texts or list(columns))[0]
        if self.named:
            for word in ITEM_WORDS:
                named = [column for column in texts or columns if plain_name(column.name) == word]
                if len(named) == 1:
                    return named[0]
        varied = [column for column in texts if not column.sorts]
        if len(varied) == 1:
            return varied[0]
        ending = [column for column in varied if plain_name(column.name).endswith(("name", "title", "word"))]
        if self.named and len(ending) == 1:
            return ending[0]
        if not self.columns:
            raise ValueError(f"{self.name} is {self.looks}, and no column of it holds texts")
        first = (varied or texts or columns or self.columns)[0]
        otherwise = self.also or f"{called('data.recognise', False)}, if its lines are the items as they stand"
        raise ValueError(
            f"{self.name} is {self.looks}, and it is not clear which column holds the items; {self._listed()}. Say "
            f"which, such as {called('column', self._way_to(first))} (or {otherwise})"
        )

    def _way_to(self, column: Column) -> str | int:
        """What to ask for to get this column: its name, or its number where another has the same or none has one."""
        same = [each for each in self.columns if each.name.casefold() == column.name.casefold()]
        return column.name if len(same) == 1 or not self.named else column.number

    def _listed(self) -> str:
        shown = [column.shown() for column in self.columns[:MOST_COLUMNS_SHOWN]]
        more = len(self.columns) - len(shown)
        return f"its columns: {', '.join(shown)}{f' and {more} more' if more else ''}"


def is_value(cell: str) -> bool:
    """Whether a cell holds a number, a date or an address, and so no item."""
    cell = cell.strip()
    return number_of(cell) is not None or bool(DATE.fullmatch(cell) or ADDRESS.fullmatch(cell))


def plain_name(name: str) -> str:
    """A column's name in lower case, with one way to write blanks."""
    return re.sub(r"[ -]+", "_", name.strip().lower())


def _short(cell: str) -> str:
    cell = " ".join(cell.split())
    return cell if len(cell) <= LONGEST_EXAMPLE else f"{cell[: LONGEST_EXAMPLE - 1]}…"
