"""moreish odd."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from moreish.cli.flags import READING, Count, File, Json, Quiet, Reading, Set

if TYPE_CHECKING:
    from moreish.data import Corpus
    from moreish.inference.surprise import Odd
    from moreish.recipes import Overrides

SURPRISING = math.log(0.02)  # below this a symbol is marked
MOST_NAMED = 3
KINDS = {
    "upper": "a capital",
    "lower": "a small letter",
    "letter": "a letter",
    "digit": "a digit",
    "mark": "an accent",
}


def odd(
    file: File = "names",
    *,
    count: Count = 20,
    format: Literal["text", "tsv", "csv", "json"] | None = None,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The lines of a list that do not look like the others: slips, strangers, symbols that stand nowhere else.

    Every item is judged by n-grams of the others, counted without it. The score is in standard deviations of the
    list's own items. Nothing is changed.

    Parameters
    ----------
    file
        A text file with one item a line, "-" for standard input, or the name of a bundled list (see: moreish lists).
    format
        text: aligned and marked on a terminal, else line, item, score and reason with tabs between; tsv, csv: with a
        heading; json: the same as JSON.
    """
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import out, tell_reading, telling

    if json and format not in (None, "json"):
        raise ValueError(f"--json and --format {format} ask for two formats; give one of them")
    format = "json" if json else format or "text"
    quiet = quiet or format == "json"
    with telling(f"reading {file}", quiet):
        from moreish.inference.surprise import Listed, odd_ones

        corpus, lines = _read(file, overrides_of(reading, set=set))
        tell_reading(corpus.report, quiet)
        listed = Listed.of_corpus(corpus)
    with _progress(2 * len(listed), quiet) as advance:
        found = odd_ones(listed, count, advance=advance)
    if format == "text" and out.is_terminal:
        _show(found, corpus, lines)
    else:
        _write(found, corpus, lines, format)


def _read(file: str, overrides: "Overrides") -> "tuple[Corpus, Sequence[int]]":
    """The list with all its duplicates, and each item's line."""
    from dataclasses import replace

    from moreish.api.preparing import read_with
    from moreish.recipes import checked_data_options

    options = checked_data_options("ngram", overrides)
    if options.text:
        raise ValueError("a running text has no items to compare: leave --text out")
    corpus = read_with(file, replace(options, duplicates=options.duplicates or "keep"))
    lines: Sequence[int] = range(1, len(corpus) + 1)
    if corpus.report.dropped["empty"] and file != "-":
        lines = _lines_with_items(file, corpus) or lines
    return corpus, lines


def _lines_with_items(file: str, corpus: "Corpus") -> Sequence[int] | None:
    """The numbers of the lines that are not blank, by reading them again; None where they are not the items."""
    from moreish.data import Report, sources
    from moreish.data.reader import Reader

    with sources.opened(file) as (name, stream):
        blocks = Reader(name, corpus.options, Report(name)).blocks(stream)
        lines = [line for block in blocks for line in block.lines]
    return lines if len(lines) == len(corpus) else None


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many more items were read, shown as a bar on a terminal."""
    from moreish.cli.show import err

    if quiet or not err.is_terminal:
        yield lambda more: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task("comparing each with the others", total=total)
        yield lambda more: shown.advance(task, more)


def _why(found: "Odd", corpus: "Corpus") -> str:
    """The reason in a few words."""
    from moreish.cli.show import printable
    from moreish.data.vocab import shown

    vocab = corpus.vocab
    match found.why:
        case "symbol":
            named = [shown(vocab.decode([i])) for i in found.strange]
            more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
            return f"no other item has {', '.join(named[:MOST_NAMED])}{more}"
        case "slip" if found.likelier:
            said = f'"{printable(vocab.decode(found.likelier))}"'
            return f"one slip from {said}" if found.in_list else f"may be a slip of {said} (not in the list)"
        case "shape":
            return _shape([*vocab.split(corpus[found.place])], found.met)
        case "length":
            usual = sorted(corpus.split("all").lengths.tolist())[len(corpus) // 2]
            return f"{len(found.logprobs) - 1} symbols long, where {usual} are usual"
        case _:
            return "its symbols do not follow one another as the others' do"


def _shape(symbols: "Sequence[str]", met: int | None) -> str:
    """What two kinds of symbols meet in an item, and hardly in another."""
    if met is None:
        return "its kinds of symbols follow one another as hardly another's do"
    before, after = (_kind(symbols[i]) if 0 <= i < len(symbols) else "" for i in (met - 1, met))
    if not before:
        return f"begins with {after}, as hardly another does"
    return f"{after} after {before}, as hardly another has" if after else f"ends in {before}, as hardly another does"


def _kind(symbol: str) -> str:
    from moreish.background.shape import symbol_class
    from moreish.data.vocab import shown

    return KINDS.get(symbol_class(symbol)) or shown(symbol)


def _show(found: "Sequence[Odd]", corpus: "Corpus", lines: Sequence[int]) -> None:
    """Aligned, with the symbols that surprise marked."""
    from moreish.cli.show import printable, show, text

    width = max((len(f"{lines[each.place]:,}") for each in found), default=0)
    for each in found:
        symbols = [*corpus.vocab.split(corpus[each.place])]
        marked = [
            (printable(symbol), "bold yellow" if logprob < SURPRISING else "bold")
            for symbol, logprob in zip(symbols, each.logprobs.tolist(), strict=False)
        ]
        number = (f"{lines[each.place]:{width},}  ", "dim")
        show(text(number, *_spaced(marked, corpus), (f"  {each.score:.1f}  ", "cyan"), (_why(each, corpus), "dim")))


def _spaced(marked: list[tuple[str, str]], corpus: "Corpus") -> list[tuple[str, str]]:
    """With a space between words, where symbols are words."""
    between = " " if corpus.vocab.unit == "word" else ""
    return [(symbol + between, style) for symbol, style in marked]


def _write(found: "Sequence[Odd]", corpus: "Corpus", lines: Sequence[int], format: str) -> None:
    from moreish.cli.show import as_shown, csv_cell, emit, say

    if format in ("tsv", "csv"):
        sys.stdout.write("line,item,score,why\n".replace(",", "," if format == "csv" else "\t"))
    for each in found:
        item, line, why = corpus[each.place], lines[each.place], _why(each, corpus)
        if format == "json":
            emit(_record(each, corpus, line) | {"says": why})
        elif format == "csv":
            say(f"{line},{csv_cell(item)},{each.score:.3f},{csv_cell(why)}")
        else:
            cells = as_shown(_without_tabs(item)), f"{each.score:.3f}", as_shown(_without_tabs(why))
            sys.stdout.write("\t".join((str(line), *cells)) + "\n")


def _without_tabs(cell: str) -> str:
    return cell.replace("\t", "\\t")


def _record(each: "Odd", corpus: "Corpus", line: int) -> dict[str, object]:
    from moreish.cli.show import finite

    vocab, item = corpus.vocab, corpus[each.place]
    symbols = [*vocab.split(item), ""]
    return {
        "item": item,
        "line": line,
        "score": each.score,
        "why": each.why,
        "strange": [vocab.decode([i]) for i in each.strange],
        "likelier": None if each.likelier is None else vocab.decode(each.likelier),
        "in_list": each.in_list,
        "symbols": [
            {"symbol": s, "logprob": finite(p)} for s, p in zip(symbols, each.logprobs.tolist(), strict=True)
        ],
    }
