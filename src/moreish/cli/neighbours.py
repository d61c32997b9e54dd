"""moreish neighbours."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from moreish.cli.flags import DEFAULT_ROOT, Json, Quiet, Root, whole

if TYPE_CHECKING:
    from moreish.api import TrainedRun

SHOWN_UNASKED = 5


def neighbours(
    run: str,
    *symbols: str,
    count: Annotated[int, Parameter(alias="-n", help="How many for each.", converter=whole)] = 8,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The symbols that a run's network treats most like these: words, for a run on words.

    Parameters
    ----------
    run
        A run folder, or its short name.
    symbols
        Symbols of the run's list; the most frequent of train when none is given.
    """
    if count < 1:
        raise ValueError(f"-n is how many neighbours to name, at least 1, not {count}")
    from moreish.api import open_run
    from moreish.cli.show import bar, emit, show, symbol_name, table, telling, text
    from moreish.models.mixture import Mixture

    with telling(f"loading {run}", quiet or json):
        from moreish.inference.neighbours import nearest_words

        opened = open_run(run, root)
        components = opened.model.components if isinstance(opened.model, Mixture) else [opened.model]
    model = next((component for component in components if hasattr(component, "module")), opened.model)
    for symbol in symbols or _frequent(opened):
        found = nearest_words(model, opened.vocab, symbol, count)
        if json:
            emit({"symbol": symbol, "neighbours": [{"symbol": s, "cosine": cosine} for s, cosine in found]})
            continue
        show(text((symbol_name(symbol), "bold")))
        rows = [(symbol_name(s), f"{cosine:.2f}", bar(max(cosine, 0.0))) for s, cosine in found]
        show(table([("", "left"), ("cosine", "right"), ("", "left")], rows))


def _frequent(run: "TrainedRun") -> list[str]:
    """The symbols that train has most often."""
    import numpy as np

    ids = run.corpus.split("train").ids
    counts = np.bincount(ids, minlength=len(run.vocab))[1:]
    return [run.vocab.symbols[i] for i in np.argsort(-counts, kind="stable")[:SHOWN_UNASKED]]
