"""Notes: plain sentences on what so little, or such, data cannot tell. They stand in the report."""

from collections.abc import Iterator

from moreish.data.options import DataOptions
from moreish.data.report import Report
from moreish.data.vocab import UNKNOWN, shown

FEW = 10  # items below which nothing is worth measuring
ROUGH = 30  # items in val or test below which a loss is a rough guess


def notes_on(report: Report, options: DataOptions) -> list[str]:
    """What to know before trusting a number, the gravest first."""
    return [*_size(report, options), *_parts(report, options), *_duplicates(report, options), *_symbols(report)]


def _size(report: Report, options: DataOptions) -> Iterator[str]:
    if options.text:
        return
    if report.unique == 1:
        yield "There is only one item: a model can learn it by heart, and no more can be learned or measured."
    elif report.unique < FEW:
        yield f"With {report.unique} different items nothing that is measured says much."


def _parts(report: Report, options: DataOptions) -> Iterator[str]:
    what = "symbol" if options.text else "item"
    if report.divided is False:
        return
    unmeasured = {"val": "when to stop training, or which model is better,", "test": "the final quality"}
    asked = {"val": options.val_share, "test": options.test_share}
    for name, question in unmeasured.items():
        n = report.splits[name]["items"]
        if not n:
            why = f"the share asked for is {asked[name]:g}" if not asked[name] else "there are too few"
            yield f"{name} has no {what} ({why}), so {question} cannot be measured."
        elif n < ROUGH and not options.text:
            yield f"{name} has {n} {what}{'s' * (n > 1)}: a loss on so few is a rough guess."


def _duplicates(report: Report, options: DataOptions) -> Iterator[str]:
    if not report.duplicates:
        return
    share = f"{report.duplicates:,} of {report.items:,} items ({report.duplicates / report.items:.1%})"
    if options.drop_duplicates:
        yield f"{share} occurred before and were left out before the split."
    elif options.split == "hash":
        yield f"{share} occurred before and were kept; equal items are always in the same split."
    else:
        yield f"{share} occurred before and were kept: some in val and test are also in train, which flatters."


def _symbols(report: Report) -> Iterator[str]:
    if len(report.counts) == 1:
        yield "There is only one symbol: all that can be learned is how long items are."
    if report.counts.get(UNKNOWN):
        share = report.counts[UNKNOWN] / sum(report.counts.values())
        yield f"{share:.1%} of all words are rare and became {UNKNOWN}."
    if missing := report.only_outside_train:
        yield f"Train never has {_some(missing)}: val or test does, and nothing can be learned about it there."
    elif len(report.counts) > 1 and (once := report.once):
        yield f"{_some(once)} occur{'s' * (len(once) == 1)} only once: hardly anything can be learned about that."


def _some(symbols: list[str], most: int = 5) -> str:
    named = ", ".join(shown(s) for s in symbols[:most])
    return named if len(symbols) <= most else f"{named} and {len(symbols) - most:,} more symbols"
