"""moreish evaluate."""

import math

from moreish.cli.flags import DEFAULT_ROOT, File, Json, Quiet, Root


def evaluate(
    run: str,
    *,
    on: File = "val",
    column: str | None = None,
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
    """
    from moreish import api
    from moreish.cli.show import BASELINE_WORDS, bar, emit, finite, note, printable, show, table, telling

    with telling(f"loading {run}", quiet or json):
        opened = api.open_run(run, root)
        result = opened.evaluate(on, column=column)
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
        (name, f"{loss:.4f}", f"{math.exp(loss):.2f}", bar(loss / highest), BASELINE_WORDS.get(name, ""))
        for name, loss in sorted(losses.items(), key=lambda pair: -pair[1])
    ]
    show(
        table(
            [("", "left"), ("nats a symbol", "right"), ("perplexity", "right"), ("", "left"), ("", "left")],
            rows,
            f"{printable(result['on'])}: {result['items']:,} items, {result['symbols']:,} symbols",
        )
    )
    if remembered is not None and not quiet:
        note(str(remembered))
