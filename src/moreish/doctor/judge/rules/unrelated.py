"""Targets that nothing given can tell, and outputs that are held against themselves."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import gain, number_loss
from moreish.doctor.judge.rules.inputs import drowns_noise
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEWEST = 3  # looks in a row
LEARNED = 0.2  # share of a constant's cost: of noise that is not there nothing can be learned


@Rule(
    "F136",
    "noise-not-in-input",
    "the noise that is asked for is not in the input",
    silent="inputs of hundreds, in which noise drowns (F56); noise around a level, as of labels that are softened; "
    "inputs of another shape but one with columns more; fewer than 2500 numbers; a loss that falls",
    why="A net that is to tell the noise in its input is asked for noise that was drawn beside it.\n"
    "Nothing it is given knows of that, so its best answer is 0:\n"
    "the loss stands at the variance of the noise, which looks like slow training.",
    explains=("F22", "F29", "F119", "F128", NOT_LEARNING),
    rank=126,
    until_well=True,
)
def noise_not_in_input(history: History) -> Iterator[Verdict]:
    """Targets were drawn in the same step, and no input of their shape goes with them beyond chance."""
    seen, saved = history.counts.noise, gain(history, number_loss(history))
    learned = saved is not None and saved.share > LEARNED
    if seen.unknown and not learned and not drowns_noise(history):
        yield found(
            "sick",
            "",
            history.step(),
            f"The target is noise that was drawn in the same step ({seen.numbers} numbers were seen), and it is not "
            "the noise in the input: nothing that the model is given goes with it.",
            "Draw the noise once: mix into the input, x + s * noise, the very tensor that is the target.",
            confidence=0.95,
            numbers=seen.numbers,
        )


@Rule(
    "F152",
    "noise-of-one-side",
    "the noise that is asked for lies between 0 and 1",
    silent="noise about 0, whatever it is drawn from; noise that is not in the input (F136); nothing is made "
    "step by step from normal noise; fewer than three looks",
    why="What is made later begins with noise of mean 0 and of variance 1 and takes off what the net calls noise.\n"
    "torch.rand draws from 0 to 1, evenly, and torch.randn from the standard normal: one letter less, and\n"
    "the net has learned another noise, with a mean of 0.5, than the one that it is given afterwards.",
    explains=("F29", "F119"),
    rank=72,
)
def noise_of_one_side(history: History) -> Iterator[Verdict]:
    """Targets that were drawn in the same step and are part of the input lie evenly in 0 to 1, at three looks, and
    the model is called without gradients with normal noise and then with what was made of it.
    """
    seen = history.counts.noise
    if seen.one_sided >= FEWEST and history.sightings.samples:
        yield found(
            "watch",
            "",
            history.step(),
            f"The noise that the model is asked for lay evenly in 0 to 1 ({seen.one_sided} looks): its mean is 0.5.",
            "Draw it with torch.randn_like, which is what the formulas of diffusion and denoising are about.",
            confidence=0.85,
        )


@Rule(
    "F137",
    "compared-with-itself",
    "a model is compared with itself",
    silent="a loss that moves; a ratio of what is and its own detached copy",
    why="What a model gives is held against what a reference gives: how much more likely, how far away.\n"
    "Where the reference is the same object, and no copy of it, both move together:\n"
    "the difference is 0 at every step, and so is what can be learned from it.",
    explains=("F119", "F22", "F29", NOT_LEARNING),
    rank=127,
)
def compared_with_itself(history: History) -> Iterator[Verdict]:
    """A difference of what two calls gave was exactly 0 in the last looks, and the loss stands."""
    frames = history.training(FEWEST)
    if len(frames) < FEWEST or not all(f.noted.alike for f in frames) or history.loss_curve.stands_since() is None:
        return
    yield found(
        "sick",
        "",
        frames[0].step,
        "What the model gives less what its reference gives is exactly 0, for every row and at every step that was "
        "looked at: the reference is the model itself.",
        "Take a copy that stays as it is: reference = copy.deepcopy(model).eval(), made before training, with "
        "requires_grad_(False).",
        confidence=0.9,
    )
