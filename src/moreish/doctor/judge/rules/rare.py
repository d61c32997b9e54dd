"""A finding about rare classes: a net that never chooses them."""

from collections.abc import Iterator

import torch

from moreish.doctor.frames.history import History
from moreish.doctor.judge.standing import ABOVE, BEGUN, SAVED, standing
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

RARE = 0.05  # share of all that is not of the most common class
ENOUGH = 5  # of the rare ones that were asked for at late looks
NEVER = 1e-3  # of the rare share


@Rule(
    "F130",
    "never-the-rare-class",
    "only ever says the common class",
    silent="a loss that is clearly below that of a constant answer; inputs that are not known to say anything of the "
    "class; classes that are weighted in the loss; fewer than 150 steps; outside of `moreish doctor`, `start` and "
    "the callbacks",
    why="Where nearly everything is background, or no, the answer that is always that is right nearly always.\n"
    "The rare class is in the gradient as rarely as in the data, so a net that has learned how rare it is\n"
    "stays there: a high accuracy, and not one of what was looked for.",
    explains=("F22", "F23", "F29"),
    kinds=(NOT_LEARNING,),
    rank=285,
)
def never_the_rare(history: History) -> Iterator[Verdict]:
    """All but 5 % are of one class, late outputs choose no other, the loss is that of a constant answer but for a
    quarter of what the inputs surely say of the class: sick where it is that to within 2 % below and 10 % above.
    """
    often = history.counts.choices.frequencies()
    if often is None or not 0 < 1 - float(often.max()) <= RARE:
        return
    stands = standing(history, saves=1, above=BEGUN)
    if stands is None:
        return
    late = history.counts.choices.since(stands.step / 2)
    asked, chosen = (torch.stack(counts).sum(0) for counts in zip(*[look[1:] for look in late], strict=True))
    common = int(often.argmax())
    rare, said = (float(x.sum() - x[common]) for x in (asked, chosen))
    if rare < ENOUGH or said > NEVER * rare:
        return
    share = 1 - float(often.max())
    yield found(
        "sick" if -ABOVE < stands.saved <= SAVED else "watch",
        "",
        stands.step,
        f"{1 - share:.1%} of what is asked for is of one class, and at the last {len(late)} looks the outputs said "
        f"that class everywhere: of {rare:.0f} of the others none was found. After {stands.step} steps the loss is "
        f"{stands.loss:.3g}, where always the same answer costs {stands.constant:.3g}; yet {stands.told}.",
        "Give the rare class its weight: pos_weight (BCEWithLogitsLoss) or weight (CrossEntropyLoss), a Dice or "
        "focal loss, or batches drawn around it; where the loss still falls slowly, raise the learning rate. "
        "Measure recall or Dice: the accuracy is high without learning anything.",
        confidence=0.85,
        picture="loss",
        rare=share,
        loss=stands.loss,
        constant=stands.constant,
    )
