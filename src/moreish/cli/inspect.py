"""moreish inspect."""

from typing import TYPE_CHECKING

from moreish.cli.flags import READING, File, Json, Reading, Set, sources_of

if TYPE_CHECKING:
    from moreish.data import Report

MOST_SYMBOLS_SHOWN = 30
MOST_LENGTHS_SHOWN = 24
MOST_KINDS_SHOWN = 30


def inspect(*files: File, reading: Reading = READING, set: Set = None, json: Json = False) -> None:
    """What is in a list, before any training: counts, symbols, lengths, duplicates, what looks wrong, the split.

    Parameters
    ----------
    files
        A text file with one item a line, CSV or JSON, "-" for standard input, or the name of a bundled list; several
        are one list.
    """
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import emit, telling

    overrides = overrides_of(reading, set=set)
    for section in ("model", "train"):
        for option in overrides.given(section):
            raise ValueError(f"inspect only reads the list, so {section}.{option} plays no split: leave it out")
    source = sources_of(files)
    with telling(f"reading {source}", json):
        from moreish.api import read

        report = read(source, **overrides.command.get("data", {})).report
    if json:
        emit(report.to_json())
    else:
        _page(report)


def _page(report: "Report") -> None:
    from moreish.cli.show import note, printable, show, symbol_name, table, text, warn

    show(text((printable(report.source), "bold")))
    facts = _facts_of_text(report) if report.text else _facts(report)
    facts[:0] = [("read as", printable(sentence)) for sentence in report.read_as]
    if report.unit != "char":
        facts.append(("symbol", f"a {report.unit}"))
    if (weights := report.weights) is not None:
        span = f"{weights.smallest:,.6g} to {weights.largest:,.6g} ({printable(weights.heaviest[:40])})"
        facts.append(("weights", f"{span}, {weights.total:,.10g} in all"))
    if report.dropped:
        facts.append(("left out", ", ".join(f"{n:,} {reason}" for reason, n in report.dropped.items())))
    show(table([("", "left"), ("", "left")], facts))
    _kinds(report)
    if not report.text:
        _histogram("length", [(str(k), n) for k, n in sorted(report.lengths.items())][:MOST_LENGTHS_SHOWN])
    most = sorted(report.counts.items(), key=lambda pair: -pair[1])[:MOST_SYMBOLS_SHOWN]
    _histogram("symbol", [(symbol_name(symbol), n) for symbol, n in most])
    if len(report.counts) > MOST_SYMBOLS_SHOWN:
        show(text((f"  and {len(report.counts) - MOST_SYMBOLS_SHOWN:,} more symbols", "dim")))
    if report.once:
        shown = " ".join(symbol_name(s) for s in report.once[:20])
        show(text("\nseen only once, so nothing can be learned about them: ", shown))
    show(text(("\nsplit", "dim")))
    _splits(report)
    for kind, s in report.suspicious.items():
        lines = ", ".join(map(str, s.lines))
        warn(f"{s.count:,} times {kind} (line{'s' * (len(s.lines) > 1)} {lines}): {printable(s.example)}")
    for sentence in report.notes:
        note(sentence)


def _facts(report: "Report") -> list[tuple[str, str]]:
    from moreish.cli.show import printable

    return [
        ("items", f"{report.items:,}"),
        ("different", f"{report.unique:,}"),
        ("duplicates", f"{report.duplicates:,} ({report.duplicates / max(1, report.items):.1%})"),
        ("symbols", f"{len(report.counts):,}"),
        ("length", f"{report.shortest} to {report.longest}, {report.mean_length:.2f} on average"),
        ("longest", printable(report.longest_item[:60])),
    ]


def _facts_of_text(report: "Report") -> list[tuple[str, str]]:
    size = f"{sum(report.counts.values()):,} symbols in {report.lines:,} line{'s' * (report.lines != 1)}"
    return [
        ("running text", f"of {size}"),
        ("symbols", f"{len(report.counts):,} different ones"),
    ]


def _kinds(report: "Report") -> None:
    """A table of the kinds, those with most items first."""
    if not report.kinds:
        return
    from moreish.cli.show import printable, show, table, text

    most = sorted(report.kinds.items(), key=lambda pair: -pair[1].items)
    rows = [
        (printable(name[:40]), f"{kind.items:,}", printable(", ".join(kind.examples)[:60]))
        for name, kind in most[:MOST_KINDS_SHOWN]
    ]
    show(text(("\nkind", "dim")))
    show(table([("kind", "left"), ("items", "right"), ("such as", "left")], rows))
    if len(most) > MOST_KINDS_SHOWN:
        show(text((f"  and {len(most) - MOST_KINDS_SHOWN:,} more kinds", "dim")))


def _splits(report: "Report") -> None:
    from moreish.cli.show import show, table

    counted = [*([] if report.text else ["items"]), "predicted"]
    rows = [(name, *(f"{part[each]:,}" for each in counted)) for name, part in report.splits.items()]
    heads = {"items": "items", "predicted": "symbols to predict"}
    show(table([("split", "left"), *((heads[each], "right") for each in counted)], rows))


def _histogram(heading: str, rows: list[tuple[str, int]]) -> None:
    if not rows:
        return
    from moreish.cli.show import bar, out, show, text

    most = max(n for _, n in rows)
    width = 30 if out.width >= 60 else 12
    show(text((f"\n{heading}", "dim")))
    for name, n in rows:
        show(text(f"{name:>8} {n:>10,} ", (bar(n / most, width), "cyan")))
