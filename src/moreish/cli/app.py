"""The command line: one short function per command; the work lives elsewhere and is imported when it is needed."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from moreish.cli.flags import (
    DEFAULT_ROOT,
    READING,
    TRAINING,
    Count,
    Json,
    Out,
    Quiet,
    Reading,
    Root,
    Seconds,
    Seed,
    Training,
)
from moreish.cli.inside import check_backward, doctor, find_lr, plot
from moreish.cli.streams import settle_streams
from moreish.errors import BAD_INPUT, DONE, told

app = App(
    name="moreish",
    help="Feed it a list, get more like it.",
    help_format="plaintext",
    version_flags=["--version"],
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


@app.default
def quick(
    file: str = "names",
    *,
    count: Count = 20,
    time_budget: Seconds = None,
    out: Out = None,
    root: Root = DEFAULT_ROOT,
    seed: Seed = 0,
    reading: Reading = READING,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make more things like those in a list: the whole job, in seconds.

    Parameters
    ----------
    file
        A text file with one item a line, "-" for standard input, or the name of a bundled list (see: moreish lists).
    """
    from moreish.cli.overrides import layers_of
    from moreish.cli.quick import run_quick

    options = layers_of(time_budget=time_budget, **asdict(reading))
    run_quick(file, options, count=count, seed=seed, out=out, root=root, json=json, quiet=quiet)


@app.command
def inspect(file: str = "names", *, reading: Reading = READING, json: Json = False) -> None:
    """What is in a list, before any training: counts, symbols, lengths, duplicates, what looks wrong, the split.

    Parameters
    ----------
    file
        A text file with one item a line, "-" for standard input, or the name of a bundled list.
    """
    from moreish.cli.lists import run_inspect
    from moreish.cli.overrides import layers_of

    run_inspect(file, layers_of(**asdict(reading)), json=json)


@app.command
def train(
    file: str | None = None,
    *,
    model: str | None = None,
    recipe: str | None = None,
    config: Path | None = None,
    reading: Reading = READING,
    training: Training = TRAINING,
    out: Out = None,
    resume: str | None = None,
    inexact: Annotated[bool, Parameter(negative=())] = False,
    root: Root = DEFAULT_ROOT,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on a list and keep the run.

    Parameters
    ----------
    file
        A text file with one item a line, "-" for standard input, or the name of a bundled list.
    model
        ngram, or a network: bigram, bow, mlp, rnn, gru, gru-cho, lstm, transformer, wavenet, wavenet-gated,
        wavenet-sliding.
    recipe
        A named full configuration; without one, and without a model, "quick".
    config
        A TOML file of options, laid over the recipe; flags and --set are laid over it.
    resume
        Go on with this interrupted run instead of starting a new one.
    inexact
        Resume also where torch or the machine differ, so that the result will not be the same bit for bit.
    """
    from moreish.cli.overrides import layers_of
    from moreish.cli.train import run_resume, run_train

    if resume is not None:
        run_resume(resume, inexact=inexact, root=root, json=json, quiet=quiet)
        return
    options = layers_of(config=config, **asdict(training), **asdict(reading))
    run_train(file or "names", recipe, model, options, seed=seed, out=out, root=root, json=json, quiet=quiet)


@app.command
def more(
    run_or_file: str = "names",
    *,
    count: Count = 20,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    starts_with: str = "",
    new_only: Annotated[bool, Parameter(negative=())] = False,
    repeats: Annotated[bool, Parameter(negative=())] = False,
    max_length: int = 1000,
    format: Literal["text", "csv", "json"] = "text",
    root: Root = DEFAULT_ROOT,
    seed: Annotated[int | None, Parameter(help="Where chance starts from; other items each time without it.")] = None,
    reading: Reading = READING,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """More items from a run; from a list, by counting, in a second.

    Parameters
    ----------
    run_or_file
        A run folder or its short name; or a list, on which an n-gram is then fitted.
    temperature
        Below 1 plays safe, above 1 dares; 0 always takes the likeliest symbol.
    top_k
        Draw each symbol from the k likeliest only.
    top_p
        Draw each symbol from the likeliest that together hold this share.
    starts_with
        How every item is to begin.
    new_only
        Leave out what the list already has.
    repeats
        An item may come more than once.
    max_length
        Symbols after which an item is cut off.
    format
        text: one item a line; csv: with its log probability and whether it is known; json: the same as JSON.
    """
    from moreish.cli.more import run_more
    from moreish.cli.overrides import layers_of

    sampling = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "max_length": max_length}
    run_more(
        run_or_file,
        {k: v for k, v in sampling.items() if v is not None},
        count=count,
        starts_with=starts_with,
        new_only=new_only,
        unique=not repeats,
        format="json" if json else format,
        root=root,
        seed=seed,
        layers=layers_of(**asdict(reading)),
    )


@app.command
def score(run: str, *items: str, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """How likely is each item under this run's model, and which symbols surprise it?

    Parameters
    ----------
    run
        A run folder, or its short name.
    items
        The items to judge; read from standard input, one a line, when none is given.
    """
    from moreish.cli.score import run_score

    run_score(run, items, root=root, json=json)


@app.command
def neighbours(
    run: str,
    *symbols: str,
    count: Annotated[int, Parameter(alias="-n", help="How many for each.")] = 8,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
) -> None:
    """The symbols that a run's network treats most like these: words, for a run on words.

    Parameters
    ----------
    run
        A run folder, or its short name.
    symbols
        Symbols of the run's list; the most frequent of train when none is given.
    """
    from moreish.cli.neighbours import run_neighbours

    run_neighbours(run, symbols, count, root=root, json=json)


@app.command
def evaluate(
    run: str,
    *,
    on: str = "val",
    root: Root = DEFAULT_ROOT,
    json: Json = False,
) -> None:
    """The loss of a run's model, beside what simple models lose: uniform, unigram, bigram, n-gram.

    Parameters
    ----------
    run
        A run folder, or its short name.
    on
        train, val, test (only ever used when it is named here), or another list.
    """
    from moreish.cli.score import run_evaluate

    run_evaluate(run, on, root=root, json=json)


@app.command
def mix(*runs: str, out: Out = None, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """Several runs as one, with weights fitted on val; the result is a run like any other.

    Parameters
    ----------
    runs
        Run folders, or their short names: at least two, trained on the same list split in the same way.
    """
    from moreish.cli.train import run_mix

    run_mix(runs, out=out, root=root, json=json)


@app.command
def runs(*, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """The runs there are."""
    from moreish.cli.runs import run_list

    run_list(root, json=json)


@app.command
def compare(*runs: str, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """Runs side by side: what differs in their options, and what each reached.

    Parameters
    ----------
    runs
        Run folders, or their short names; all runs when none is given.
    """
    from moreish.cli.runs import run_compare

    run_compare(runs, root=root, json=json)


@app.command
def lists(*, json: Json = False) -> None:
    """The bundled lists."""
    from moreish.cli.lists import run_lists

    run_lists(json=json)


for command in (plot, find_lr, check_backward, doctor):
    app.command(command)

data = App(name="data", help="Public lists.")
app.command(data)


@data.command
def fetch(name: str, *, to: Path | None = None, json: Json = False, quiet: Quiet = False) -> None:
    """Download a public list from its public address, verified by its pinned hash.

    Parameters
    ----------
    name
        names, or shakespeare.
    to
        The folder it goes to; else $MOREISH_DATA, or the user's data folder.
    """
    from moreish.cli.lists import run_fetch

    run_fetch(name, to, json=json, quiet=quiet)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code; every error becomes one sentence."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    settle_streams()
    try:
        app(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in `moreish more names | head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except CycloptsError as error:
        return _fail(BAD_INPUT, f"{' '.join(str(error).split())} (--help lists what there is)", arguments)
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("MOREISH_DEBUG"):
            raise
        return _fail(*told(error), arguments)
    return DONE


def _fail(code: int, sentence: str, arguments: list[str]) -> int:
    from moreish.cli.show import fail

    fail(sentence, json="--json" in arguments)
    return code
