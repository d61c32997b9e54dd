"""moreish score."""

import math
import sys
from typing import TYPE_CHECKING

from moreish.cli.flags import DEFAULT_ROOT, Json, Quiet, Root

if TYPE_CHECKING:
    from moreish.fitting.fitted import Scored


def score(run: str, *items: str, root: Root = DEFAULT_ROOT, json: Json = False, quiet: Quiet = False) -> None:
    """How likely is each item under this run's model, and which symbols surprise it?

    An item with a symbol that the list never has cannot come from the model: it is marked, the others are judged,
    and the exit code is 1.

    Parameters
    ----------
    run
        A run folder, or its short name.
    items
        The items to judge; read from standard input, one a line, when none is given.
    """
    from moreish import api
    from moreish.cli.show import telling
    from moreish.errors import Unmet

    asked = items or tuple(_lines_of_standard_input())
    with telling(f"loading {run}", quiet or json):
        opened = api.open_run(run, root)
        scores = opened.score(asked)
    for scored in scores:
        (_emit_score if json else _show_score)(scored, opened.corpus.where(scored.item))
    impossible = [scored for scored in scores if scored.unknown]
    if impossible:
        raise Unmet(
            f"{len(impossible)} of {len(scores)} items cannot be scored: they have symbols that the list never has; "
            f"its symbols: {opened.vocab.describe()}"
        )


def _lines_of_standard_input() -> list[str]:
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"standard input, line {line}: not UTF-8 (0x{error.object[error.start]:02X})") from None
    return [item for item in (line.strip() for line in text.split("\n")) if item]


def _emit_score(scored: "Scored", known: str) -> None:
    from moreish.cli.show import emit, finite

    row = {
        "item": scored.item,
        "loss": finite(scored.score.loss),
        "logprob": finite(scored.score.logprob),
        "known": known,
        "symbols": [{"symbol": s, "logprob": finite(p)} for s, p in scored.per_symbol],
    }
    emit({**row, "unknown": list(scored.unknown)} if scored.unknown else row)


def _show_score(scored: "Scored", known: str) -> None:
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
        show(text(f"  {printable(symbol) or 'end':>6} {p:7.2%} ", (bar(p), "cyan"), (mark, style)))
