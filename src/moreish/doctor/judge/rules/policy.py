"""Findings about log-probabilities that are weighed, and about what is aimed at with a gradient of its own."""

import statistics
from collections.abc import Iterator

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

OFTEN = 3  # looks
STARVED, FALLEN = 1e-3, 0.05  # of the largest gradient; of the first loss, by which one is learned
MANY = 256  # rows of which it is no chance that all rewards are the same


@Rule(
    "F110",
    "sign-of-weights",
    "the loss grows with what is wished for",
    silent="weights that are all the same; weights that the script calls a cost, a length or an energy, or whose "
    "sign it has turned; several terms of which some have the other sign",
    why="A policy gradient raises the log-probability of a choice by its advantage: the loss is "
    "-(log_prob * advantage).\n"
    "Without the minus, or with two of them, the best choices become the rarest.\n"
    "The loss falls as it should, and so does the return.",
    explains=("F13", "F101", "F42", "F22", "F84", RUNAWAY, NOT_LEARNING),
    rank=41,
)
def sign_of_weights(history: History) -> Iterator[Verdict]:
    """The gradient of the loss by products of log-probabilities and weights is above 0, in three looks: exact."""
    frames = [f for f in history.frames if f.noted.weighed is not None]
    seen = [f.noted.weighed for f in frames if f.noted.weighed is not None]
    if len(seen) < OFTEN or any(w.down or w.cost for w in seen):
        return
    yield found(
        "sick",
        "",
        frames[0].step,
        "The loss has the wrong sign: it grows with log-probability times weight, so what has the larger weight is "
        "made rarer.",
        "Write loss = -(log_prob * advantage).mean(). If the weights are a cost to be avoided, ignore F110.",
        confidence=0.85,
        looks=len(seen),
    )


@Rule(
    "F156",
    "returns-backwards",
    "returns stand in the reverse order of the steps",
    silent="rewards of many kinds; advantages from which a value was taken; log-probabilities that were not put "
    "together step by step; fewer than eight steps",
    why="Returns are summed up from the last step to the first, so a list of them begins with the last one.\n"
    "Beside log-probabilities that begin with the first step, each choice is paid for another:\n"
    "the one that stands as far from the other end of the episode.",
    explains=("F110", "F22", "F119", NOT_LEARNING),
    rank=42,
)
def returns_backwards(history: History) -> Iterator[Verdict]:
    """Weights of log-probabilities that were made one after the other are returns of few kinds of rewards in the
    reverse order, in two looks, and in the right one in none.
    """
    frames = [f for f in history.frames if f.noted.order]
    if len(frames) < 2 or any(f.noted.order == "forwards" for f in frames):
        return
    yield found(
        "sick",
        "",
        frames[0].step,
        "The returns are those of the steps in reverse order: that of the last step weighs the log-probability of "
        "the first one.",
        "Turn the list after it was summed up from the end: returns.reverse(), or returns.insert(0, R) instead of "
        "append.",
        confidence=0.95,
        looks=len(frames),
    )


@Rule(
    "F111",
    "moving-aim",
    "what is aimed at has a gradient of its own",
    silent="targets that no data are added to, as of two views of one picture; weights without a gradient",
    why="An advantage says how much, and a target says where to: both are numbers for this step.\n"
    "With a gradient through them, the loss is lowered by changing the aim: the critic learns to please the policy, "
    "and the next state's value comes down to this one's.\n"
    "Nothing stops, and what is learned is another thing.",
    explains=("F13", "F42", "F22", RUNAWAY, NOT_LEARNING),
    rank=58,
)
def moving_aim(history: History) -> Iterator[Verdict]:
    """A log-probability is multiplied with what wants a gradient, or a target is data plus a multiple of what the
    same parameters give, with their gradient: exact.
    """
    frames = history.training()
    held = [f for f in frames if f.noted.held]
    bootstrapped = [f for f in frames if f.noted.bootstrapped]
    seen = held if len(held) >= len(bootstrapped) else bootstrapped
    if len(seen) < (OFTEN if seen is held else 1):  # the other is not asked at every look
        return
    yield found(
        "watch",
        "",
        seen[0].step,
        "The weight of a log-probability wants a gradient: the loss of the policy also trains what estimates the "
        "advantage."
        if seen is held
        else "The target is data plus a multiple of what the model itself gives, and the gradient goes through both.",
        "Detach it: advantage = (returns - values).detach()."
        if seen is held
        else "Make the target in torch.no_grad(), or detach it; a target network is steadier still.",
        confidence=0.9,
        looks=len(seen),
    )


@Rule(
    "F129",
    "bootstraps-through-ends",
    "the target goes on through the end of an episode",
    silent="anything on the way that could take the next value away: a product with a number for each row, a mask, "
    "rows that are written into; batches of fewer than eight rows; targets made in numpy or row by row; rewards that "
    "differ, unless ends lie at hand under a name that says so",
    why="Behind the end of an episode nothing comes, so the target there is the reward alone.\n"
    "Where the value of the next state is added all the same, an end costs nothing and earns nothing:\n"
    "with a reward of r at each step every state comes to be worth r / (1 - gamma), and there is nothing to choose.",
    explains=("F13", "F22", "F23", RUNAWAY, NOT_LEARNING),
    rank=59,
)
def through_ends(history: History) -> Iterator[Verdict]:
    """In three looks or more, and in each since the first: targets are data plus a multiple of what a model gives for
    other data, in all rows. The data are one and the same number other than 0 (sick; without ends at hand in five
    looks and 256 rows), or differ while ends lie at hand (watch).
    """
    frames = history.training()
    first = next((k for k, f in enumerate(frames) if f.noted.through is not None), len(frames))
    every = [f.noted.through for f in frames[first:] if f.noted.through is not None]
    seen = [s for s in every if not s.is_unknown]
    if len(seen) < OFTEN or len(every) < len(frames) - first:
        return
    flagged = any(s.flagged for s in seen)
    rewards = {s.reward for s in seen}
    reward = seen[0].reward if len(rewards) == 1 else None
    enough = flagged or (len(seen) >= 5 and sum(s.rows for s in seen) >= MANY)
    discounted = all(0 < s.factor < 1 for s in seen)
    if not (reward and enough) and not (flagged and discounted):
        return
    yield found(
        "sick" if reward else "watch",
        "",
        frames[first].step,
        f"Every row of the target is {reward:.3g} plus a part of the next state's value, also where the episode is "
        "over: all states come to be worth the same."
        if reward
        else "The target takes the next state's value in every row, also where the episode is over; which rows those "
        "are is known there, and not used.",
        "Leave the next value out where the episode is over: target = r + gamma * (1 - done) * next. A time limit is "
        "no end" + ("." if reward else ": if all ends are such, ignore F129."),
        confidence=0.9 if reward else 0.8,
        looks=len(seen),
    )


@Rule(
    "F131",
    "zero-weights",
    "what the model gives is weighed with zeros",
    silent="a run under way for less than 100 steps; fewer than three looks; weights that are not 0 in one of "
    "them; products inside a model; a loss that falls, unless what is weighed gets a thousandth of the gradient",
    why="A product with 0 is 0 whatever the model gives, and so is its gradient.\n"
    "Advantages that were normalised along an axis of length 1, masks and weights of samples that came out empty,\n"
    "or integers divided as such look like this: the term stands in the loss and does nothing.",
    explains=("F09", "F12", "F16", "F17", "F22", "F23", NOT_LEARNING),
    rank=112,
)
def zero_weights(history: History) -> Iterator[Verdict]:
    """Outside of any model, its outputs meet data that are 0 throughout, at every step that was looked at."""
    frames = history.training()
    judged = history.ended or history.step() >= 100
    if not judged or len(frames) < 3 or frames[-1].step < 10 or any(f.noted.zeroed is None for f in frames):
        return
    layer = frames[-1].noted.zeroed or ""
    if not (_starves(frames, layer) or _stands(history)):
        return  # another term is learned, and this one has nothing to say so far
    what = f"what `{layer}` gives" if layer else "what the model gives"
    yield found(
        "sick",
        layer,
        frames[0].step,
        f"In all {len(frames)} steps that were looked at, {what} is multiplied with numbers that are all 0.",
        "Print them: advantages are normalised over all samples, (a - a.mean()) / a.std(), and have one axis; a mask "
        "has ones; a weight is no whole number that was divided.",
        confidence=0.9,
    )


def _starves(frames: list[Frame], layer: str) -> bool:
    """Whether next to nothing of the gradient reaches a layer, and not nothing, as where there is no such row."""
    for frame in frames:
        own = [v for k, v in frame.values.items() if k.startswith(f"{layer}.") and k.endswith("/grad_rms")]
        every = [v for k, v in frame.values.items() if k.endswith("/grad_rms")]
        if not layer or not own or not 0 < max(own) < STARVED * max(every):
            return False
    return True


def _stands(history: History) -> bool:
    """Whether the loss has hardly fallen."""
    losses = history.losses()
    first, now = losses[0][1], statistics.median(x for _, x in losses[-3:])
    return not now < first - FALLEN * abs(first)
