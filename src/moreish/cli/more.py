"""moreish more: items from a run, or straight from a list by counting, exactly as they are asked for."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from cyclopts import Parameter

from moreish.cli.flags import (
    CHOOSING,
    DEFAULT_ROOT,
    DRAWING,
    READING,
    RULING,
    AnySeed,
    Background,
    Choosing,
    Count,
    Drawing,
    File,
    Json,
    Quiet,
    Reading,
    Root,
    Ruling,
    Set,
    sources_of,
)

if TYPE_CHECKING:
    from moreish.data import Corpus
    from moreish.data.sources import Files
    from moreish.fitting.fitted import Fitted
    from moreish.inference.asking import Asked, Request
    from moreish.options import Setting

USUAL = 20  # items


def more(
    *runs_or_files: File,
    count: Count | None = None,
    ruling: Ruling = RULING,
    choosing: Choosing = CHOOSING,
    of: str | None = None,
    drawing: Drawing = DRAWING,
    repeats: Annotated[bool, Parameter(negative=())] = False,
    interactive: Annotated[bool, Parameter(alias="-i", negative=())] = False,
    keep: Path | None = None,
    format: Literal["text", "csv", "json"] | None = None,
    background: Background = None,
    root: Root = DEFAULT_ROOT,
    seed: AnySeed = None,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """More items from a run; from a list, in a second.

    Parameters
    ----------
    runs_or_files
        A run folder or its short name; or a list (several files are one), of which an n-gram is counted; a short one
        the background net reads as well.
    of
        A kind of a list that has kinds (see --by); several are blended: elves:0.7,dwarves:0.3.
    repeats
        An item may come more than once.
    interactive
        Look at some, change what is asked for, go on, keep the ones you like.
    keep
        The file of favourites for --interactive; NAME-favourites.txt unless said.
    format
        text: one item a line; csv and json: with log probability, whether it is known, and the nearest known item.
    """
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import telling

    _refuse_contradictions(json, format, keep, interactive)
    names = sources_of(runs_or_files)
    with telling(f"loading {' '.join(runs_or_files) or names}", quiet or json):
        from moreish.api import open_or_count
        from moreish.inference.asking import Request

        others = _about_others(names, root, ruling, reading, set)
        overrides = overrides_of() if others.alone else overrides_of(reading, set=set)
        source, seed = open_or_count(names, root, overrides, background), overrides.seed if seed is None else seed
        rules = {**ruling.given(), "not_in": _items_of(ruling, source, others, quiet or json)}
        request = Request.of(**rules, **choosing.given(), **drawing.given(), unique=not repeats)
        _tell(source, quiet or json)
        form = "json" if json else format or "text"
        asked = None if interactive else _asked(source, request, of, form)
    if asked is not None:
        return _show(source, asked, USUAL if count is None else count, seed, form, quiet)
    from moreish.cli.ask import converse

    return converse(source, request, of, count, keep, seed)


def _refuse_contradictions(json: bool, format: str | None, keep: Path | None, interactive: bool) -> None:
    if json and format not in (None, "json"):
        raise ValueError(f"--json and --format {format} ask for two formats; give one of them")
    if keep is not None and not interactive:
        raise ValueError(f"--keep {keep} is the file of favourites for --interactive: say --interactive as well")


def _tell(source: "Fitted", quiet: bool) -> None:
    from moreish.cli.show import tell_reading, warn

    for sentence in source.passed_over:
        warn(sentence)
    tell_reading(source.corpus.report, quiet)


class AboutOthers(NamedTuple):
    """What is said of reading the lists of `--not-in`; `alone`: nothing of it is about what items are made from."""

    said: "dict[str, Setting]"
    alone: bool


OF_ANY_FILE = ("encoding", "column", "recognise", "marks", "max_bytes", "max_items", "max_length", "max_symbols")


def _about_others(
    names: "str | Files", root: Path, ruling: Ruling, reading: Reading, set: list[str] | None
) -> AboutOthers:
    """A run takes none of it, for its list was read; a list is read so too."""
    from moreish.cli.overrides import parse_assignments, reading_settings
    from moreish.data.sources import Files
    from moreish.runs.folder import find_run

    if ruling.not_in and not isinstance(names, Files) and find_run(names, root) is not None:
        said = reading_settings(set, **reading.given())
        return AboutOthers(said, alone=bool(said))
    said = reading.given() | parse_assignments(set or []).get("data", {})
    return AboutOthers({name: said[name] for name in said if name in OF_ANY_FILE}, alone=False)


def _items_of(ruling: Ruling, source: "Fitted", others: AboutOthers, quiet: bool) -> tuple[str, ...]:
    """The items of the lists that are to be kept away from, read as it is said."""
    if not ruling.not_in:
        return ()
    from moreish.cli.show import tell_reading
    from moreish.inference.asking import items_of

    lists = [_read_as_said(file, others) for file in ruling.not_in]
    for each in lists:
        tell_reading(each.report, quiet)
    return items_of(lists, source.vocab)


def _read_as_said(file: str, others: AboutOthers) -> "Corpus":
    """A list to keep away from; where what is said can only be about the other list, without it."""
    from moreish.api import read

    try:
        return read(file, **others.said)
    except ValueError:
        if others.alone or not others.said:
            raise
        with suppress(ValueError):
            return read(file)
        raise


def _asked(source: "Fitted", request: "Request", of: str | None, format: str) -> "Asked":
    """The request made ready; where people or programs see it, with the nearest known item of each."""
    from dataclasses import replace

    from moreish.cli.show import out

    looked_at = format != "text" or out.is_terminal
    return source.ask(replace(request, nearest=looked_at), of)


def _show(
    source: "Fitted",
    asked: "Asked",
    count: int,
    seed: int | None,
    format: Literal["text", "csv", "json"],
    quiet: bool,
) -> None:
    from moreish.cli.items import show_items
    from moreish.cli.passages import show_passages
    from moreish.cli.progress import counted
    from moreish.cli.show import note, out

    for sentence in asked.hints:
        note(sentence)
    items = counted(asked.items(count, source.rng(seed)), count, "making items", quiet)
    if source.corpus.options.text:
        given = show_passages(items, format)
    else:
        given = show_items(items, format, source.plausible if out.is_terminal and format == "text" else None)
    if not quiet and format == "text" and out.is_terminal:
        for sentence in (asked.rare, asked.worth, asked.left_out, asked.verdict):
            if sentence:
                note(sentence)
    if given < count:
        from moreish.errors import Unmet

        raise Unmet(asked.why_so_few(given))
