"""Notes: plain sentences on what so little, or such, data cannot tell. They stand in the report."""

from collections.abc import Iterator

from moreish.data.options import DataOptions
from moreish.data.report import Report
from moreish.data.vocab import UNKNOWN, shown
from moreish.wording import called

FEW = 10  # items below which nothing is worth measuring
LEAST_OF_KIND = 2  # items
ROUGH = 30  # items in val or test below which a loss is a rough guess


def notes_on(report: Report, options: DataOptions) -> list[str]:
    """What to know before trusting a number, the gravest first."""
    found = _size, _parts, _weightless, _duplicates, _kinds
    return [*(note for notes in found for note in notes(report, options)), *_unit(report), *_symbols(report)]


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


def _weightless(report: Report, options: DataOptions) -> Iterator[str]:
    if n := report.dropped["of weight 0"]:
        yield f"{n:,} row{'s are' if n > 1 else ' is'} of weight 0 and left out."


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


def _kinds(report: Report, options: DataOptions) -> Iterator[str]:
    if not report.kinds:
        return
    if len(report.kinds) == 1:
        yield f'All items are of one kind, "{next(iter(report.kinds))}": there is nothing to tell apart.'
    single = [kind for kind, count in report.kinds.items() if count.items < LEAST_OF_KIND]
    untrained = [kind for kind, count in report.kinds.items() if not count.train and kind not in single]
    if single:
        what = "has a single item" if len(single) == 1 else "have a single item each"
        yield f"{_some(single, what='kinds')} {what}: what is common to the kind cannot be learned from that."
    if untrained:
        yield f"Train has no item of the kind{'s' * (len(untrained) > 1)} {_some(untrained, what='kinds')}."
    if options.split == "lecture":
        yield "The lecture split shuffles, so an item that is of two kinds may stand in train and in val."


def _unit(report: Report) -> Iterator[str]:
    if report.grouped:
        yield (
            "Letters of this list are made of several code points, so its symbols are graphemes, what the eye takes "
            f"for one letter; {called('unit', 'char')} for code points."
        )


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


def _some(names: list[str], most: int = 5, what: str = "symbols") -> str:
    if len(names) == most + 1:  # naming the last one is no longer than counting it
        most += 1
    named = ", ".join(shown(s) for s in names[:most])
    return named if len(names) <= most else f"{named} and {len(names) - most:,} more {what}"
