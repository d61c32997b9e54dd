"""moreish inspect, lists and data fetch."""

from pathlib import Path
from typing import Any

from moreish.cli.show import bar, downloading, emit, note, out, printable, show, table, text, warn
from moreish.data import Report, read
from moreish.recipes import resolve

MOST_SYMBOLS_SHOWN = 30
MOST_LENGTHS_SHOWN = 24


def run_inspect(file: str, layers: list[dict[str, Any]], *, json: bool) -> None:
    """The report of reading a list, as a page or as JSON."""
    config = resolve("ngram", *layers)
    report = read(file, config.data).report
    if json:
        emit(report.to_json())
    else:
        _page(report)


def _page(report: Report) -> None:
    show(text((printable(report.source), "bold")))
    facts = [
        ("items", f"{report.items:,}"),
        ("different", f"{report.unique:,}"),
        ("duplicates", f"{report.duplicates:,} ({report.duplicates / max(1, report.items):.1%})"),
        ("symbols", f"{len(report.counts):,}"),
        ("length", f"{report.shortest} to {report.longest}, {report.mean_length:.2f} on average"),
        ("longest", printable(report.longest_item[:60])),
    ]
    if report.dropped:
        facts.append(("left out", ", ".join(f"{n:,} {reason}" for reason, n in report.dropped.items())))
    show(table([("", "left"), ("", "left")], facts))
    _histogram("length", [(str(k), n) for k, n in sorted(report.lengths.items())][:MOST_LENGTHS_SHOWN])
    most = sorted(report.counts.items(), key=lambda pair: -pair[1])[:MOST_SYMBOLS_SHOWN]
    _histogram("symbol", [(_name(symbol), n) for symbol, n in most])
    if len(report.counts) > MOST_SYMBOLS_SHOWN:
        show(text((f"  and {len(report.counts) - MOST_SYMBOLS_SHOWN:,} more symbols", "dim")))
    if report.once:
        shown = " ".join(_name(s) for s in report.once[:20])
        show(text("\nseen only once, so nothing can be learned about them: ", shown))
    show(text(("\nsplit", "dim")))
    rows = [(name, f"{p['items']:,}", f"{p['predicted']:,}") for name, p in report.parts.items()]
    show(table([("part", "left"), ("items", "right"), ("symbols to predict", "right")], rows))
    for kind, s in report.suspicious.items():
        lines = ", ".join(map(str, s.lines))
        warn(f"{s.count:,} times {kind} (line{'s' * (len(s.lines) > 1)} {lines}): {printable(s.example)}")
    for sentence in report.notes:
        note(sentence)


def _histogram(heading: str, rows: list[tuple[str, int]]) -> None:
    if not rows:
        return
    most = max(n for _, n in rows)
    width = 30 if out.width >= 60 else 12
    show(text((f"\n{heading}", "dim")))
    for name, n in rows:
        show(text(f"{name:>8} {n:>10,} ", (bar(n / most, width), "cyan")))


def _name(symbol: str) -> str:
    return {" ": "space", "\n": "newline", "\t": "tab"}.get(symbol, printable(symbol))


def run_lists(*, json: bool) -> None:
    """The bundled lists, with where each comes from."""
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


def run_fetch(name: str, to: Path | None, *, json: bool, quiet: bool) -> None:
    """Download a public list."""
    from moreish.data.fetch import fetch

    with downloading(name, quiet or json) as progress:
        path = fetch(name, to, progress)
    if json:
        emit({"name": name, "path": str(path)})
    elif not quiet:
        print(f"{path} ({path.stat().st_size:,} bytes, hash verified)")
