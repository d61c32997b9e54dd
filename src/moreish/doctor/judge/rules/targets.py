"""Findings about targets: what can be learned at all, and what is learned too easily."""

import math
import statistics
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found


@Rule(
    "F22",
    "only-frequencies",
    "learns only the frequencies",
    silent="fewer than 500 steps; weights that hardly move (then the learning rate is too low)",
    why="A model that looks at nothing and only knows how often each class occurs reaches the unigram entropy.\n"
    "After hundreds of steps it should know more, if the input says anything about the target.\n"
    "Labels shuffled apart from their inputs, or a path that is cut, look exactly like this.",
    kinds=(RUNAWAY, NOT_LEARNING),
)
def only_frequencies(history: History) -> Iterator[Verdict]:
    """Mean of the last frames at H(unigram) - 0.02 or above, after 500 steps."""
    entropy, curve = history.counts.unigram_entropy(), history.nll()
    if entropy is None or history.step() < 500 or len(curve) < 16:
        return
    late = [x for step, x in curve if math.isfinite(x) and step >= history.step() / 3][-20:]
    if len(late) < 5:
        return
    mean = statistics.fmean(late)
    error = statistics.stdev(late) / math.sqrt(len(late))
    if mean - 2 * error < entropy - 0.1 or mean < entropy - 0.02:
        return
    known = history.counts.information()
    linked = known is not None and known.target > 0.05
    yield found(
        "sick",
        "",
        history.step(),
        f"After {history.step()} steps the loss is {mean:.3f}; knowing only how often each class occurs gives "
        f"{entropy:.3f}.",
        "The input does say something about the target: look for a cut path or a wrong learning rate."
        if linked
        else "Check that inputs and targets belong together: were they shuffled apart, or is one off by some places?",
        confidence=0.85,
        picture="loss",
        loss=mean,
        unigram=entropy,
    )


@Rule(
    "F23",
    "ignores-input",
    "ignores its input",
    silent="the first 100 steps",
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
    silent="not a language model; neighbours in the input say nothing about each other",
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
    if known is None or known.own < 0.1 or known.copies > 0.9:
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
    silent="neighbouring inputs are mostly equal",
    why="The answer stands in the question: the model learns to copy.\n"
    "The loss falls to almost nothing and what is sampled is nonsense.\n"
    "Mostly the shift by one place was forgotten.",
    needs="pairs",
    explains=("F02", "F24", "F28"),
    rank=120,
)
def copies_input(history: History) -> Iterator[Verdict]:
    """Share of targets equal to the last input > 90 %, after 32 pairs."""
    share, own, pairs = history.counts.copies()
    if pairs >= 32 and share > 0.9 and own < 0.6:
        yield found(
            "sick",
            "",
            history.first.step if history.first is not None else 0,
            f"{share:.0%} of the targets are equal to the last input.",
            "Shift the targets by one: x = ids[:-1], y = ids[1:].",
            confidence=1.0,
            share=share,
        )
