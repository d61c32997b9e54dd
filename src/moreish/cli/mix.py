"""moreish mix."""

from moreish.cli.flags import DEFAULT_ROOT, Json, Out, Root
from moreish.cli.interrupt import something_began


def mix(*runs: str, out: Out = None, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """Several runs as one, with weights fitted on val; the result is a run like any other.

    Parameters
    ----------
    runs
        Run folders, or their short names: at least two, trained on the same list split in the same way.
    """
    from moreish import api
    from moreish.cli.show import note
    from moreish.cli.train import show_done

    something_began()
    mixed = api.mix([api.open_run(run, root) for run in runs], out=out, root=root)
    if not json:
        weights = list(mixed.run.records("mixed"))[-1]["weights"]
        for leaf, weight in zip(mixed.config.model.leaves, weights, strict=True):
            note(f"{weight:.3f}  {leaf.name}")
    show_done(mixed, json)
