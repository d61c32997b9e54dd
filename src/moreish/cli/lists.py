"""moreish lists."""

from moreish.cli.flags import Json


def lists(*, json: Json = False) -> None:
    """The bundled lists, with what each holds."""
    from moreish.cli.show import emit, note, show, table
    from moreish.data.bundled import BUNDLED, LISTS

    rows = []
    for name, entry in LISTS.items():
        items = (BUNDLED / f"{name}.txt").read_text(encoding="utf-8").count("\n")
        if json:
            emit({"name": name, "items": items, "title": entry.title, "provenance": entry.provenance})
        rows.append((name, f"{items:,}", entry.title))
    if not json:
        show(table([("name", "left"), ("items", "right"), ("", "left")], rows))
        note("make more of one: moreish NAME")
