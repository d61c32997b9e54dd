"""The shell of `moreish more --interactive`: look at items, change what they must do, go on, keep the good ones.

Each line is a command (see COMMANDS); an empty one asks for more. What goes wrong is one sentence, and the shell goes
on; a rule that cannot be kept is taken back. Favourites are in their file as soon as they are named.
"""

import difflib
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from rich.console import Console

from moreish.cli import show
from moreish.cli.favourites import add_favourites, favourites
from moreish.cli.interrupt import something_began
from moreish.cli.items import ItemLike, Plausible, Shown, show_table
from moreish.cli.wishes import Request, in_shell, rules_in_words
from moreish.errors import describe
from moreish.inference.naming import renamed

Number = TypeVar("Number", int, float)

PROMPT = "> "
MOST = 10_000  # items shown at a time


@runtime_checkable
class Source(Protocol):
    """Whatever makes items and can say why."""

    def ask(self, request: Request) -> Iterator[ItemLike]:
        """Items as asked for, one at a time, for as long as somebody wants more.

        Raises ValueError or Unmet, here or at the first item, where the request makes no sense or cannot be met.
        """
        ...

    def why(self, item: str) -> Sequence[tuple[str, float]]:
        """(symbol, log probability in nats) of each of an item's symbols, and of its end as an empty symbol."""
        ...


class Leave(Exception):
    """Somebody has seen enough."""


def interactive(
    source: Source, keep: Path, request: Request | None = None, plausible: Plausible | None = None
) -> None:
    """Read commands from the terminal, or from standard input, until there are no more of them.

    keep : the file of favourites, which is made with the first of them
    """
    something_began()
    Shell(source, keep, request or Request(), plausible).run(typed())


def typed() -> Iterator[str]:
    """The lines that somebody types, with a history where the system has one; or those of standard input."""
    if not sys.stdin.isatty():
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", "replace").lstrip("\ufeff")
        return
    with suppress(ImportError):
        import_module("readline")
    with suppress(EOFError):
        while True:
            yield input(PROMPT)


class Shell:
    """What was shown, what is asked for, and what was asked for before."""

    def __init__(
        self,
        source: Source,
        keep: Path,
        request: Request,
        plausible: Plausible | None = None,
        console: Console | None = None,
    ) -> None:
        self.source, self.file, self.request, self.plausible = source, keep, request, plausible
        self.console = console or show.out
        self.before: list[Request] = []
        self.shown: list[str] = []
        self.items: Iterator[ItemLike] | None = None

    def run(self, lines: Iterable[str]) -> None:
        """Show the first items and do what each line says. Ctrl-C, or the end of the lines, ends it."""
        show.note("Enter for more, help for what else can be said, quit to leave")
        try:
            self._do("")
            for line in lines:
                self._do(line)
        except Leave:
            pass
        except KeyboardInterrupt:
            show.note("")
        with suppress(OSError, ValueError):
            kept = len(favourites(self.file))
            if kept:
                show.note(f"{kept} favourite{'s' * (kept != 1)} in {self.file}")

    def _do(self, line: str) -> None:
        """One command; what goes wrong with it is said."""
        try:
            name, _, rest = line.strip().partition(" ")
            command_of(name).do(self, rest.strip())
        except Leave:
            raise
        except KeyboardInterrupt:  # while something was made: only that ends
            self.items = None
            show.note("stopped; Enter goes on, quit leaves")
        except Exception as error:
            show.warn(renamed(describe(error)[1], in_shell))

    def ask(self, request: Request, *, remember: bool = True) -> None:
        """Ask for something else, and show what comes; where nothing can, what was asked before stands."""
        items = self.source.ask(request)
        first = next(items, None)
        if first is None:
            raise ValueError("nothing comes of that; it is taken back")
        if remember and request != self.request:
            self.before.append(self.request)
        self.request, self.items = request, _with(first, items)
        self.go_on()

    def go_on(self) -> None:
        """The next items as they come."""
        if self.items is None:
            self.ask(self.request)
            return
        coming = (self._seen(item) for item in islice(self.items, self.request.count))
        came = show_table(coming, self.console, numbered_from=len(self.shown) + 1)
        if came < self.request.count:
            show.note("no more come of this; undo takes the last change back, reset all of them")

    def _seen(self, item: ItemLike) -> Shown:
        self.shown.append(item.text)
        return Shown.of(item, self.plausible)

    def numbered(self, text: str) -> list[str]:
        """The items of these numbers: `3 7`, `3,7`, `3-5`. Raises ValueError where one of them is none."""
        found = []
        for part in text.replace(",", " ").split():
            match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part)
            low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
            if not 1 <= low <= high <= len(self.shown):
                raise ValueError(f'"{part}" is none of the numbers before the items, 1 to {len(self.shown)}')
            found += self.shown[low - 1 : high]
        if not found:
            raise ValueError("say which, by the numbers before the items: 3 7")
        return found


def _with(first: ItemLike, rest: Iterator[ItemLike]) -> Iterator[ItemLike]:
    yield first
    yield from rest


@dataclass(frozen=True)
class Command:
    """How it is written, what it does in a few words, and what does it."""

    usage: str
    says: str
    do: Callable[[Shell, str], None]


def command_of(name: str) -> "Command":
    """The command of this name. Raises ValueError where there is none."""
    known = [*COMMANDS, *ALIASES]
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        meant = f'did you mean "{near[0]}"?' if near else "help lists what can be said"
        raise ValueError(f'"{name}" is no command; {meant}')
    return COMMANDS[ALIASES.get(name.lower(), name.lower())]


def _text_rule(field: str) -> Callable[[Shell, str], None]:
    def change(shell: Shell, text: str) -> None:
        shell.ask(replace(shell.request, **{field: _unquoted(text)}))

    return change


def _contains(shell: Shell, text: str) -> None:
    shell.ask(replace(shell.request, contains=(*shell.request.contains, _unquoted(text)) if text else ()))


def _starts(shell: Shell, text: str) -> None:
    shell.ask(replace(shell.request, starts_with=_unquoted(re.sub(r"^with ", "", text))))


def _ends(shell: Shell, text: str) -> None:
    shell.ask(replace(shell.request, ends_with=_unquoted(re.sub(r"^(in|with) ", "", text))))


def _temperature(shell: Shell, text: str) -> None:
    value = _number(text, float, "a temperature", "0.8") if text else None
    shell.ask(replace(shell.request, temperature=value))


def _min_p(shell: Shell, text: str) -> None:
    value = _number(text, float, "a share from 0 to 1", "0.1", 1.0) if text else None
    shell.ask(replace(shell.request, min_p=value))


def _more(shell: Shell, text: str) -> None:
    if text:
        shell.request = replace(shell.request, count=looked_at(_number(text, int, "how many", "20")))
    shell.go_on()


def looked_at(count: int | None) -> int:
    """How many items are shown at a time. Raises ValueError for none, and for more than anybody looks at."""
    count = Request.count if count is None else count
    if not 1 <= count <= MOST:
        raise ValueError(f"{count} at a time? Between 1 and {MOST:,}")
    return count


def _new(shell: Shell, text: str) -> None:
    shell.ask(replace(shell.request, new_by=_number(text, int, "a number of edits", "2") if text else 1))


def _undo(shell: Shell, _: str) -> None:
    if not shell.before:
        raise ValueError("there is nothing to take back")
    shell.ask(replace(shell.before[-1], count=shell.request.count), remember=False)
    shell.before.pop()


def _keep(shell: Shell, text: str) -> None:
    items = shell.numbered(text)
    new = add_favourites(shell.file, items)
    there = "" if len(new) == len(set(items)) else "; the others are there already" if new else "there already"
    show.note(f"kept {', '.join(new)}{there}" if new else there)


def _kept(shell: Shell, _: str) -> None:
    kept = favourites(shell.file)
    for item in kept:
        shell.console.print(show.printable(item))
    show.note(f"{len(kept)} in {shell.file}" if kept else "none yet: keep 3 7")


def _why(shell: Shell, text: str) -> None:
    for item in shell.numbered(text):
        shell.console.print(show.text((show.printable(item), "bold")))
        for symbol, logprob in shell.source.why(item):
            share = math.exp(logprob)
            shell.console.print(
                show.text(f"  {show.printable(symbol) or 'end':>6} {share:7.2%} ", (show.bar(share), "cyan"))
            )


def _rules(shell: Shell, _: str) -> None:
    lines = list(rules_in_words(shell.request))
    for line in lines or ["none: every item that the model makes"]:
        shell.console.print(show.printable(line))


def _help(shell: Shell, _: str) -> None:
    width = max(len(command.usage) for command in COMMANDS.values()) + 2
    apart = "" if shell.console.width >= width + max(len(c.says) for c in COMMANDS.values()) else "\n  "
    for command in COMMANDS.values():
        usage = command.usage if apart else command.usage.ljust(width)
        shell.console.print(show.text(usage, (apart + command.says, "dim")))
    show.note("a rule's word alone takes that rule back: starts")


def _quit(_: Shell, __: str) -> None:
    raise Leave


COMMANDS: dict[str, Command] = {
    "": Command("Enter", "more of them", lambda shell, _: shell.go_on()),
    "more": Command("more 20", "so many at a time", _more),
    "starts": Command("starts bri", "how every item begins", _starts),
    "ends": Command("ends ton", "how every item ends", _ends),
    "contains": Command("contains ar", "what every item has in it; several are all meant", _contains),
    "length": Command("length 4-8", "how many symbols: 4-8, 6, 4- or -8", _text_rule("length")),
    "like": Command("like Ka__a*", "_ is one symbol, * any number", _text_rule("pattern")),
    "regex": Command("regex [a-m].*", "a regular expression for the whole item", _text_rule("regex")),
    "only": Command("only a-z", "the symbols that may occur", _text_rule("only")),
    "without": Command("without xyz", "symbols that must not occur", _text_rule("without")),
    "of": Command("of elves", "of which kind; of elves:0.7,dwarves:0.3: blended; of: any", _text_rule("of")),
    "temperature": Command("temperature 0.8", "below 1 plays safe, above 1 dares", _temperature),
    "min-p": Command("min-p 0.1", "no symbol below this share of the likeliest one's chance; 0: any", _min_p),
    "best": Command("best", "the most probable first", lambda shell, _: shell.ask(replace(shell.request, best=True))),
    "sample": Command("sample", "by chance again", lambda shell, _: shell.ask(replace(shell.request, best=False))),
    "new": Command("new 2", "so many edits from the list or more; new: none of it; new 0: any", _new),
    "rules": Command("rules", "what is asked for", _rules),
    "undo": Command("undo", "take the last change back", _undo),
    "reset": Command("reset", "ask for nothing special", lambda shell, _: shell.ask(_plain(shell.request))),
    "keep": Command("keep 3 7", "put these into the file of favourites", _keep),
    "kept": Command("kept", "what is in it", _kept),
    "why": Command("why 3", "how likely each symbol is", _why),
    "help": Command("help", "this", _help),
    "quit": Command("quit", "leave; Ctrl-D and Ctrl-C do too", _quit),
}
ALIASES = {
    "start": "starts",
    "begins": "starts",
    "end": "ends",
    "has": "contains",
    "kind": "of",
    "temp": "temperature",
    "random": "sample",
    "?": "help",
    "exit": "quit",
    "q": "quit",
}


def _plain(request: Request) -> Request:
    return Request(count=request.count)


def _unquoted(text: str) -> str:
    """Without the quotes around it, in which spaces at the ends count."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _number(text: str, kind: type[Number], what: str, such_as: str, most: float = math.inf) -> Number:
    try:
        value = kind(text)
    except ValueError:
        value = kind(-1)
    if not 0 <= value <= most or value == math.inf:
        raise ValueError(f'"{text}" is not {what}, such as {such_as}')
    return value
