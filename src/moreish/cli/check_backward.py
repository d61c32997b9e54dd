"""moreish check-backward: the hand-derived gradients of a recipe's network beside autograd's."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from moreish.cli.flags import READING, File, Json, Quiet, Reading, Seed, Set

if TYPE_CHECKING:
    from moreish.api import Prepared
    from moreish.recipes import ModelChoice

HEADINGS = [("parameter", "left"), ("exact", "left"), ("approximate", "left"), ("maxdiff", "right"), ("", "left")]


def check_backward(
    recipe: str = "lecture-mlp",
    *,
    on: File = "names",
    intermediates: Annotated[bool, Parameter(negative=())] = False,
    seed: Seed = None,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
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
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import telling
    from moreish.errors import Unmet

    with telling(f"reading {on}", quiet or json) as tell:
        from moreish.api import TrainRequest, prepare

        prepared = prepare(
            TrainRequest(on, recipe, overrides_of(reading, set=set, seed=seed), background="none"), tell
        )
    networks = prepared.config.model.networks
    if not networks:
        raise ValueError(f'the recipe "{recipe}" only counts: there is no gradient to check')
    wrong = sum(_wrong_gradients(prepared, network, intermediates, json, quiet) for network in networks)
    if wrong:
        raise Unmet(f"{wrong} gradients are not those of autograd")


def _wrong_gradients(
    prepared: "Prepared", network: "ModelChoice", intermediates: bool, json: bool, quiet: bool
) -> int:
    """How many gradients of this network are not autograd's, after all of them were shown."""
    import torch

    from moreish.backprop import by_hand, compare_gradients
    from moreish.cli.show import emit, note, show, table
    from moreish.models import build_model
    from moreish.training.loop import batches_for
    from moreish.training.steps import token_loss

    config, corpus = prepared.config, prepared.corpus
    module = build_model(network.name, network.options, len(corpus.vocab), config.seed)
    batch = next(batches_for(module, corpus.split("train"), config.train, config.seed).epoch(0))
    idx, targets = (torch.from_numpy(part.astype("int64")) for part in (batch.x, batch.y))
    rows = compare_gradients(module, lambda: token_loss(module(idx), targets), intermediates=intermediates)
    if json:
        for row in rows:
            emit({"name": row.name, "exact": row.exact, "approximate": row.approximate, "maxdiff": row.maxdiff})
    else:
        cells = [(r.name, _yes(r.exact), _yes(r.approximate), f"{r.maxdiff:.2e}", r.cause or "") for r in rows]
        show(table(HEADINGS, cells, f"{network.name}, {len(idx)} rows, float32"))
        if not quiet:
            with by_hand() as mode:
                token_loss(module(idx), targets)
            note(str(mode.report()))
    return sum(not row.approximate for row in rows)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
