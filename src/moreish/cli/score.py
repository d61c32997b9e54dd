"""moreish score."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, Token

from moreish.cli.flags import (
    DEFAULT_ROOT,
    READING,
    Background,
    File,
    Json,
    Quiet,
    Reading,
    Root,
    Set,
    how_many,
)
from moreish.cli.flags import file as file_name

if TYPE_CHECKING:
    from moreish.data.encodings import Bytes
    from moreish.fitting.fitted import Fitted, Scored
    from moreish.inference.score import ScoredLines

Format = Literal["text", "tsv", "csv", "json"]
Judged = tuple["Scored", list[list[tuple[str, float]]]]  # an item, and the likeliest other symbols at each place

FEW = 20  # items of a file that are shown symbol by symbol on a terminal
RUNNERS_UP = 3  # shown then
AT_ONCE = 1024  # items scored symbol by symbol at a time


def _each_a_file(_: object, tokens: Sequence[Token]) -> list[str]:
    return [file_name(_, [token]) for token in tokens]


def score(
    run: File,
    *items: str,
    file: Annotated[
        list[str] | None, Parameter(negative=(), allow_leading_hyphen=True, converter=_each_a_file)
    ] = None,
    runners_up: Annotated[int | None, Parameter(converter=how_many)] = None,
    format: Format | None = None,
    background: Background = None,
    root: Root = DEFAULT_ROOT,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """How likely is each item under this run's model, and which symbols surprise it?

    An item with a symbol that the list never has cannot come from the model: it is marked, the others are judged,
    and, where the items were named one by one, the exit code is 1.

    Parameters
    ----------
    run
        A run folder, or its short name; or a list, of which an n-gram is then counted; of fewer than 1,000 items, the
        background net reads it as well.
    items
        The items to judge; read from standard input, one a line, when none is given.
    file
        A file of any size with the items to judge, read as a list is: one a line, or CSV or JSON, of which --column
        names the items' column; may be given more than once.
    runners_up
        How many of the likeliest other symbols to name at each place; 3 for a few items on a terminal.
    format
        text: symbol by symbol for items that were named, and for a few on a terminal; else a line an item, with its
        log probability and its loss after tabs; tsv, csv: with a heading, and the symbols that the list never has;
        json: the same as JSON.
    """
    from moreish.cli.show import out

    if json and format not in (None, "json"):
        raise ValueError(f"--json and --format {format} ask for two formats; give one of them")
    if items and file:
        raise ValueError("name the items to judge, or the --file that they stand in, not both")
    format = "json" if json else format or "text"
    if runners_up and format in ("tsv", "csv"):
        raise ValueError(f"--runners-up has no place in a row of {format}: take --format text or --json")
    quiet = quiet or format == "json"
    opened, recognise = _open(run, root, reading, set, background, quiet, files=None if items else file or ["-"])
    seen = out.is_terminal and format == "text"
    most = runners_up if runners_up is not None else RUNNERS_UP * seen
    if items:
        _judge_named(opened, items, format, most)
        return
    blocks = _Blocks(opened, file or ["-"], reading, recognise, quiet)
    if format == "json" or runners_up or (seen and blocks.are_few()):
        _write_judged(opened, chain.from_iterable(lines.items for lines in blocks), format, most)
    else:
        _write_lines(blocks, format)
    blocks.tell()


def _open(
    run: str,
    root: Path,
    reading: Reading,
    set: list[str] | None,
    background: str | None,
    quiet: bool,
    files: list[str] | None,
) -> "tuple[Fitted, bool]":
    """The run, or the list as its model, and whether the files to be judged are recognised as what they are.

    Of a run `--encoding`, `--column` and `data.recognise` are about those files, if there are any.
    """
    from moreish.cli.overrides import overrides_of, reading_settings
    from moreish.cli.show import tell_reading, telling, warn
    from moreish.data import sources
    from moreish.runs.folder import find_run, open_run

    if run == "-" and files and "-" in files:
        raise ValueError('"-" is the list, so the items to judge cannot be read from standard input too: name them')
    with telling(f"loading {run}", quiet):
        from moreish import api
        from moreish.data import DataOptions
        from moreish.options import build

        is_run = find_run(run, root) is not None or Path(run).is_dir()
        if not is_run and run != "-":
            try:
                sources.find(run)
            except ValueError:
                open_run(run, root)  # raises, and says what runs there are
                raise
        own, recognise = reading, True
        if is_run and files:
            own, said = replace(reading, encoding=None, column=None), reading_settings(set)
            recognise = build(DataOptions, {name: said[name] for name in said if name == "recognise"}).recognise
            set = [each for each in set or [] if not each.startswith("data.recognise=")]
        opened = api.open_or_count(run, root, overrides_of(own, set=set), background)
        opened.model  # noqa: B018  (loaded here, while it is said so)
    for sentence in opened.passed_over:
        warn(sentence)
    tell_reading(opened.corpus.report, quiet)
    return opened, recognise


class _Blocks:
    """The items of files, scored a block at a time; counts what it saw."""

    def __init__(
        self, opened: "Fitted", files: Sequence[str], reading: Reading, recognise: bool, quiet: bool
    ) -> None:
        self.opened, self.files, self.reading, self.quiet = opened, files, reading, quiet
        self.as_they_stand = opened.corpus.options.text or not recognise
        self.items = self.unknown = self.tokens = 0
        self.logprob = 0.0
        self.blocks = self._read()

    def __iter__(self) -> "Iterator[ScoredLines]":
        return self.blocks

    def are_few(self) -> bool:
        """Whether they are so few that a person looks at each; nothing is lost by asking."""
        ahead: list[ScoredLines] = []
        for lines in self.blocks:
            ahead.append(lines)
            if self.items > FEW:
                break
        self.blocks = chain(ahead, self.blocks)
        return self.items <= FEW

    def tell(self) -> None:
        """How many there were, and what they lose."""
        from moreish.cli.show import in_words, note

        if self.quiet:
            return
        loss = -self.logprob / max(self.tokens, 1)
        judged = f", loss {loss:.3f}, {in_words(loss)}" if self.tokens else ""
        strange = f"; {self.unknown:,} with symbols that the list never has" if self.unknown else ""
        note(f"{self.items:,} item{'s' * (self.items != 1)}{judged}{strange}")

    def _read(self) -> "Iterator[ScoredLines]":
        from moreish.api import TrainedRun
        from moreish.cli.show import tell_reading
        from moreish.data import Report, sources
        from moreish.inference.score import score_lines

        model, corpus = self.opened.model, self.opened.corpus
        encoding = self.reading.encoding or "utf-8"
        column = self.reading.column if isinstance(self.opened, TrainedRun) else None  # else it is the list's
        with _progress(self.files, self.quiet) as advance:
            for file in self.files:
                suffix = None if self.as_they_stand else sources.suffix_of(file)
                with sources.opened(file) as (name, stream):
                    report, counted = Report(name), _Counted(stream, advance)
                    for lines in score_lines(model, corpus, counted, name, encoding, suffix, column, report):
                        possible = lines.logprob > -math.inf
                        self.items += len(lines.items)
                        self.unknown += len(lines.unknown)
                        self.logprob += float(lines.logprob[possible].sum())
                        self.tokens += int(lines.tokens[possible].sum())
                        yield lines
                    tell_reading(report, self.quiet)


class _Counted:
    """A stream that tells how much was read of it."""

    def __init__(self, stream: "Bytes", advance: Callable[[int], None]) -> None:
        self.stream, self.advance = stream, advance

    def read(self, n: int, /) -> bytes:
        """Up to n bytes; none at the end."""
        piece = self.stream.read(n)
        self.advance(len(piece))
        return piece


@contextmanager
def _progress(files: Sequence[str], quiet: bool) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many more bytes were read, shown as a bar where results go elsewhere."""
    from moreish.cli.show import err, out

    if quiet or out.is_terminal or not err.is_terminal:
        yield lambda more: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from moreish.data import sources

    sizes = [0 if file == "-" else sources.find(file).stat().st_size for file in files]
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task("scoring", total=sum(sizes) if all(sizes) else None)
        yield lambda more: shown.advance(task, more)


def _write_lines(blocks: "Iterable[ScoredLines]", format: str) -> None:
    """A line an item."""
    from moreish.cli.show import csv_cell, out, printable

    separator = "," if format == "csv" else "\t"
    if format != "text":
        sys.stdout.write(separator.join(["item", "logprob", "loss", "unknown"]) + "\n")
    cell: Callable[[str], str] = printable if out.is_terminal else _without_tabs
    if format == "csv":
        cell = (lambda value: printable(csv_cell(value))) if out.is_terminal else csv_cell
    for lines in blocks:
        items = lines.items if cell is _without_tabs and not _any_tab(lines.items) else map(cell, lines.items)
        endings = [""] * len(lines.items) if format == "text" else [separator] * len(lines.items)
        for i, unknown in lines.unknown.items():
            endings[i] = separator + cell(" ".join(unknown))
        row = "%s" + separator + "%.6f" + separator + "%.6f%s\n"
        rows = zip(items, lines.logprob.tolist(), lines.loss.tolist(), endings, strict=True)
        sys.stdout.write("".join([row % values for values in rows]))


def _any_tab(items: Iterable[str]) -> bool:
    return "\t" in "".join(items)


def _without_tabs(item: str) -> str:
    return item.replace("\t", "\\t")


def _judge_named(opened: "Fitted", items: Sequence[str], format: str, most: int) -> None:
    """Raises Unmet where one of them cannot be."""
    from moreish.errors import Unmet

    if format in ("tsv", "csv"):
        impossible = _write_rows(opened.score(items), format)
    else:
        impossible = _write_judged(opened, items, format, most)
    if impossible:
        raise Unmet(
            f"{impossible} of {len(items)} items cannot be scored: they have symbols that the list never has; "
            f"its symbols: {opened.vocab.describe()}"
        )


def _write_rows(scores: "Sequence[Scored]", format: str) -> int:
    """Returns how many items have symbols that the list never has."""
    import numpy as np

    from moreish.inference.score import ScoredLines

    logprob = np.array([scored.score.logprob for scored in scores])
    tokens = np.array([len(scored.symbols) + 1 for scored in scores])
    unknown = {i: scored.unknown for i, scored in enumerate(scores) if scored.unknown}
    items = [scored.item for scored in scores]
    _write_lines([ScoredLines(items, range(1, len(items) + 1), logprob, tokens, unknown)], format)
    return len(unknown)


def _write_judged(opened: "Fitted", items: Iterable[str], format: str, most: int) -> int:
    """Symbol by symbol, as text or JSON. Returns how many items have symbols that the list never has."""
    impossible = 0
    items = iter(items)
    while texts := list(islice(items, AT_ONCE)):
        for scored, others in _judged(opened, texts, most):
            impossible += bool(scored.unknown)
            (_emit_score if format == "json" else _show_score)(scored, others, opened.corpus.where(scored.item))
    return impossible


def _judged(opened: "Fitted", texts: Sequence[str], most: int) -> Iterator[Judged]:
    scores = opened.score(texts)
    others = opened.runners_up(scores, most) if most else ([] for _ in scores)
    yield from zip(scores, others, strict=True)


def _emit_score(scored: "Scored", others: list[list[tuple[str, float]]], known: str) -> None:
    from moreish.cli.show import emit, finite

    each = [{"symbol": s, "logprob": finite(p)} for s, p in scored.per_symbol]
    if others:
        beside = [[{"symbol": s, "logprob": finite(p)} for s, p in place] for place in others]
        each = [{**symbol, "runners_up": place} for symbol, place in zip(each, beside, strict=True)]
    row = {
        "item": scored.item,
        "loss": finite(scored.score.loss),
        "logprob": finite(scored.score.logprob),
        "known": known,
        "symbols": each,
    }
    emit({**row, "unknown": list(scored.unknown)} if scored.unknown else row)


def _show_score(scored: "Scored", others: list[list[tuple[str, float]]], known: str) -> None:
    from moreish.cli.show import bar, in_words, printable, show, text
    from moreish.data.vocab import shown

    if scored.unknown:
        strangers = " and ".join(map(shown, scored.unknown))
        show(text((printable(scored.item), "bold"), "  impossible: ", (f"the list never has {strangers}", "yellow")))
        return
    where = "new" if known == "new" else f"in {known}"
    loss = scored.score.loss
    show(text((printable(scored.item), "bold"), f"  {where}, loss {loss:.3f}, ", in_words(loss)))
    worst = min(range(len(scored.per_symbol)), key=lambda i: scored.per_symbol[i][1])
    for i, (symbol, logprob) in enumerate(scored.per_symbol):
        p = math.exp(logprob)
        mark = "  < the surprise" if i == worst and len(scored.per_symbol) > 1 else ""
        style = "yellow" if p < 0.02 else ""
        beside = ", ".join(f"{printable(s) or 'end'} {math.exp(q):.0%}" for s, q in (others[i] if others else ()))
        aside = ("  not " + beside if beside else "", "dim")
        show(text(f"  {printable(symbol) or 'end':>6} {p:7.2%} ", (bar(p), "cyan"), aside, (mark, style)))
