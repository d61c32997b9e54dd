"""Findings about losses that are written down after a paper, with one operation left out."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found


@Rule(
    "F148",
    "itself-among-the-others",
    "each row is compared with itself as well",
    silent="a diagonal that is masked; rows of one table against rows of another, whose own is their target; fewer "
    "than eight rows",
    why="A contrastive loss asks which of the other rows is the partner of this one.\n"
    "Left in its own row of similarities, each row is the most similar of all to itself, and counts as wrong:\n"
    "the largest term of the sum is one that nothing can make smaller, and hides what is to be learned.",
    explains=("F02", "F22", "F29", NOT_LEARNING),
    rank=46,
)
def itself_among_the_others(history: History) -> Iterator[Verdict]:
    """Logits, or their exponentials summed row by row, are a symmetric table of rows against themselves with its
    diagonal, which is the largest of each row and never the target.
    """
    told = next((x for f in history.training() for x in f.losses if x.itself), None)
    n = told.rows if told is not None else max((f.noted.own_rows for f in history.training()), default=0)
    if not n:
        return
    yield found(
        "sick",
        told.fed_by if told is not None else "",
        history.step(),
        f"In the table of {n} rows against {n}, each row is most similar to itself, and that is never its target.",
        "Take the diagonal out before the loss: sim.fill_diagonal_(float('-inf')), or masked_fill with torch.eye.",
        confidence=0.95,
        rows=n,
    )


@Rule(
    "F149",
    "overlap-of-logits",
    "an overlap is taken of outputs that are no probabilities",
    silent="outputs that come through a sigmoid, a softmax or another function that bounds them",
    why="Dice and IoU compare how much two masks share with how much there is of both, so both must lie in 0 to 1.\n"
    "Of what a layer gives, both sums may be anything and of any sign:\n"
    "the fraction has no best value at the mask, and is steep where the sum below it is near 0.",
    explains=("F101", "F22", "F29", "F10", "F15", NOT_LEARNING),
    rank=47,
)
def overlap_of_logits(history: History) -> Iterator[Verdict]:
    """A sum of outputs times a mask is divided by a sum with the same outputs, which come straight from a layer."""
    told = next((f for f in history.training() if f.noted.raw_overlap), None)
    if told is None:
        return
    yield found(
        "sick",
        "",
        told.step,
        "A Dice or IoU loss is taken of what a layer gives, which is not bounded, as if these were probabilities.",
        "Put them through torch.sigmoid first, or softmax over the classes (several classes).",
        confidence=0.95,
    )


@Rule(
    "F155",
    "square-of-the-mean",
    "errors are averaged before they are squared",
    silent="differences that another term uses as well; means that are taken by rows or columns; means of each side",
    why="The squared error is the mean of squares, and no square of a mean.\n"
    "In a mean errors of both signs cancel: an answer that is too high for one half of the rows\n"
    "and too low for the other has a loss of 0, and nothing is left to learn from.",
    explains=("F22", "F29", "F14", NOT_LEARNING),
    rank=44,
)
def square_of_the_mean(history: History) -> Iterator[Verdict]:
    """The square, or the size, of a mean over everything of what is learned less data: exact, in two looks."""
    frames = [f for f in history.training() if f.noted.squared_mean]
    if len(frames) > 1:
        yield found(
            "sick",
            "",
            frames[0].step,
            "The loss squares the mean of all errors, in which those of both signs cancel.",
            "Square first: ((output - target) ** 2).mean(), or F.mse_loss(output, target).",
            confidence=0.9,
        )


@Rule(
    "F150",
    "latent-noise",
    "the noise of a latent is spread by the wrong number",
    silent="a layer whose output is halved before the exponential; one that is the logarithm of a standard deviation "
    "in the loss, too",
    why="The loss takes what the layer gives for the logarithm of a variance;\n"
    "the noise wants the standard deviation, which is exp(half of it).\n"
    "With anything else what is sampled is not what the divergence is paid for, and what is made blurs.",
    explains=("F85", "F29", NOT_LEARNING),
    rank=53,
)
def latent_noise(history: History) -> Iterator[Verdict]:
    """Drawn noise is multiplied by a layer's output, or its exponential, and the loss adds that exponential."""
    told = next((f for f in history.training() if f.noted.latent_noise is not None), None)
    if told is None or told.noted.latent_noise is None:
        return
    raw = told.noted.latent_noise.by == "logarithm"
    yield found(
        "sick" if raw else "watch",
        "",
        told.step,
        "The noise of the latent is multiplied by "
        + ("what a layer gives" if raw else "the exponential of what a layer gives")
        + ", and the loss takes that layer's output for the logarithm of the variance.",
        "std = torch.exp(0.5 * logvar); z = mean + std * torch.randn_like(std).",
        confidence=0.95 if raw else 0.85,
    )
