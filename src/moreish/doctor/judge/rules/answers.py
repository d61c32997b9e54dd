"""Findings about answers: they stand among the inputs, lie in another order, or are turned to by chance."""

from collections.abc import Iterator

from moreish.doctor.frames.frame import Loss
from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import fails
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found


def _losses(history: History) -> Iterator[tuple[int, Loss]]:
    for frame in (history.first, history.last):
        for loss in (*frame.losses, *frame.written_out) if frame is not None else ():
            yield frame.step if frame is not None else 0, loss


@Rule(
    "F113",
    "answer-given",
    "the answer stands among the inputs",
    silent="targets that are all of the input (an autoencoder); symbols, of which F25 and F54 speak; inputs of fewer "
    "than three numbers",
    why="What is to be predicted is one of the columns, or the last place of the window, that it is predicted from.\n"
    "The loss falls fast and far, on val too, and where the answer is not known yet nothing is known.\n"
    "A denoiser whose target is the noisy picture learns to leave the noise in.",
    explains=("F28", "F02", "F57"),
    rank=119,
)
def answer_given(history: History) -> Iterator[Verdict]:
    """Targets are a column of the inputs, or are inputs to which noise was added: to the last digit."""
    for step, loss in _losses(history):
        if loss.corrupted:
            yield found(
                "sick",
                "",
                step,
                "The targets are the inputs with the noise that was added to them, so the best answer is to "
                "change nothing.",
                "Compare with what there was before the noise.",
                confidence=0.95,
            )
            return
        if loss.answer is not None:
            yield found(
                "sick",
                "",
                step,
                f"The targets are column {loss.answer} of the inputs, to the last digit: the answer leaks.",
                "Take it out of the inputs; of a series, let the window end before what is predicted.",
                confidence=0.95,
                column=loss.answer,
            )
            return


@Rule(
    "F116",
    "dropout-on-output",
    "dropout on the outputs",
    silent="dropout before the last layer; a dropout that is off",
    why="Dropout behind the last layer sets outputs to 0 at random, and makes the others larger.\n"
    "No weights can answer that: the loss has a floor far above what the data ask for,\n"
    "and in evaluation the outputs are others than those that were trained.",
    explains=("F22", "F28", "F30", "F41", NOT_LEARNING),
    rank=104,
    preflight=True,
)
def dropout_on_output(history: History) -> Iterator[Verdict]:
    """What goes into a loss comes straight from a dropout that is on: exact."""
    for step, loss in _losses(history):
        if loss.dropped:
            yield found(
                "sick",
                loss.dropped,
                step,
                f"`{loss.dropped}` is the last thing before {loss.op}: it sets outputs to 0 at random.",
                "Put it before the last layer.",
                confidence=0.95,
            )
            return


@Rule(
    "F117",
    "flattened-apart",
    "outputs and targets are in another order",
    silent="as many samples as places; targets that are no view of a table; outputs that were transposed",
    why="(time, batch, classes) and (batch, time) have as many rows when they are flattened, in another order:\n"
    "the answer of one sample's first place is held against another's second.\n"
    "The shapes fit, nothing warns, and only what is true of all places is learned.",
    explains=("F22", "F23", "F24", "F90", "F54", NOT_LEARNING),
    rank=91,
    preflight=True,
)
def flattened_apart(history: History) -> Iterator[Verdict]:
    """Outputs of (a, b, classes) and targets of (b, a) are counted off row by row: exact."""
    for step, loss in _losses(history):
        if loss.apart:
            a, b, _ = loss.apart
            yield found(
                "sick",
                loss.fed_by,
                step,
                f"Outputs {loss.apart} and targets {(b, a)} are flattened as they lie: row {min(a, b)} of the one is "
                "no longer the same sample and place as of the other.",
                "Transpose one of them before it is flattened: out.transpose(0, 1).flatten(0, 1).",
                confidence=0.95,
                shape=str(loss.apart),
            )
            return


@Rule(
    "F118",
    "several-classes",
    "several classes at once share one softmax",
    silent="one-hots and probabilities, whose rows sum to 1",
    why="A softmax, that of cross_entropy too, shares 1 out among the classes: a row with three cannot be met.\n"
    "Each class takes from the others, and the loss has a floor of its own.\n"
    "Classes that are there together are so many questions of yes or no.",
    explains=("F22", NOT_LEARNING),
    rank=103,
    preflight=True,
)
def several_classes(history: History) -> Iterator[Verdict]:
    """Targets are zeros and ones of which a row sums to 2 or more, and what meets them is a softmax: exact."""
    for step, loss in _losses(history):
        if loss.shares > 1.5:
            yield found(
                "watch" if loss.op == "cross_entropy" else "sick",
                loss.bounded_layer or loss.fed_by,
                step,
                f"Targets of {loss.op} are zeros and ones, with up to {loss.shares:.0f} ones in a row, and a softmax "
                "gives the classes 1 in all.",
                "Use binary_cross_entropy_with_logits, without the softmax, where several classes are true at once.",
                confidence=0.9,
                ones=loss.shares,
            )
            return


@Rule(
    "F115",
    "threshold-on-logits",
    "a threshold for probabilities is used on logits",
    silent="a threshold of 0 or 1; outputs that go through a sigmoid",
    why="binary_cross_entropy_with_logits takes the sigmoid itself, so what the model gives is no probability.\n"
    "0.5 of a logit is 0.62 of a probability, and rounded logits are any whole number:\n"
    "the accuracy that is printed is not that of the model.",
)
def threshold_on_logits(history: History) -> Iterator[Verdict]:
    """What a layer gives goes into binary_cross_entropy_with_logits and is compared with a number between 0 and 1."""
    for step, loss in _losses(history):
        used = loss.fed_by in history.sightings.thresholds
        if loss.op == "binary_cross_entropy_with_logits" and loss.fed_by and used:
            yield found(
                "watch",
                loss.fed_by,
                step,
                f"What `{loss.fed_by}` gives are logits, and they are compared with a threshold, or rounded, as "
                "if they were probabilities.",
                "Compare logits with 0, or take torch.sigmoid first.",
                confidence=0.9,
            )
            return


@Rule(
    "F121",
    "largest-of-one",
    "argmax over one column",
    silent="a batch of one row; argmax over another axis than the last",
    why="argmax gives the place of the largest, and of one column that is always the first: 0.\n"
    "A model with one output for yes or no then says no to everything, whatever it has learned:\n"
    "the accuracy is the share of the zeros, in every epoch.",
    explains=("F90",),
    rank=100,
)
def largest_of_one(history: History) -> Iterator[Verdict]:
    """The largest of one column of a model's output is asked for."""
    seen = history.sightings.one_column
    if seen is not None:
        yield found(
            "sick",
            seen.latest,
            seen.step,
            f"argmax is taken over what `{seen.latest}` gives, which has one column: it is 0 for every row, whatever "
            "was learned.",
            "With one logit the answer is `logit > 0`; for argmax the last layer needs a column for each class.",
            confidence=0.95,
        )


@Rule(
    "F108",
    "state-carried-over",
    "a state is carried over to other samples",
    silent="targets for each place of a sequence, as of a text that goes on; single steps, as in a rollout; a state "
    "that was drawn, learned or made by another layer",
    why="The state that a recurrent layer ends with belongs to the samples of this batch.\n"
    "Kept for the next one it tells of others, which happen to stand in the same rows;\n"
    "it is noise that the layer has to forget first, and evaluation begins with another.",
    explains=("F22", "F29", "F28", NOT_LEARNING),
    rank=57,
)
def state_carried(history: History) -> Iterator[Verdict]:
    """A recurrent layer that is given whole sequences, one answer for each, begins with a state from before the
    step: in three looks.
    """
    frames = [f for f in history.training() if f.noted.carried is not None]
    if len(frames) < 3 or history.last is None:
        return
    carried = frames[-1].noted.carried
    assert carried is not None
    losses = [x for x in (*history.last.losses, *history.last.written_out) if not x.made]
    single = [x for x in losses if x.rows == carried.rows and (x.classes or x.width != carried.places)]
    if carried.places < 2 or carried.rows < 2 or not single or len(single) < len(losses):
        return
    yield found(
        "sick" if fails(history) else "watch",
        carried.layer,
        frames[0].step,
        f"`{carried.layer}` begins each batch with the state in which it ended another: {carried.rows} sequences "
        "with an answer each begin where others stopped.",
        "Begin with zeros: call it without a state, or reset the state before each batch.",
        confidence=0.85,
        rows=carried.rows,
    )


@Rule(
    "F127",
    "overlapping-windows",
    "what is evaluated overlaps with what is trained on",
    silent="rows that were trained on as they are; whole numbers; a few rows at the seam of a split by time",
    why="Windows that are cut one step apart share nearly all that they hold.\n"
    "Shared out at random, most windows of val have a neighbour in train, and val tells what is known by heart:\n"
    "on a new recording the model does far worse.",
    explains=("F30",),
    rank=109,
)
def overlapping(history: History) -> Iterator[Verdict]:
    """Of 16 rows or more of evaluations a tenth hold a quarter of a row of training, moved by some places: exact."""
    seen = history.scales.overlaps
    if seen.rows < 16 or seen.shared < 0.1 * seen.rows:
        return
    yield found(
        "watch",
        "",
        history.step(),
        f"Of {seen.rows} rows that were evaluated, {seen.shared} hold pieces of rows that were trained on, moved by "
        "some places: windows of one recording stand on both sides.",
        "Split before the windows are cut: by recording, by person, or by time with a gap of one window.",
        confidence=0.9,
        shared=seen.shared,
        rows=seen.rows,
    )


@Rule(
    "F114",
    "evaluated-on-other-scale",
    "evaluated on inputs of another scale",
    silent="inputs that are whole numbers; batches of fewer than eight rows; inputs that are all the same; several "
    "models; a model that is called on what it made, as where it samples",
    why="What is taken off the training data and what it is divided by must be so for val and test as well.\n"
    "A normalisation that is left out, or made twice, gives the model what it has never seen:\n"
    "training does well, and the evaluation says that nothing was learned.",
    explains=("F28", "F90", "F29", "F30"),
    rank=108,
)
def other_scale(history: History) -> Iterator[Verdict]:
    """Inputs of evaluations deviate by three times as much as those of training, or a third, or are off by two of
    their deviations.
    """
    ours, theirs = history.scales.training, history.scales.evaluation
    if history.scales.made or ours.batches < 2 or not theirs.batches or not ours.std or not theirs.std:
        return
    times, off = theirs.std / ours.std, abs(theirs.mean - ours.mean) / ours.std
    if 1 / 3 < times < 3 and off < 2:
        return
    yield found(
        "sick" if times > 10 or times < 0.1 or off > 10 else "watch",
        "",
        history.step(),
        "What is evaluated is on another scale than what was trained on: a mean and standard deviation of "
        f"{theirs.mean:.3g} and {theirs.std:.3g}, where training has {ours.mean:.3g} and {ours.std:.3g}.",
        "Prepare all data in one way: with the mean and standard deviation of the training data.",
        confidence=0.85,
        times=times,
        off=off,
    )
