"""A background net of one's own lists."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from moreish.api.preparing import Source, lists_of_letters
from moreish.background import weights as background_weights
from moreish.background.weights import Background
from moreish.fitting.stopping import stop_requests
from moreish.recipes import Overrides


def background(
    sources: Sequence[Source],
    out: str | Path,
    *,
    seconds: float = 1800.0,
    seed: int = 0,
    begin_from: str | None = None,
    overrides: Overrides | None = None,
    tell: Callable[[str], None] | None = None,
) -> Background:
    """A background net trained on lists of one's own and kept in the folder `out`; see `background.making`.

    `begin_from` is a net that the training goes on from: "bundled", or a folder. Raises ValueError where there is
    none, a source is no list or has words for symbols, or `out` holds a net; OSError at once where `out` cannot be.
    """
    from moreish.background.making import NamedList, divided, make_background
    from moreish.background.train import BackgroundOptions

    if isinstance(sources, str | Path) or not sources:
        raise ValueError("a background net takes several lists: give a list of files")
    if not (isinstance(seconds, int | float) and seconds > 0):
        raise ValueError(f"seconds is how long to train, a number above 0, and not {seconds!r}")
    if Path(out).exists() and not Path(out).is_dir():
        raise ValueError(f"{out} is a file, and the net is written to a folder")
    lists = [NamedList(name, items) for name, items in lists_of_letters(sources, overrides or Overrides())]
    begun = None if begin_from is None else background_weights.find(begin_from)
    if (Path(out) / background_weights.FILE).exists():
        raise ValueError(f"{out} holds a background net already: give the new one another folder")
    background_weights.refuse_unwritable(Path(out) / background_weights.FILE)
    trained, kept_out = divided(lists)
    settings = BackgroundOptions(seconds=seconds, seed=seed)
    tell = tell or (lambda sentence: None)
    if kept_out:
        tell(f"kept to measure on: {', '.join(each.name for each in kept_out)}")
    with stop_requests() as stop_requested:
        made = make_background(trained, kept_out, settings, tell, stop_requested=stop_requested, begin=begun)
    about = {
        "lists": [each.name for each in lists],
        "items": sum(len(each.items) for each in lists),
        background_weights.SEEN: background_weights.marks_of("".join(i) for each in trained for i in each.items),
    }
    return replace(made, hash=background_weights.save(made, Path(out) / background_weights.FILE, about))
