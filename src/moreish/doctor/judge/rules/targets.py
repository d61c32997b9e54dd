"""Findings about targets: what can be learned at all, and what is learned too easily."""

import math
import statistics
from collections.abc import Iterator

from moreish.doctor.frames.baseline import Links
from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import Gain, aims_at_data, gain, is_a_game, is_whole_loss, number_loss
from moreish.doctor.judge.rules.loss_inputs import sequence_lags
from moreish.doctor.judge.standing import Standing, standing
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

MANY = 0.8  # nats of an example's answer: more than up or down, of which there may be nothing to be known


@Rule(
    "F22",
    "only-frequencies",
    "learns only the frequencies",
    silent="fewer than 500 steps, 300 where no input says anything of the targets; weights that hardly move (then "
    "the learning rate is too low); losses weighted afterwards or added to others; inputs or targets that a "
    "network makes; targets that change; several optimizers",
    why="A model that looks at nothing and only knows how often each class occurs reaches the unigram entropy;\n"
    "with numbers, their variance. After hundreds of steps it should know more, if the input says anything.\n"
    "Labels shuffled apart from their inputs, or a path that is cut, look exactly like this.",
    kinds=(RUNAWAY, NOT_LEARNING),
)
def only_frequencies(history: History) -> Iterator[Verdict]:
    """The late loss saves less than 2 % of what a constant answer costs (5 % where inputs say nothing of targets)."""
    stands = standing(history)
    if stands is not None:
        yield _stands(stands)
        return
    if history.step() < 300 or not is_whole_loss(history):
        return
    for saved, classes in ((_saved_of_classes(history), True), (_saved_of_numbers(history), False)):
        if saved is None:
            continue
        links = history.counts.links.get("loss.1/" if classes else number_loss(history))
        linear = links.best(classes) if links is not None else None
        verdict = _no_better(history, saved, linear, classes)
        if verdict is not None and history.step() < 500 and not _many_looks_at_nothing(saved, linear):
            return
        if verdict is not None:
            yield verdict
        return


def _stands(stands: Standing) -> Verdict:
    return found(
        "sick",
        "",
        stands.step,
        f"After {stands.step} steps the loss is {stands.loss:.3g}; always giving the same answer costs "
        f"{stands.constant:.3g}, and yet {stands.told}.",
        "The input does say something about the target: look for a cut path or a learning rate that is too low; "
        "where most of a target is background, weigh what is rare.",
        confidence=0.85,
        picture="loss",
        loss=stands.loss,
        constant=stands.constant,
    )


def _many_looks_at_nothing(saved: Gain, linear: Links | None) -> bool:
    """Whether 300 steps suffice: ten late looks on which nothing is saved, of inputs that vary and say nothing."""
    return linear is not None and linear.share == 0 and saved.frames >= 10 and saved.share < 0.01


def _no_better(history: History, saved: Gain, linear: Links | None, classes: bool) -> Verdict | None:
    known = history.counts.information() if classes else None
    says = known.target > 0.05 if known is not None else linear is not None and linear.share > 0.05
    nothing = linear is not None and linear.share == 0
    least = 0.05 if nothing and classes else 0.02
    if linear is not None and not nothing:
        least = min(least, 0.25 * linear.share)
    most = saved.share + 2 * saved.error
    if saved.share > least or most > 2.5 * least or (linear is not None and says and most > linear.share / 2):
        return None
    what = "how often each class occurs" if classes else "the mean of the targets"
    hint = "Check that inputs and targets belong together: were they shuffled apart, or is one off by some places?"
    if says:
        feature = f" (one number explains {linear.share:.0%})" if linear is not None and not known else ""
        hint = (
            f"The input does say something about the target{feature}: look for a cut path or a wrong learning rate."
        )
    elif nothing:
        hint += " No input says anything about the targets by itself; if nothing can be known, this is as it must be."
    return found(
        "sick" if says else "watch" if (saved.constant if classes else _labels(history)) > MANY else "info",
        "",
        history.step(),
        f"After {history.step()} steps{history.since} the loss is {saved.loss:.3g}; knowing only {what} gives "
        f"{saved.constant:.3g}.",
        hint,
        confidence=0.85 if says else 0.6,
        picture="loss",
        loss=saved.loss,
        constant=saved.constant,
    )


def _labels(history: History) -> float:
    """The entropy of yes or no, for as many labels as an example has; 0 for numbers."""
    losses = history.last.losses if history.last is not None else []
    return next((loss.width * math.log(2) for loss in losses if loss.op.startswith("binary")), 0.0)


def _saved_of_classes(history: History) -> Gain | None:
    """What is saved of the entropy of the classes; None where it is not known, or where there is but one class."""
    entropy, curve = history.counts.unigram_entropy(), history.nll()
    if entropy is None or entropy < 0.01 or len(curve) < 12 or is_a_game(history):
        return None
    late = [x for step, x in curve if math.isfinite(x) and step >= history.step() / 3][-20:]
    if len(late) < 5:
        return None
    mean, error = statistics.fmean(late), statistics.stdev(late) / math.sqrt(len(late))
    return Gain(1 - mean / entropy, error / entropy, mean, entropy, len(late))


def _saved_of_numbers(history: History) -> Gain | None:
    """What is saved of the cost of a constant; None for targets that a network makes, or that change on the way."""
    prefix = number_loss(history)
    frames = history.training()
    if not prefix or len(frames) < 16 or not aims_at_data(history):
        return None
    if sum(f.ran_without_grad or f.inputs_made or len(f.learning_rates) > 1 for f in frames) > len(frames) / 2:
        return None
    sizes = history.series(f"{prefix}target_rms")
    third = len(sizes) // 3
    early, late = (statistics.median(part) for part in (sizes[:third], sizes[-third:]))
    if not 0.75 < early / max(late, 1e-30) < 1.33:
        return None
    saved = gain(history, prefix)
    return saved if saved is not None and saved.constant > 1e-9 else None


@Rule(
    "F23",
    "ignores-input",
    "ignores its input",
    silent="the first 100 steps; one example a batch; inputs that are all equal",
    why="Every example of a batch gets the same answer, whatever it is.\n"
    "Nothing of the input arrives at the output:\n"
    "dead or equal units, a factor 0, or a cut path lie between.",
    explains=("F22",),
    kinds=(RUNAWAY, NOT_LEARNING),
    rank=290,
)
def ignores_input(history: History) -> Iterator[Verdict]:
    """The logits of different examples differ by less than 1 % of their size, ten frames in a row."""
    values = history.series("loss.1/spread", 10)
    if len(values) < 10 or history.step() < 100 or not max(values) < 0.01 or not history.from_scratch:
        return
    if min(history.series("loss.1/logit_std", 10)) < 1e-6:
        return
    yield found(
        "sick",
        "",
        history.step(),
        f"Every example gets the same logits (they differ by {max(values):.1g} of their size).",
        "Follow one item through the net (doctor's trace) to the layer where all become equal.",
        picture="loss",
        confidence=0.9,
        spread=max(values),
    )


@Rule(
    "F24",
    "misaligned-targets",
    "targets misaligned",
    silent="not a language model; neighbours in the input say nothing about each other; rows of targets that are "
    "their inputs in another order (reversed, sorted); targets of other frequencies than the inputs",
    why="In a text one symbol says much about the next.\n"
    "If the last input says far less about its target than one input says about the next,\n"
    "the targets are not those of these inputs: shuffled, or off by some places.",
    needs="pairs",
    explains=("F22", "F28"),
    rank=140,
)
def misaligned(history: History) -> Iterator[Verdict]:
    """Mutual information of last input and target below 30 % of that of two neighbouring inputs."""
    known = history.counts.information()
    if known is None or known.own < 0.1 or known.copies > 0.9 or history.counts.unlike() > 0.3:
        return
    if any(lags.rearranged > 0.5 or max(lags.shares.values()) > 0.6 for lags in sequence_lags(history)):
        return
    share = known.target / known.own
    if share < 0.3:
        yield found(
            "sick",
            "",
            history.step(),
            f"The last input says {max(known.target, 0.0):.3f} nats about its target, while an input says "
            f"{known.own:.3f} nats about the next one.",
            "Align them: the target of x[t] is x[t + 1]; shuffle inputs and targets with the same permutation.",
            confidence=0.9,
            share=share,
            pairs=known.pairs,
        )


@Rule(
    "F25",
    "copied-input",
    "the target is the last input",
    silent="neighbouring inputs are mostly equal; outputs that change with later inputs (an autoencoder): no alarm",
    why="The answer stands in the question: the model learns to copy.\n"
    "The loss falls to almost nothing and what is sampled is nonsense.\n"
    "Mostly the shift by one place was forgotten.",
    needs="pairs",
    explains=("F02", "F24", "F28"),
    rank=120,
)
def copies_input(history: History) -> Iterator[Verdict]:
    """Share of targets equal to the input at their place > 90 % of 32 or more; no alarm where outputs look ahead."""
    first, seen = history.first, sequence_lags(history)
    share, own, pairs = history.counts.copies()
    if seen:
        share, own, pairs = seen[0].shares[0], seen[0].still, seen[0].known
        if any(lags.shares[1] > 0.6 for lags in seen):
            return
    if pairs < 32 or share <= 0.9 or own >= 0.6:
        return
    meant = bool(seen) and first is not None and first.looks_ahead is not False
    yield found(
        "info" if meant else "sick",
        "",
        first.step if first is not None else 0,
        f"{share:.0%} of the targets are equal to the {'input at their place' if seen else 'last input'}"
        + ("; an autoencoder means that." if meant else ", which the model sees."),
        "Shift the targets by one: x = ids[:-1], y = ids[1:].",
        confidence=0.5 if meant else 1.0,
        share=share,
    )
