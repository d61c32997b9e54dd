"""Queries of SQL whose rows are written out in them: SELECT * FROM (VALUES (1, 'Anna'), (2, 'Bella')) AS v."""

from collections.abc import Sequence

from moreish.data.possessive import re
from moreish.data.sql_texts import COLUMNS, FLAGS, GAP, NAME, NEXT, TABLE, bare, names_in

FROM_VALUES = re.compile(rf"FROM{GAP}*+\({GAP}*+VALUES{GAP}*+(?=\(|ROW{GAP}*+\()", FLAGS)
CALLED = re.compile(
    rf"{GAP}*+\)(?:{GAP}*+(?:AS\b{GAP}*+)?{NAME}{COLUMNS})?{GAP}*+"
    rf"(?=\)|;|\Z|(?:ON|RETURNING|ORDER)\b|{NEXT})",
    FLAGS,
)  # what they are called, and that nothing follows which chooses among them
ONE_COLUMN = re.compile(rf"{TABLE}(?:\s*::[\w ()]+)?", FLAGS)
ALL_COLUMNS = re.compile(rf"(?:{NAME}\s*\.\s*)?\*", FLAGS)


def columns_chosen(cells: Sequence[str], called: re.Match[str], width: int) -> list[int] | None:
    """Which columns of the rows are selected by these cells; None where one is more than a column."""
    if len(cells) == 1 and ALL_COLUMNS.fullmatch(cells[0].strip()):
        return [*range(width)]
    names = [name.casefold() for name in names_in(called["columns"] or "")]
    names = names or [f"column{number}" for number in range(1, width + 1)]
    chosen = [ONE_COLUMN.fullmatch(cell.strip()) for cell in cells]
    wanted = [bare(names_in(each["table"])[-1]).casefold() for each in chosen if each]
    if len(wanted) < len(cells) or len(names) != width or not set(wanted) <= set(names):
        return None
    return [names.index(each) for each in wanted]
