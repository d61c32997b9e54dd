"""What else one step showed: mistakes that stand in single calls, and what became of copies of a model."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Shape = tuple[int, ...]


class Swapped(NamedTuple):
    """A view whose sizes are those before in another order: (8, 12, 12, 3) looked at as (8, 3, 12, 12)."""

    layer: str
    op: str
    before: Shape
    after: Shape


class Flat(NamedTuple):
    """A function whose slope is 0 everywhere, and the layer whose output it took."""

    layer: str
    op: str


class Endless(NamedTuple):
    """Rows of a language model that end in places that do not count: with which symbol their inputs are filled up,
    which share of the rows ends so, and how many different symbols are the last target that counts. `wanted` is
    whether sequences are to be made: they begin with a prompt that does not count, or the user's code has a name for
    the end that stands for this very symbol.
    """

    symbol: int
    rows: float
    last: int
    wanted: bool = False


class Repeated(NamedTuple):
    """One module with weights that stands in a container several times."""

    container: str
    times: int


@dataclass
class State:
    """How often a layer got what it had made before, in one forward: with the graph between cut, and whole."""

    cut: int = 0
    whole: int = 0


class Game(NamedTuple):
    """Slopes of the loss by the verdicts of a model: on data, on what another model makes while it learns to judge,
    and while that one learns to be judged well.
    """

    model: str
    data: float
    judged: float
    imitates: float


class Beyond(NamedTuple):
    """Data that a model judges beside what another one makes, and what share of them that one's last operation cannot
    give, whose ends are `low` and `high`.
    """

    model: str
    op: str
    share: float
    low: float
    high: float


class Weighed(NamedTuple):
    """Log-probabilities of choices times weights: with how many products the loss grows, and with how many it falls.

    `cost` is whether the weights are called a cost, a length or the like, or had their sign turned.
    """

    up: int
    down: int
    cost: bool


class Carried(NamedTuple):
    """A recurrent layer that got a state from before this step: rows and places of its input."""

    layer: str
    rows: int
    places: int


class Ctc(NamedTuple):
    """What went into a ctc_loss: which symbol is its blank, the share of rows whose targets hold that, the share that
    has fewer frames than its targets need, and how far the sum of its probabilities is from 1.
    """

    blank: int
    blanks: float
    short: float
    off: float


class Signed(NamedTuple):
    """The targets of a loss that wants 1 and -1: the share that is 0, how many there are, whether any is below 0."""

    op: str
    zeros: float
    targets: int
    negative: bool


class RiskSets(NamedTuple):
    """A running sum over the rows of a batch whose logarithm is taken off the scores (a Cox partial likelihood): how
    many rows, the name of the times at hand, how those go along the rows, and whether they are surely times of the
    rows that the sum is to go by.
    """

    rows: int
    times: str
    order: Literal["falling", "rising", "none"]
    sure: bool = True


class Edges(NamedTuple):
    """Messages between the nodes of a graph: how many edges there are, the share whose way back is there too; of the
    nodes in the loss, and of others with an edge that an evaluation is about, which share gets no message; how many
    such others there are; `mark` is a number by which the same edges are known again.
    """

    edges: int
    mutual: float
    deaf: float
    deaf_others: float
    others: int
    mark: int


class Boxes(NamedTuple):
    """Boxes that are the answer and are taken for (left, top, right, bottom): how many were read, and the share whose
    right edge lies left of the left one, or whose lower edge lies above the upper one.
    """

    rows: int
    turned: float


class LatentNoise(NamedTuple):
    """The noise of a latent, spread by what the loss takes for the logarithm of a variance: by that itself, or by
    its exponential, which is the variance and no standard deviation.
    """

    by: Literal["logarithm", "variance"]


class Between(NamedTuple):
    """Edges of the regions in maps of classes: how many, how many have a class in them whose number lies between
    those on both sides, and between how many pairs of classes.
    """

    edges: int
    made: int
    pairs: int


class Layout(NamedTuple):
    """Pictures or series whose shape may not be that of their numbers: which layer got them (none: a model did),
    their shape, how the numbers may go, how many examples were looked at, how many say so, and whether that is sure.

    By `pixels` they are (height, width, channel) under the shape (channel, height, width), by `planes` the other way
    round; by `times` (time, channel) under (channel, time), by `series` the other way round.
    """

    layer: str
    shape: Shape
    kind: str
    examples: int
    votes: int
    sure: bool


class Blank(NamedTuple):
    """The padding index of an embedding that stands among the symbols: which it is, of how many, the share of places
    inside rows, of rows that hold it there, and of its places that are inside; `target` is whether a loss wants it.
    """

    layer: str
    symbol: int
    symbols: int
    often: float
    rows: float
    inside: float
    target: bool = False


class Moments(NamedTuple):
    """How many values there are, their sum, and that of their squares."""

    number: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Their mean."""
        return self.total / max(self.number, 1)

    @property
    def error(self) -> float:
        """The squared standard error of their mean."""
        return max(self.squares / max(self.number, 1) - self.mean**2, 0.0) / max(self.number - 1, 1)

    def plus(self, other: "Moments") -> "Moments":
        """Of both together."""
        return Moments(self.number + other.number, self.total + other.total, self.squares + other.squares)


class Pulled(NamedTuple):
    """How far apart the inputs of pairs are whose outputs the loss draws together, and of those it drives apart."""

    together: Moments
    apart: Moments

    def plus(self, other: "Pulled") -> "Pulled":
        """Of both together."""
        return Pulled(self.together.plus(other.together), self.apart.plus(other.apart))


class Through(NamedTuple):
    """A target that adds data to what a model gives for other data, and met nothing that could end an episode: for
    how many rows, the number that is added where it is the same in every row, the factor of what the model gives, and
    whether the code that adds them has a variable named after ends, with zeros and ones for these rows. `masked` is
    whether it was multiplied by a number for each row, all the same: that tells only where ends are among them.
    """

    rows: int
    reward: float | None
    factor: float
    flagged: bool
    masked: bool = False

    @property
    def is_unknown(self) -> bool:
        """Whether the numbers may be of rows without an end, as where what is at hand are time limits."""
        return self.masked and (not self.flagged or self.reward is None)


class Idle(NamedTuple):
    """A term of a loss that reaches no parameter that steps on it: of how many terms, and what it does reach."""

    terms: int
    parameter: str


class Summed(NamedTuple):
    """Products of the rows of two tables, summed over all rows and columns before something that bends or a loss: the
    operation that got the one number, and how many rows there were.
    """

    op: str
    rows: int


@dataclass
class Derivatives:
    """Derivatives of derivatives that a step's code took, and how many of them are 0 at every place; how often one by
    data without its graph went into what backward was called on.
    """

    second: int = 0
    zero: int = 0
    without_graph: int = 0


@dataclass
class Noted:
    """`normalised_again` is the layer whose softmax another one normalises; `met` are the layers whose outputs were
    compared with data, `copies` the models of which a copy was called without gradients, `in_place` those of which
    one was called with gradients. `checkpointed` are weights that worked without gradients for
    torch.utils.checkpoint, which runs them again in backward. `held` is whether a weight of a log-probability wants
    a gradient itself, `bootstrapped` whether a target does that adds data to what the model itself gives;
    `thresholds` are layers whose outputs were compared with a number between 0 and 1, or rounded; `one_column` is
    the layer whose only column the largest was asked for, `clipped_scaled` whether a gradient was clipped before
    the scale of its loss was taken off. `at_limit` is what held every number at its end (clamp, maximum), `zeroed`
    the layer whose outputs, or what was made of them, met data that are 0 throughout. `smoothed` counts how often
    rows were mixed by one and the same square table, as by an adjacency matrix. `through` is a target that takes
    the value of what comes next for every row. `factors` are the numbers by which terms of a loss were multiplied,
    in their order. `drawn_again` is how often a model was asked about the very same tensor once more without
    gradients, `norms_at_work` whether a norm used its batch meanwhile. `alike` is whether what is given with
    gradients and what is given without were one and the same, where they met. `pseudo_labels` is whether a loss was
    held against what had been decided without gradients, `terms_share` whether two terms of a loss reach the same
    parameters. `drops_on` is a dropout that was at work in an evaluation although the module it stands in is in
    eval mode. `samples` is whether a model was given what was made from normal noise that it was given.
    `raw_overlap` is whether an overlap of masks was taken of what a layer gives, `latent_noise` how the
    noise of a latent is spread, where that is not as the loss has it; `own_rows` counts the rows that a written
    contrastive loss compares with themselves, too. `rate` is what makes a rate of what is taken for the logarithm of
    one, `squared_mean` whether errors are averaged before they are squared, `order` how returns stand beside the
    log-probabilities of the steps that they weigh, `beyond` data that what imitates them cannot reach,
    `game` which way the sides of a game pull.
    """

    normalised_again: str | None = None
    met: set[str] = field(default_factory=set)
    states: dict[str, State] = field(default_factory=dict)
    swapped: Swapped | None = None
    repeated: Repeated | None = None
    flat: Flat | None = None
    endless: Endless | None = None
    checkpointed: set[str] = field(default_factory=set)
    copies: set[str] = field(default_factory=set)
    in_place: set[str] = field(default_factory=set)
    weighed: Weighed | None = None
    held: bool = False
    bootstrapped: bool = False
    carried: Carried | None = None
    thresholds: set[str] = field(default_factory=set)
    one_column: str = ""
    clipped_scaled: bool = False
    ctc: Ctc | None = None
    signed: Signed | None = None
    pulled: Pulled | None = None
    risk_sets: RiskSets | None = None
    edges: Edges | None = None
    boxes: Boxes | None = None
    layout: Layout | None = None
    blank: Blank | None = None
    at_limit: str = ""
    zeroed: str | None = None
    smoothed: int = 0
    through: Through | None = None
    factors: list[float] = field(default_factory=list)
    derivatives: Derivatives = field(default_factory=Derivatives)
    summed: Summed | None = None
    idle: Idle | None = None
    drawn_again: int = 0
    norms_at_work: bool = False
    alike: bool = False
    drops_on: str = ""
    pseudo_labels: bool = False
    terms_share: bool = False
    between: Between | None = None
    samples: bool = False
    raw_overlap: bool = False
    latent_noise: LatentNoise | None = None
    own_rows: int = 0
    rate: str = ""
    squared_mean: bool = False
    order: Literal["", "forwards", "backwards"] = ""
    beyond: Beyond | None = None
    game: Game | None = None


class Copied(NamedTuple):
    """A copy of a watched model at the end of a run.

    model : the name of the model
    way : how far it has come from the first weights to those of the model, as a share of that way
    still : it has the first weights, and those are as torch draws them
    statistics : running statistics of norms are what they were made with, and those of the model are not
    follows : it was written to again and again, or none of its parameters wants a gradient and it did not stay as it
        was when it was first called, which tells an average from a model that was put by
    """

    model: str
    way: float
    still: bool
    statistics: bool
    follows: bool
