"""The shell of `moreish more --interactive` and a model that answers it."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

from moreish.cli import shell, wishes
from moreish.fitting.fitted import Fitted
from moreish.inference.asking import Request
from moreish.inference.more import Item
from moreish.inference.rules import Rules

ENDLESS = 10**9  # items: as many as somebody wants


class Answering:
    """Items of a run, or of a list that was counted or read, for the shell."""

    def __init__(self, source: Fitted, base: Request, seed: int | None) -> None:
        self.source, self.base, self.seed = source, base, seed

    def ask(self, request: wishes.Request) -> Iterator[Item]:
        """What was asked for on the command line, changed by what was said since."""
        names = {field.name for field in fields(Rules)} & {field.name for field in fields(wishes.Request)}
        rules = replace(self.base.rules, **{name: getattr(request, name) for name in names})
        temperature = 1.0 if request.temperature is None else request.temperature
        sampling = replace(self.base.sampling, temperature=temperature, min_p=request.min_p)
        wanted = replace(
            self.base, rules=rules, sampling=sampling, best=request.best, new_by=request.new_by, nearest=True
        )
        return self.source.ask(wanted, request.of or None).items(ENDLESS, self.source.rng(self.seed))

    def why(self, item: str) -> Sequence[tuple[str, float]]:
        """How likely each of its symbols is."""
        return self.source.score(item)[0].per_symbol


def converse(
    source: Fitted, request: Request, of: str | None, count: int | None, keep: Path | None, seed: int | None
) -> None:
    """The shell, beginning with what was asked for on the command line."""
    rules = {name: getattr(request.rules, name) for name in wishes.RULES}
    plain = request.sampling.temperature
    first = wishes.Request(
        **rules,
        temperature=None if plain == 1.0 else plain,
        min_p=request.sampling.min_p,
        best=request.best,
        of=of or "",
        new_by=request.away,
        count=shell.looked_at(count),
    )
    favourites = keep or Path(f"{Path(source.name).stem or source.name}-favourites.txt")
    shell.interactive(Answering(source, replace(request, new_only=False), seed), favourites, first, source.plausible)
