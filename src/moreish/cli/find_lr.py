"""moreish find-lr: the learning-rate range test of a recipe's network on a list."""

from typing import TYPE_CHECKING

from moreish.cli.flags import READING, File, Json, Picture, Quiet, Reading, Seed, Set, Whole

if TYPE_CHECKING:
    from moreish.api import Prepared
    from moreish.training.find_lr import RangeTest

UNUSED = ("steps", "time_budget", "lr", "schedule", "warmup", "lr_end", "step_at", "step_factor")


def find_lr(
    file: File = "names",
    *,
    recipe: str = "lecture-mlp",
    steps: Whole = 1000,
    seeds: Whole = 5,
    to: Picture = None,
    seed: Seed = None,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
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
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import emit, note, telling

    overrides = overrides_of(reading, set=set, seed=seed)
    unused = next((option for option in overrides.given("train") if option in UNUSED), None)
    if unused is not None:
        raise ValueError(f"find-lr raises the learning rate itself, so train.{unused} plays no split: leave it out")
    with telling(f"reading {file}", quiet or json) as tell:
        from moreish.api import TrainRequest, prepare

        prepared = prepare(TrainRequest(file, recipe, overrides, background="none"), tell)
        if not prepared.config.model.networks:
            raise ValueError(f'the recipe "{recipe}" only counts: it has no learning rate')
        tell(f"training {seeds} net{'s' * (seeds != 1)} for {steps:,} steps{' each' * (seeds != 1)}")
        found = _range_test(prepared, seeds, steps)
    if to is not None:
        from moreish.plots.lr import range_test as draw

        draw(found, to)
    if json:
        emit({"lr": found.lr, "reason": found.reason, "seeds": seeds, "steps": steps})
        return
    print(f"{found.lr:.3g}")
    if not quiet:
        note(found.reason)


def _range_test(prepared: "Prepared", seeds: int, steps: int) -> "RangeTest":
    """The test of the first network."""
    from moreish.models import build_model
    from moreish.training.find_lr import find_lr

    config, corpus, network = prepared.config, prepared.corpus, prepared.config.model.networks[0]
    return find_lr(
        lambda seed: build_model(network.name, network.options, len(corpus.vocab), seed),
        corpus.split("train"),
        config.train,
        seed=config.seed,
        seeds=seeds,
        steps=steps,
    )
