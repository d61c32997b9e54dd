"""The lessons that there are."""

from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Lesson:
    """A lesson: its number, the question that it opens with, what it is about, and its script of cells."""

    number: int
    slug: str
    question: str
    about: str

    @property
    def path(self) -> Path:
        """The script."""
        return SCRIPTS / f"{self.number:02}_{self.slug}.py"


LESSONS = [
    Lesson(1, "slope", "What is a slope?", "nudging a number, the chain rule, a graph of an expression"),
    Lesson(2, "add", "Why += and not =?", "two uses of one value, the order of the way back, a net of Values"),
    Lesson(3, "counting", "Can counting write names?", "pairs of letters, sampling, smoothing, broadcasting"),
    Lesson(4, "loss", "How wrong is a model?", "likelihood, its logarithm, one number for a whole list"),
    Lesson(5, "net", "Is a net just counting?", "one-hot, softmax, and a penalty that is smoothing"),
    Lesson(6, "points", "Why letters as points?", "Bengio's net, windows, embeddings, honest splits, words"),
    Lesson(7, "rate", "Which learning rate?", "exponents, noise of a mini-batch, decay, under- and overfitting"),
    Lesson(8, "start", "Why is the first loss 27?", "the hockey stick, saturated and dead units, Kaiming's gain"),
    Lesson(9, "batchnorm", "What does BatchNorm couple?", "running statistics, Bessel, folding, the doctor"),
    Lesson(10, "autograd", "Can you be autograd?", "26 gradients, two in one expression, functions of your own"),
    Lesson(11, "wavenet", "How do eight letters meet?", "a tree, dilated convolutions, gates, residuals and skips"),
    Lesson(12, "attention", "What does attention look at?", "recurrent nets, a causal map, its backward, mixtures"),
]


def lesson(number: int) -> Lesson:
    """The lesson of this number. Raises ValueError where there is none."""
    for each in LESSONS:
        if each.number == number:
            return each
    raise ValueError(f"there is no lesson {number}; there are 1 to {len(LESSONS)}, see: moreish lessons")
