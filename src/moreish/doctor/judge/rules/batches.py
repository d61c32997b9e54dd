"""Findings about batches: the same one every time, an order that was never shuffled, labels that go with nothing."""

import math
import statistics
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import EARLY, is_a_game
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

MANY_BATCHES = 8  # from which batches of one class each are no chance
LONG = 500  # steps from which a run is judged before its end
RECENT = 0.4  # of the steps so far: the last look
CHANCE = 3.0  # standard errors that chance may bring
OUTPUTS_TIED = 0.2  # similarity of outputs and their own targets from which the net has learned to tell them
UNTIED = 0.1  # similarity of pictures and targets, with two errors, below which nothing ties them
MANY_TURNED, TURNED = 6, 0.15  # outputs that fit a turned target only, and their share
REPEATED = 4  # looks at which the batch was the same


@Rule(
    "F88",
    "same-batch",
    "the same batch every time",
    silent="all data fit into one batch, or there is no sign of more; augmentation makes each batch another one",
    why="`next(iter(loader))` in the loop makes the iterator anew: unshuffled, it begins with the same items.\n"
    "The training loss falls as it should, on that one batch,\n"
    "and everything else in the data set is never seen.",
    explains=("F28", "F90", "F89", "F126"),
    rank=118,
)
def same_batch(history: History) -> Iterator[Verdict]:
    """Inputs were the same, to the last digit, at every look, while the data that they are from hold more rows, or
    torch was seeded anew at every step.
    """
    frames = [f for f in history.training() if f.batch is not None]
    if len(frames) < REPEATED or frames[-1].step < 20:
        return
    seen = frames[-1].batch
    seeded = history.evidence.seeded >= 0.9 * history.step()
    if seen is None or seen.times < len(frames) - 1 or not (seen.more or seeded):
        return
    if seeded:
        yield found(
            "watch",
            "",
            frames[0].step,
            f"Each of the {len(frames)} steps that were looked at had the very same batch of {seen.rows} rows: "
            f"torch.manual_seed was called {history.evidence.seeded} times, in every step.",
            "Seed once, before the loop; to repeat the choice of one function, give it a torch.Generator of its own.",
            confidence=0.9,
            rows=seen.rows,
        )
        return
    yield found(
        "watch",
        "",
        frames[0].step,
        f"Each of the {len(frames)} steps that were looked at had the very same batch of {seen.rows} rows, while "
        f"there are {seen.more}.",
        "Loop over the loader (for x, y in loader: ...) instead of calling next(iter(loader)) at each step, or draw "
        "new rows. If it is to be fitted by heart, all is well.",
        confidence=0.9,
        rows=seen.rows,
        more=seen.more,
    )


@Rule(
    "F126",
    "few-rows",
    "the same few rows again and again",
    silent="no DataLoader, or one with about as many items as were seen",
    why="A sampler chooses which items are trained on, and how often.\n"
    "One that was given a weight for each class where it wants one for each item only ever draws the first few;\n"
    "the others might as well not be there.",
    explains=("F28", "F90", "F89", "F22", "F94", "F96"),
    rank=117,
)
def few_rows(history: History) -> Iterator[Verdict]:
    """Of the rows of four looks less than a quarter differ, and the loader has four times as many items as these."""
    frames = [f for f in history.training() if f.batch is not None]
    seen = frames[-1].batch if len(frames) >= REPEATED else None
    if seen is None or not seen.distinct or seen.items < 4 * seen.distinct or seen.times:
        return
    yield found(
        "sick",
        "",
        frames[0].step,
        f"Of {seen.drawn} rows that were drawn only {seen.distinct} differ, while there are {seen.items} items.",
        "Look at the sampler: WeightedRandomSampler wants a weight for each item (weights[labels]), not for each "
        "class.",
        confidence=0.9,
        distinct=seen.distinct,
        items=seen.items,
    )


@Rule(
    "F89",
    "unshuffled",
    "batches are sorted by class",
    silent="batches of fewer than eight; classes that hardly vary; more than one label a row",
    why="Each batch shows one class or a few, so each step learns to say that class\n"
    "and the next ones to forget it.\n"
    "BatchNorm's statistics are those of one class, too.",
    explains=("F06", "F07", "F10", "F34", "F13", "F22", "F30"),
    rank=145,
)
def unshuffled(history: History) -> Iterator[Verdict]:
    """From five batches on, three where each is of one class: which batch a label is from tells half of what there is
    to know of it.
    """
    order = history.counts.rows.order()
    if order is None or order.entropy < 0.5 or order.told < 0.5 * order.entropy:
        return
    yield found(
        "sick" if order.told > 0.9 * order.entropy and order.batches >= MANY_BATCHES else "watch",
        "",
        history.step(),
        f"Labels come sorted: the batch that a label is in tells {order.told:.2f} of its {order.entropy:.2f} nats "
        f"({order.batches} batches were seen).",
        "Shuffle: DataLoader(..., shuffle=True), or index with a torch.randperm that is new in each epoch.",
        confidence=0.9,
        told=order.told,
        entropy=order.entropy,
    )


@Rule(
    "F90",
    "learns-by-heart",
    "learns by heart",
    silent="one evaluation that is better than guessing; where there are none, rows that tell their classes; games "
    "of several networks",
    why="A net that is large enough learns any labels by heart, also such as have nothing to do with their inputs.\n"
    "The training loss falls, slowly, and nothing of it holds for a row that was not seen.\n"
    "Inputs and labels that were shuffled apart look like this, and so do far too few rows.",
    explains=("F28", "F22", "F24"),
    rank=142,
)
def by_heart(history: History) -> Iterator[Verdict]:
    """Evaluations stay above 95 % of the entropy of the labels, or less than half is right there, while the training
    loss is far below; or they never come below it, training surely does, and rows do not tell their classes; without
    evaluations, the loss stays near that entropy for 500 steps and rows do not tell their classes.
    """
    entropy, curve = history.counts.unigram_entropy(), [x for _, x in history.nll() if math.isfinite(x)]
    if entropy is None or len(curve) < 5 or not history.from_scratch or is_a_game(history):
        return
    now = statistics.fmean(curve[-5:])
    evaluations = [v.val for v in history.validations] or [v for _, v, _ in history.evaluation_curve()]
    if len(evaluations) >= 3 and history.step() >= 50:
        if min(evaluations) > 0.95 * entropy and now < 0.5 * entropy:
            yield _by_heart(history, now, entropy, f"; on rows that were not trained on it is {evaluations[-1]:.3g}")
        elif min(evaluations) > 0.98 * entropy and _falls_below(history, curve, entropy):
            words = f"; no evaluation was better than that, and {rows_tell_nothing(history)}"
            yield _by_heart(history, now, entropy, words)
        return
    right = [share for _, share in history.accuracies]
    if len(right) >= 3:
        if max(right) < 0.5 and now < 0.1 * entropy:
            yield _by_heart(history, now, entropy, f"; of rows that were not trained on, {right[-1]:.0%} are right")
        return
    tells_nothing = rows_tell_nothing(history) if history.step() >= 500 and now > 0.8 * entropy else ""
    if tells_nothing and now < entropy + 0.1:
        yield _by_heart(history, now, entropy, f", and {tells_nothing}")


def rows_tell_nothing(history: History) -> str:
    """That the rows which were seen tell nothing of their classes, in words; empty where they do, or are too few."""
    known = history.counts.rows.dependence()
    if known is None or not known.none:
        return ""
    return f"in {known.rows} rows that were seen the inputs tell nothing of their classes"


def _falls_below(history: History, curve: list[float], entropy: float) -> bool:
    """Whether training has come surely below what guessing costs, with inputs that tell nothing of their classes."""
    late = curve[-12:]
    if history.step() < 200 or len(late) < 8 or not rows_tell_nothing(history):
        return False
    return statistics.fmean(late) + 2 * statistics.stdev(late) / math.sqrt(len(late)) < entropy


@Rule(
    "F96",
    "changing-labels",
    "the same row comes with another label",
    silent="fewer than 12 rows that came again; rows of whole numbers or of fewer than three columns; labels that "
    "agree more often than chance",
    why="In each epoch a row must come with its own label.\n"
    "Where inputs are shuffled and labels are not, or both by a permutation of their own,\n"
    "a row's label is another one each time, and there is nothing to be learned.",
    explains=("F22", "F23", "F90", "F29", "F28", NOT_LEARNING),
    rank=128,
)
def changing_labels(history: History) -> Iterator[Verdict]:
    """Rows that came again have the label of before no more often than by chance (three standard errors)."""
    again = history.counts.rows.again()
    if again is None or again.rows < 12 or again.chance > 0.8:
        return
    error = math.sqrt(again.chance * (1 - again.chance) / again.rows)
    if again.same > again.chance + min(3 * error, 0.5 * (1 - again.chance)):
        return
    yield found(
        "sick",
        "",
        history.step(),
        f"{again.rows} rows came again, and only {again.same:.0%} of them with the label of before; by chance it "
        f"would be {again.chance:.0%}.",
        "Shuffle inputs and labels with one and the same permutation: p = torch.randperm(n); x, y = x[p], y[p].",
        confidence=0.95,
        rows=again.rows,
        same=again.same,
        chance=again.chance,
    )


@Rule(
    "F102",
    "turned-without-target",
    "pictures are turned and their targets are not",
    silent="fewer than three pictures that came again whose target turned by itself or stayed behind; targets that "
    "are their own mirror image",
    why="Where a target has a place for every place of the picture, a flip of the one is a flip of the other.\n"
    "Two random transforms, or one that is given the picture alone, pull them apart:\n"
    "the best answer is then a blur of all the ways to turn it.",
    explains=("F22", "F28", "F29", NOT_LEARNING),
    rank=129,
)
def turned_without_target(history: History) -> Iterator[Verdict]:
    """The same numbers came again in another order, as after a flip, with targets that stayed as they were, or the
    very same pictures with targets in another order: exact. Or outputs go with their targets only after a flip.
    """
    seen = history.counts.turned
    (rows, still, alone), either = seen.turns, seen.fitting + seen.fitting_turned
    if seen.fitting_turned >= MANY_TURNED and seen.fitting_turned > TURNED * either:
        how = f"Of {either} outputs for pictures {seen.fitting_turned} fit their target only turned, as by a flip."
    elif alone and still + alone >= 3:
        how = (
            f"{alone} pictures came again as they were with the numbers of their target in another order, as a flip "
            f"gives, and {rows} came again turned, {still} of them with the very same target."
        )
    elif still >= 3:
        how = (
            f"{rows} pictures came again with the same numbers in another order, as a flip gives, and {still} of "
            "them with the very same target."
        )
    else:
        return
    yield found(
        "sick",
        "",
        history.step(),
        how,
        "Draw one random transform for picture and target together.",
        confidence=0.95,
        rows=rows,
        still=still,
        alone=alone,
    )


@Rule(
    "F128",
    "others-targets",
    "pictures have nothing to do with their own targets",
    silent="fewer than 150 steps, or 500 before the end; fewer than 48 different pictures with a target for each "
    "place; late outputs that meet their own targets better than those of others; brightness or texture that do "
    "beyond chance; no look of late",
    why="Where a target has a number for each place of its picture, something of it shows there: a tone, an edge.\n"
    "Two lists that were sorted differently, or two loaders that shuffle for themselves, take the pairs apart:\n"
    "what can be learned then is the mean of all targets, or each pair by heart.",
    explains=("F22", "F28", "F29", "F90", NOT_LEARNING),
    rank=123,
)
def others_targets(history: History) -> Iterator[Verdict]:
    """A permutation test: neither brightness nor texture nor late outputs are tied to the targets of their rows.

    Pairs are learned by heart as well, so of outputs a little is let pass.
    """
    paired, heard = history.counts.paired, history.loss_curve.windows
    ties = (paired.brightness, paired.texture)
    step = max(history.step(), heard[-1].step if heard else 0)
    if (
        step < EARLY
        or (step < LONG and not history.ended)
        or paired.outputs.rows < 48
        or paired.late.strength > OUTPUTS_TIED
    ):
        return
    if history.step() < RECENT * step:
        return  # what has been learned since is not known
    if any(abs(tie.strength) + 2 * tie.error > UNTIED or abs(tie.strength) > CHANCE * tie.error for tie in ties):
        return
    yield found(
        "sick",
        "",
        history.step(),
        f"Of {paired.brightness.rows} pictures none fits its own target better than those of others: brightness goes "
        f"with it by {paired.brightness.strength:+.2f} +- {paired.brightness.error:.2f}, texture by "
        f"{paired.texture.strength:+.2f} +- {paired.texture.error:.2f}, where 1 is all and 0 is chance.",
        "Show a few pictures with their targets; read both by one index, from lists that are sorted by the same key.",
        confidence=0.75,
        rows=paired.brightness.rows,
        brightness=paired.brightness.strength,
        texture=paired.texture.strength,
    )


def _by_heart(history: History, now: float, entropy: float, words: str) -> Verdict:
    apart = now > 0.5 * entropy
    return found(
        "sick",
        "",
        history.step(),
        f"The training loss is {now:.3g} at step {history.at(history.step())}, where guessing by frequency costs "
        f"{entropy:.3g}{words}.",
        "Check that each input still has its own label: shuffle both with one permutation; print some pairs."
        if apart
        else "Get more rows, a smaller net, dropout or weight decay, and stop early; check that inputs and labels "
        "were not shuffled apart.",
        confidence=0.85,
        picture="loss",
        loss=now,
        unigram=entropy,
    )
