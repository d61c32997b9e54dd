"""Findings about collapse: outputs that become all the same, and games of two models that one of them has won."""

import math
import statistics
from collections.abc import Iterator
from typing import NamedTuple

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import gain, number_loss
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

LATE = 3  # frames that have to show it
SURE, CERTAIN = 0.97, 0.995  # probabilities from which verdicts are
UNUSED = 0.01  # variance of a latent's mean over the inputs, below which it is not in use (Burda's active units)


@Rule(
    "F84",
    "collapsed-outputs",
    "all outputs become the same",
    silent="outputs that are held against targets from the data; inputs that are all the same from the start",
    why="Two outputs of a model that are pulled together agree best where all outputs are one vector.\n"
    "Nothing holds them apart: no negative pairs, no stop-gradient with a predictor, no variance term.\n"
    "The loss falls to its best value, and the outputs say nothing of their inputs.",
    explains=("F17", "F09", "F12", "F23", NOT_LEARNING),
    rank=172,
)
def collapsed(history: History) -> Iterator[Verdict]:
    """Rows that are compared with each other have a mean cosine above 0.975 (0.95 where no side is held still), or
    have lost 95 % of their spread, in three frames in a row, and were apart at first.
    """
    frames = [f for f in history.training() if f.compared is not None]
    if len(frames) < LATE + 2 or frames[-1].step < 20:
        return
    seen = [f.compared for f in frames if f.compared is not None]
    first, late = seen[0], seen[-LATE:]
    alike = min(c.alike for c in late)
    turned = first.alike < 0.9 and alike > (0.95 if all(c.both for c in late) else 0.975)
    shrunk = first.spread > 0 and max(c.spread for c in late) < 0.05 * first.spread and alike > first.alike
    if not all(math.isfinite(v) for c in (first, *late) for v in c) or not (turned or shrunk):
        return
    what = (
        f"two rows of a batch have a mean cosine of {alike:.4f} ({first.alike:.2f} {history.at_first})"
        if turned
        else f"their spread is {late[-1].spread:.2g} ({first.spread:.2g} {history.at_first})"
    )
    yield found(
        "sick",
        "",
        frames[-LATE].step,
        f"The outputs that the loss compares with each other have become the same whatever the input: {what}.",
        "Hold them apart: negative pairs (InfoNCE; triplets, with inf for masked pairs before `min`, semi-hard ones "
        "first), or a predictor with .detach() on the other branch (SimSiam, BYOL), or a term for variance (VICReg).",
        confidence=0.95,
        picture="loss",
        alike=alike,
        spread=late[-1].spread,
    )


@Rule(
    "F85",
    "posterior-collapse",
    "the latent is not used",
    silent="the first 150 steps; a latent that never told anything of its input",
    why="The KL term pays for every nat that the latent tells of its input.\n"
    "Where the decoder does without, it is cheapest to tell nothing: mean 0, variance 1, for all inputs.\n"
    "What is sampled then does not depend on the latent at all.",
    explains=("F09", "F12", "F17", "F22"),
    rank=174,
)
def posterior_collapse(history: History) -> Iterator[Verdict]:
    """KL of a sampled latent below 0.1 nats, and the variance of each of its means below 0.01, in three frames in a
    row, after it was ten times as much; sick where what is decoded is no better than a constant.
    """
    frames = [f for f in history.training() if f.latent is not None]
    seen = [f.latent for f in frames if f.latent is not None]
    if len(seen) < LATE + 2 or frames[-1].step < 150 or not all(math.isfinite(x.kl) for x in seen):
        return
    late, most = seen[-LATE:], max(x.kl for x in seen)
    if any(x.kl > 0.1 or x.spread > UNUSED for x in late) or most < 10 * late[-1].kl:
        return
    saved = gain(history, number_loss(history))
    times = _times_too_much(frames[0])
    why = (
        f" The reconstruction is averaged over its numbers and the divergence is not: it counts at least {times:.0f} "
        "times as much as in the bound that both come from."
        if times
        else ""
    )
    yield found(
        "sick" if saved is not None and saved.share < 0.05 else "watch",
        "",
        frames[-LATE].step,
        f"The latent has a KL of {late[-1].kl:.2g} nats from a standard normal ({most:.2g} at most): its mean and "
        f"variance are the same for all inputs.{why}",
        ("Sum the reconstruction over the numbers of a row, too, and average both over the rows. " if times else "")
        + "Weigh the KL term less, or let its weight rise from 0 over the first epochs; check that both terms are "
        "summed or averaged over the same dimensions; or leave each dimension some nats for free.",
        confidence=0.85,
        kl=late[-1].kl,
        spread=late[-1].spread,
    )


def _times_too_much(frame: Frame) -> float:
    """How many times as much as its share a divergence counts, at least, beside a reconstruction that is averaged
    over all its numbers; 0 where that is not known, or not ten times. The bound (Kingma and Welling, 2014, equation
    10) has sums over a row in both.
    """
    loss = next((x for x in frame.losses if x.reduction == "mean"), None)
    whole, kl = frame.values.get("loss"), frame.latent.kl if frame.latent is not None else 0.0
    if loss is None or whole is None or not kl > 0:
        return 0.0
    rest = (whole - frame.values.get(f"{loss.prefix}loss", math.nan)) / kl
    return rest * loss.width if rest * loss.width >= 10 else 0.0


class Round(NamedTuple):
    """One frame of a game: the verdicts on data and on what the other model made, as probabilities, and spreads."""

    step: int
    real: float
    fake: float
    apart: bool
    spread_real: float
    spread_fake: float


def _rounds(history: History) -> tuple[str, list[Round]]:
    """The model that judges, and its verdicts over the frames that have both."""
    name, rounds = "", []
    for frame in history.training():
        for judge in {v.model for v in frame.verdicts if v.fake}:
            real = next((v for v in frame.verdicts if v.model == judge and not v.fake), None)
            fake = next((v for v in frame.verdicts if v.model == judge and v.fake), None)
            if real is not None and fake is not None and _squashed(frame, judge):
                name = judge
                bounded = min(real.low, fake.low) >= 0 and max(real.high, fake.high) <= 1
                sure = [v.mean if bounded else _sigmoid(v.mean) for v in (real, fake)]
                apart = real.low > fake.high or fake.low > real.high
                rounds.append(Round(frame.step, sure[0], sure[1], apart, real.spread, fake.spread))
    return name, rounds


def _squashed(frame: Frame, judge: str) -> bool:
    return any(m == judge or m.startswith(f"{judge}.") for m in frame.squashes)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-max(min(x, 50.0), -50.0)))


@Rule(
    "F157",
    "no-contest",
    "both sides of a game pull the same way",
    silent="games of which one side alone is seen, or both in one backward; fewer than four looks",
    why="A discriminator learns to say yes to data and no to what is made, and the generator to be told yes.\n"
    "With the same labels for both, or a sign too much, two of the three agree:\n"
    "there is nothing to tell apart, or what is made is moved away from the data.",
    explains=("F86", "F87", "F22", "F94", NOT_LEARNING),
    rank=43,
)
def no_contest(history: History) -> Iterator[Verdict]:
    """In all looks, four or more, the gradient of the discriminator's verdict has one sign for data and for what is
    made, or for what is made one sign in its own update and in that of the generator.
    """
    frames = [f for f in history.training() if f.noted.game is not None]
    games = [f.noted.game for f in frames if f.noted.game is not None]
    if len(games) < 4:
        return
    alike = all(g.data * g.judged > 0 for g in games)
    if not alike and not all(g.judged * g.imitates > 0 for g in games):
        return
    name = f"`{games[0].model}`"
    yield found(
        "sick",
        games[0].model,
        frames[0].step,
        f"{name} learns to say the same of data and of what is made for it: there is nothing to tell apart."
        if alike
        else f"What is made learns to be told by {name} just what {name} itself learns to tell: it is moved away "
        "from the data.",
        "Label data 1 and made rows 0 where the discriminator learns."
        if alike
        else "Label made rows as data where the generator learns: bce(D(G(z)), ones); or turn the sign of one.",
        confidence=0.9,
        looks=len(games),
    )


@Rule(
    "F86",
    "discriminator-wins",
    "the discriminator has won",
    silent="the first 200 steps; critics without a sigmoid (Wasserstein); a discriminator that errs now and then",
    why="A generator learns from where the discriminator is unsure.\n"
    "One that is sure of every row has a slope of almost 0 there, or pushes in one direction only:\n"
    "its loss is next to 0, and the generator stays where it is.",
    explains=("F05", "F04", "F07", "F09", "F12", "F14", "F17", "F42", "F87", "F11", NOT_LEARNING),
    rank=176,
)
def discriminator_wins(history: History) -> Iterator[Verdict]:
    """All data and all made rows are told apart, surely, in every look at the last half of 200 steps or more."""
    name, rounds = _rounds(history)
    if len(rounds) < 5 or rounds[-1].step < 200:
        return
    late = [r for r in rounds if r.step >= rounds[-1].step / 2]
    if len(late) < 4 or not all(r.apart and _sure(r) for r in late):
        return
    left = _gradient_left(history, name)
    vanished = left is not None and left < 0.01
    yield found(
        "sick" if vanished or all(_sure(r, CERTAIN) for r in late) else "watch",
        name,
        late[0].step,
        f"`{name}` tells every row of data ({late[-1].real:.3g}) from every row that was made for it "
        f"({late[-1].fake:.3g}) since step {history.at(late[0].step)}"
        + (f"; the gradient that reaches the other model is {left:.1g} of what it was." if vanished else "."),
        "Weaken it: a lower learning rate for it or a higher one for the generator, dropout or noise on its inputs, "
        "labels of 0.9; and let the generator minimise -log D(G(z)), which keeps its slope where it loses.",
        confidence=0.9,
        real=late[-1].real,
        fake=late[-1].fake,
    )


def _sure(r: Round, limit: float = SURE) -> bool:
    return max(r.real, r.fake) > limit and min(r.real, r.fake) < 1 - limit


def _gradient_left(history: History, judge: str) -> float | None:
    """The late gradient of the weights of the other models, over its largest."""
    norms = []
    for frame in history.training():
        weights = [n for n, shape in frame.shapes.items() if len(shape) > 1 and not n.startswith(f"{judge}.")]
        squares = [math.prod(frame.shapes[n]) * frame.values.get(f"{n}/grad_rms", 0.0) ** 2 for n in weights]
        if squares:
            norms.append(math.sqrt(sum(squares)))
    return statistics.median(norms[-LATE:]) / max(norms) if len(norms) >= 5 and max(norms) > 0 else None


@Rule(
    "F87",
    "mode-collapse",
    "the generator makes the same row again and again",
    silent="the first 200 steps; rows that vary as the data do, or a twentieth of it",
    why="A generator may find one row that the discriminator takes for real, and make only that.\n"
    "When the discriminator has learned that one, it moves on to the next.\n"
    "The noise that it is given has no effect any more.",
    explains=("F12", "F09"),
    rank=178,
)
def mode_collapse(history: History) -> Iterator[Verdict]:
    """What is made spreads by less than a twentieth of the data, at every look in the last half of 200 steps."""
    name, rounds = _rounds(history)
    late = [r for r in rounds if r.step >= rounds[-1].step / 2]
    if len(late) < 4 or rounds[-1].step < 200 or any(r.spread_fake > 0.05 * r.spread_real for r in late):
        return
    yield found(
        "watch",
        "",
        late[0].step,
        f"Rows that are made for `{name}` spread by {late[-1].spread_fake:.2g}, those of the data by "
        f"{late[-1].spread_real:.2g}: whatever the noise, the same row comes out.",
        "Show the discriminator several made rows at once (minibatch discrimination), use a Wasserstein loss with a "
        "gradient penalty, or give the generator more noise and a lower learning rate.",
        confidence=0.8,
        made=late[-1].spread_fake,
        data=late[-1].spread_real,
    )
