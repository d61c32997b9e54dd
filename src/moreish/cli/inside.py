"""The commands that look inside: pictures, learning rates, gradients, and the doctor."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from moreish.cli.flags import DEFAULT_ROOT, READING, Json, Picture, Reading, Root, Seed


def plot(
    run: str,
    *,
    what: Literal["loss", "embedding", "pairs", "contexts"] = "loss",
    inside: Annotated[bool, Parameter(negative=())] = False,
    to: Picture = None,
    root: Root = DEFAULT_ROOT,
) -> None:
    """A picture of a run, or the pictures of what happens inside its network.

    Parameters
    ----------
    run
        A run folder, or its short name.
    what
        loss: its curves with the baselines; embedding: a map of the symbols' vectors; pairs: how often each symbol
        follows each; contexts: the share of val's contexts that train never has, by length.
    inside
        Activations, gradients, stuck units, gradients of the weights, and updates over time (where the run was
        trained with --doctor), a file each: NAME-activations.png, ... beside the one that --to names.
    """
    from moreish.cli.runs import run_plot, run_plot_inside

    if inside:
        run_plot_inside(run, to, root=root)
    else:
        run_plot(run, what, to, root=root)


def find_lr(
    file: str = "names",
    *,
    recipe: str = "lecture-mlp",
    steps: int = 1000,
    seeds: int = 5,
    to: Picture = None,
    seed: Seed = 0,
    reading: Reading = READING,
    json: Json = False,
) -> None:
    """A learning rate for a recipe's network on a list: train while the rate rises, and see where the loss falls.

    Parameters
    ----------
    file
        A text file with one item a line, "-" for standard input, or the name of a bundled list.
    recipe
        Whose network and optimizer are taken.
    steps
        Updates of each net.
    seeds
        How many nets.
    """
    from moreish.cli.find_lr import run_find_lr
    from moreish.cli.overrides import layers_of

    layers = layers_of(**asdict(reading))
    run_find_lr(file, recipe, layers, seeds=seeds, steps=steps, to=to, seed=seed, json=json)


def check_backward(
    recipe: str = "lecture-mlp",
    *,
    on: str = "names",
    intermediates: Annotated[bool, Parameter(negative=())] = False,
    seed: Seed = 0,
    reading: Reading = READING,
    json: Json = False,
) -> None:
    """Every gradient of a recipe's network, derived by hand, beside autograd's.

    Parameters
    ----------
    recipe
        The recipe whose network and first batch are taken.
    on
        The list that the batch is from.
    intermediates
        Also the gradient of every value on the way.
    """
    from moreish.cli.check_backward import run_check_backward
    from moreish.cli.overrides import layers_of

    layers = layers_of(**asdict(reading))
    run_check_backward(recipe, on, layers, intermediates=intermediates, seed=seed, json=json)


def doctor(
    target: str,
    *arguments: str,
    fail_on: str | None = None,
    html: Path | None = None,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
) -> None:
    """Why a net does not learn: watch a PyTorch script while it trains, or a run's network, and say what is wrong.

    Parameters
    ----------
    target
        A Python script that trains anything with PyTorch, or a run.
    arguments
        What the script gets.
    fail_on
        Exit with 1 where a finding is at least this bad (watch, sick), or is this one: an id or slug, F38 or
        double-softmax.
    html
        Also write a page with pictures to this file.
    """
    from moreish.cli.doctor import run_doctor

    run_doctor(target, arguments, root=root, fail_on=fail_on, html=html, json=json)
