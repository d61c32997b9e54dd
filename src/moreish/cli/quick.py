"""Plain `moreish FILE`: the whole job in one go."""

from moreish.cli.flags import (
    DEFAULT_ROOT,
    READING,
    Background,
    Count,
    File,
    Json,
    Out,
    Quiet,
    Reading,
    Root,
    Seconds,
    Seed,
    Set,
    Training,
    sources_of,
)


def quick(
    *files: File,
    count: Count = 20,
    time_budget: Seconds = None,
    background: Background = None,
    out: Out = None,
    root: Root = DEFAULT_ROOT,
    seed: Seed = None,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make more things like those in a list: the whole job, in seconds.

    Parameters
    ----------
    files
        A text file with one item a line, CSV or JSON, "-" for standard input, or the name of a bundled list (see:
        moreish lists); several are one list.
    """
    from moreish.cli.mistakes import refuse_command_as_file
    from moreish.cli.overrides import overrides_of
    from moreish.cli.panel import cut_short
    from moreish.cli.passages import show_passages
    from moreish.cli.show import emit, in_words, note, printable, show_items
    from moreish.cli.train import trained_in_view
    from moreish.runs.events import to_record

    refuse_command_as_file(files)
    overrides = overrides_of(reading, Training(time_budget=time_budget), set=set, seed=seed)
    run = trained_in_view(
        sources_of(files), "quick", overrides, out=out, root=root, quiet=quiet or json, background=background
    )
    items = run.more(count, new_only=True, seed=run.config.seed)
    shown = show_passages if run.corpus.options.text else show_items
    shown(items, "json" if json else "text")
    if json:
        emit(to_record(run.done))
    if quiet or json:
        return
    if len(items) < count:
        note(f"only {len(items)} new items: after that the model had nothing to say that the list does not have")
    loss = run.done.val_loss
    if loss is not None:
        found = run.cross_validated
        error = f" ± {found.error:.3f}" if found and found.error else ""
        which = f"{found.items} items, none of which it had seen then" if found else "items it never saw"
        if found and found.seen:
            which = f"{found.items} items, which is too good: the background net had been trained on {found.seen:.0%}"
        note(f"loss on {which}: {loss:.3f}{error} nats a symbol, {in_words(loss)}")
        if found and found.trained < 1 and found.budget:
            note(cut_short(found))
    name = printable(str(out) if out is not None else run.name)
    note(f"kept in {printable(str(run.run.folder))}; more of them: moreish more {name}")
