"""moreish mix."""

from moreish.cli.flags import DEFAULT_ROOT, Json, Out, Quiet, Root
from moreish.cli.interrupt import something_began


def mix(*runs: str, out: Out = None, root: Root = DEFAULT_ROOT, json: Json = False, quiet: Quiet = False) -> None:
    """Several runs as one, with weights fitted on val; the result is a run like any other.

    Parameters
    ----------
    runs
        Run folders, or their short names: at least two, trained on the same list split in the same way.
    """
    from moreish import api
    from moreish.cli.show import note
    from moreish.cli.train import show_done
    from moreish.runs.events import Mixed, of_kind

    something_began()
    mixed = api.mix([api.open_run(run, root) for run in runs], out=out, root=root)
    if not quiet and not json:
        weights = list(of_kind(mixed.run.events(), Mixed))[-1].weights
        for choice, weight in zip(mixed.config.model.singles, weights, strict=True):
            note(f"{weight:.3f}  {choice.name}")
    show_done(mixed, json)
