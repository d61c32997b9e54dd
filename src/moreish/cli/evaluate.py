"""moreish evaluate."""

import math

from moreish.cli.flags import DEFAULT_ROOT, File, Json, Quiet, Root, Set

ROWS = {
    "counted": "the list's own counts",
    "read": "with a net's reading",
    "tuned": "with a net trained on",
    "this run": "what makes its items",
}
MEANING = (
    "nats a symbol: how much a symbol surprises, on average, so less is better; perplexity: so many equally likely "
    "symbols would leave one as unsure."
)
CROSS_VALIDATED = (
    " Every item was foretold by models that were made without it: counts of the list; a net that knows other lists "
    "and has read this one; the same net trained on by it."
)


def evaluate(
    run: str,
    *,
    on: File = "val",
    column: str | None = None,
    encoding: str | None = None,
    set: Set = None,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The loss of a run's model, beside what simple models lose: uniform, unigram, bigram, n-gram.

    Parameters
    ----------
    run
        A run folder, or its short name.
    on
        train, val, test (only ever used when it is named here), or another list.
    column
        The items' column of another list that is a CSV or JSON file: its name, or its number.
    encoding
        How the bytes of another list are to be read; UTF-8 unless said.
    set
        Other options of how another list is read: data.recognise=false.
    """
    from moreish import api
    from moreish.cli.overrides import reading_settings
    from moreish.cli.show import bar, emit, finite, note, printable, show, table, telling

    reading = reading_settings(set, column=column, encoding=encoding)
    with telling(f"loading {run}", quiet or json):
        opened = api.open_run(run, root)
        result = opened.evaluate(on, **reading)
        remembered = None if opened.corpus.options.text else opened.remembered()
    if not quiet:
        for sentence in result.get("told", []):
            note(sentence)
    if json:
        plain = {**result, "loss": finite(result["loss"]), "perplexity": finite(result["perplexity"])}
        plain |= {"error": finite(result["error"])} if "error" in result else {}
        emit(plain | {"remembered": None if remembered is None else remembered.to_json()})
        return
    losses: dict[str, float] = {**result["baselines"], "this run": result["loss"]}
    highest = max(losses.values())
    rows = [
        (name, f"{loss:.4f}", f"{math.exp(loss):.2f}", bar(loss / highest), _words(name))
        for name, loss in sorted(losses.items(), key=lambda pair: -pair[1])
    ]
    show(
        table(
            [("", "left"), ("nats a symbol", "right"), ("perplexity", "right"), ("", "left"), ("", "left")],
            rows,
            f"{printable(result['on'])}: {result['items']:,} items, {result['symbols']:,} symbols",
        )
    )
    if not quiet:
        note(MEANING + CROSS_VALIDATED * ("error" in result))
    if remembered is not None and not quiet:
        note(str(remembered))


def _words(name: str) -> str:
    """What a row is the loss of."""
    from moreish.cli.show import BASELINE_WORDS

    return (BASELINE_WORDS | ROWS).get(name, "")
