"""RIS, as programs for references write it: a record for each entry, with its fields by their two letters."""

import re
from collections.abc import Sequence

from moreish.data.faults import NotRead

TITLE = "TI"
FIELD = re.compile(r"(?P<tag>[A-Z][A-Z0-9]) {1,2}-(?: (?P<value>.*))?")
INSTEAD = ("T1", "CT", "BT")  # of TI, by what wrote it
Record = tuple[int, dict[str, str | list[str]]]


def references(text: str) -> list[Record]:
    """The entries. Raises NotRead for one without an end, and for a field outside of any."""
    records: list[Record] = []
    fields: list[tuple[str, list[str]]] | None = None
    began = 0
    for number, line in enumerate(text.split("\n"), 1):
        found = FIELD.fullmatch(line.strip())
        if found is None:
            if fields and line.strip():
                fields[-1][1].append(line.strip())
            continue
        tag, value = found["tag"], (found["value"] or "").strip()
        if tag == "TY":
            if fields is not None:
                break
            fields, began = [], number
        if fields is None:
            raise NotRead(number, f"its {tag} stands outside of TY and ER")
        if tag == "ER":
            records.append((number, _record(fields)))
            fields = None
        else:
            fields.append((tag, [value]))
    if fields is not None:
        raise NotRead(began, "the entry that begins here has no ER, as if the file were cut off")
    return records


def _record(fields: Sequence[tuple[str, list[str]]]) -> dict[str, str | list[str]]:
    """What the fields say; a field that comes again, as that of the authors does, says a list."""
    values: dict[str, list[str]] = {}
    for tag, lines in fields:
        values.setdefault(tag, []).append(" ".join(lines))
    said = {tag: each[0] if len(each) == 1 else each for tag, each in values.items()}
    titles = (" and ".join(values.get(tag, ())) for tag in (TITLE, *INSTEAD))
    return {**said, TITLE: next(filter(None, titles), "")}
