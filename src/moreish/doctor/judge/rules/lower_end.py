"""Findings about losses that fall for another reason than that the data are met."""

import statistics
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import number_loss
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

TIMES = 10  # that a loss below zero is larger than at first, and that outputs have grown


@Rule(
    "F101",
    "no-lower-end",
    "the loss has no lower end",
    silent="several optimizers, as in games of two; a fall that slows down, as that of log-likelihoods does; fewer "
    "than ten looks",
    why="A loss that falls for as long as the outputs grow has no best answer: it goes to minus infinity.\n"
    "A term with the wrong sign, a bonus without a bound, or the logarithm left out does that,\n"
    "and what the data want no longer counts.",
    explains=("F42", "F11", "F14", "F28", RUNAWAY),
    explained_by=("F51",),
    rank=63,
)
def no_lower_end(history: History) -> Iterator[Verdict]:
    """The loss is below zero, ten times as large as at first, and falls as fast at the end as in the middle."""
    losses = history.losses()
    if len(losses) < 10 or history.step() < 50 or len(history.evidence.optimizers) > 1:
        return
    if any(len(f.learning_rates) > 1 for f in history.training(4)):
        return
    first, now = abs(losses[0][1]), statistics.median(x for _, x in losses[-3:])
    if not -1e30 < now < -max(TIMES * first, 1.0):
        return
    steps, end = [s for s, _ in losses], losses[-1][0]
    half = min(range(len(steps)), key=lambda k: abs(steps[k] - end / 2))
    middle = statistics.median(x for _, x in losses[max(half - 1, 0) : half + 2])
    if now - middle > 0.8 * (middle - losses[0][1]):
        return
    yield found(
        "sick",
        "",
        history.step(),
        f"The loss was {losses[0][1]:.3g} {history.at_first}, {middle:.3g} half-way and {now:.3g} now, and falls "
        "as fast as ever: nothing holds it from below.",
        "Look for a term with the wrong sign, or a bonus that grows with the outputs; bound it, or take "
        "its logarithm.",
        confidence=0.85,
        picture="loss",
        loss=now,
    )


@Rule(
    "F112",
    "another-term-wins",
    "the loss falls and the data are met worse",
    silent="several optimizers; policies, whose returns change; targets that a network makes; a loss of one term, "
    "which cannot do both",
    why="What is minimised is a sum, or has its sign turned: it falls while the part that compares outputs with data "
    "rises.\n"
    "A bonus, a penalty or a minus before the loss is then all that is learned,\n"
    "and the outputs are further from the data than a constant would be.",
    explains=("F101", "F42", "F22", "F11", "F13", "F14", "F59", "F28", RUNAWAY, NOT_LEARNING),
    explained_by=("F51", "F110"),
    rank=62,
)
def another_term_wins(history: History) -> Iterator[Verdict]:
    """The loss has fallen by a fifth, and the error on data is half as much again as at first and as a constant's."""
    losses, frames = history.losses(), history.training()
    if len(losses) < 6 or history.step() < 50 or any(len(f.learning_rates) > 1 for f in frames[-4:]):
        return
    if any(f.noted.weighed is not None or f.noted.held for f in frames) or history.last is None:
        return
    if any(x.made or x.compares for x in (*history.last.losses, *history.last.written_out)):
        return
    first, now = losses[0][1], statistics.median(x for _, x in losses[-3:])
    errors, constant = _on_data(history)
    if len(errors) < 6 or not constant > 0 or not now < first - 0.2 * abs(first):
        return
    late = statistics.median(errors[-3:])
    if not late > 1.5 * max(errors[0], constant):
        return
    yield found(
        "sick",
        "",
        history.step(),
        f"The loss has fallen from {first:.3g} to {now:.3g}, and the error on the data has risen from "
        f"{errors[0]:.3g} to {late:.3g}; a constant answer would cost {constant:.3g}.",
        "See which terms the loss has, and their signs and sizes: a minus before an error, or a bonus that outweighs "
        "it.",
        confidence=0.9,
        picture="loss",
        loss=now,
        error=late,
    )


def _on_data(history: History) -> tuple[list[float], float]:
    """The course of the first error on data, and what a constant costs."""
    entropy, curve = history.counts.unigram_entropy(), history.nll()
    if curve:
        return _least(history, "loss.1/", "nll"), entropy or 0.0
    prefix = number_loss(history)
    if not prefix:
        return [], 0.0
    constants = history.series(f"{prefix}constant", 10)
    return _least(history, prefix, "error"), statistics.median(constants) if constants else 0.0


def _least(history: History, prefix: str, quantity: str) -> list[float]:
    """The course of an error; of several losses of one kind, as where two rows are mixed, the least one counts."""
    losses = [x for f in (history.first, history.last) if f is not None for x in (*f.losses, *f.written_out)]
    op = next((x.op for x in losses if x.prefix == prefix), "")
    keys = {f"{prefix}{quantity}", *(f"{x.prefix}{quantity}" for x in losses if x.op == op)}
    seen = ([f.values[key] for key in keys if key in f.values] for f in history.training())
    return [min(values) for values in seen if values]
