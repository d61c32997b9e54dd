"""The triage: which runs need a closer look. A healthy one is soon left alone, so that watching it costs little."""

import math
import statistics
from collections.abc import Iterable

from moreish.doctor.frames.history import History
from moreish.doctor.frames.loss_curve import LossCurve
from moreish.doctor.frames.quantities import DRIFTED
from moreish.doctor.judge.finding import Finding
from moreish.doctor.judge.standing import heard_constant

EARLY = 50  # steps in which nothing is expected of a run yet
LEARNED = 250  # steps after which a model should know more than how often each class occurs
FALLEN, WITHIN = 0.1, 100  # of its first value, in so many steps: a loss that has fallen by less has hardly moved
LOW_RATE = 0.02  # of its highest: a learning rate that has come down
GUESSES, APART = 120, 1.5  # steps after which a loss near that of a guess is looked at, each time so much later
NEAR = 0.6, 1.4  # times what the best constant answer costs
GAP = 0.5  # nats from training to an evaluation
FIRST, JUMP = 8, 0.15  # of its first value: a loss that has risen by more in the first frames has jumped


def worrying(history: History, found: Iterable[Finding] = ()) -> bool:
    """Whether there is an alarm, the loss jumped at first or has hardly fallen, or tells of frequencies only, a
    BatchNorm lags behind, a learning rate has come down, an evaluation is far worse than training, batches repeat,
    pictures turn without their targets, the gradient is 0, or the loss stands or rises between the looks.
    """
    if any(finding.severity != "info" for finding in found):
        return True
    if history.step() < EARLY:
        return False
    if history.frames[-1].values.get("grad_norm") == 0.0:
        return True
    if goes_wrong(history.loss_curve):
        return True
    asked = (_jumped, _learns_little, _lags, _rests, _gapes, _repeats, _sorted, _collapses, _turns, _in_vain)
    return any(asks(history) for asks in asked)


def goes_wrong(curve: LossCurve) -> bool:
    """Whether the loss has come above its best, or does not change at all."""
    return curve.has_risen() or curve.stands_since() is not None


def stands_at_a_guess(history: History, step: int) -> bool:
    """Whether the loss that is heard is near what the best constant answer costs, and no look is recent."""
    now = history.loss_curve.now
    if now is None or step < GUESSES or history.step() * APART > step:
        return False
    constant = heard_constant(history)
    return constant is not None and NEAR[0] * constant < now.mean < NEAR[1] * constant


def _jumped(history: History) -> bool:
    losses = [f.values["loss"] for f in history.frames[:FIRST] if "loss" in f.values]
    return bool(losses) and max(losses) > losses[0] + JUMP * abs(losses[0])


def _learns_little(history: History) -> bool:
    first, now = history.frames[0].values.get("loss"), _lately(history, "loss")
    if first is None or now is None:
        return False
    expected = FALLEN * min(1.0, history.step() / WITHIN)
    if not math.isfinite(now) or (history.from_scratch and now > first - expected * abs(first)):
        return True
    if history.step() >= LEARNED and any(_stands(history, loss.prefix) for loss in history.frames[-1].losses):
        return True
    nll = _lately(history, "loss.1/nll")
    if history.step() < LEARNED or nll is None:
        return False
    entropy = history.counts.unigram_entropy()
    return entropy is not None and nll > entropy - min(0.1, 0.1 * entropy)


def _stands(history: History, prefix: str) -> bool:
    """Whether one of the losses on numbers is hardly below what a constant answer costs."""
    error, constant = _lately(history, f"{prefix}error"), _lately(history, f"{prefix}constant")
    return error is not None and constant is not None and error > 0.9 * constant


def _lately(history: History, key: str) -> float | None:
    """Median of a quantity over at most three frames of the last third of the steps."""
    recent = [f.values[key] for f in history.frames[-3:] if key in f.values and f.step >= history.step() * 2 / 3]
    return statistics.median(recent) if recent else None


def _lags(history: History) -> bool:
    values = history.frames[-1].values
    names = [call.layer for call in history.calls() if call.op == "batch_norm"]
    return any(abs(values.get(f"{name}/{what}", 0.0)) > DRIFTED for name in names for what in ("drift", "stretch"))


def _rests(history: History) -> bool:
    """Whether a learning rate is far below its highest."""
    highest: dict[tuple[int, int], float] = {}
    for frame in history.frames:
        for g in frame.groups:
            highest[g.optimizer, g.place] = max(g.lr, highest.get((g.optimizer, g.place), 0.0))
    return any(g.lr < LOW_RATE * highest[g.optimizer, g.place] for g in history.frames[-1].groups)


def _gapes(history: History) -> bool:
    """Whether the latest evaluation is far above the training loss."""
    now = _lately(history, "loss.1/nll")
    if now is None:
        return False
    wrong = bool(history.accuracies) and history.accuracies[-1][1] < 0.5 * math.exp(-now)
    return wrong or (bool(history.evaluations) and history.evaluations[-1][1] > 2 * now + GAP)


def _sorted(history: History) -> bool:
    """Whether the latest batch has rows of one class only, and others were there before or may come."""
    counts = history.counts.rows.batches[-1:]
    return bool(counts) and len(counts[0]) > 1 and int(counts[0].sum()) >= 16 and int((counts[0] > 0).sum()) == 1


def _repeats(history: History) -> bool:
    """Whether the batch is the same time and again although there are more rows."""
    seen = history.frames[-1].batch
    return seen is not None and seen.times > 1 and seen.more > 0


def _turns(history: History) -> bool:
    """Whether a picture came again turned, and its target did not."""
    return history.counts.turned.turns.still > 0


def _in_vain(history: History) -> bool:
    """Whether what the model gives was weighed with zeros."""
    return history.frames[-1].noted.zeroed is not None


def _collapses(history: History) -> bool:
    """Whether outputs that are compared, or a latent, lose their spread; or a discriminator is sure of every row."""
    seen = [f.compared for f in history.frames if f.compared is not None]
    if seen and (seen[-1].alike > max(0.9, seen[0].alike) or seen[-1].spread < 0.1 * seen[0].spread):
        return True
    latents = [f.latent for f in history.frames if f.latent is not None]
    if latents and latents[-1].kl < 0.1:
        return True
    verdicts = history.frames[-1].verdicts
    fake, real = ([v for v in verdicts if v.fake is made] for made in (True, False))
    return bool(fake and real) and (real[0].low > fake[0].high or fake[0].spread < 0.1 * real[0].spread)
