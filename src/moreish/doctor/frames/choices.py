"""Which classes were asked for and chosen, look by look, and what the inputs say of the class of each place.

A net that says the common class everywhere is right nearly always. Whether that is all that could be said is a
question to the inputs: of symbols (one for each place) by their mutual information with the class, of series by the
test that pictures are put to.
"""

import statistics
from collections import deque
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from moreish.doctor.frames.paired import Tie, kept_variance

MOST_LOOKS, MOST_PAIRS, FEWEST_PAIRS = 64, 8192, 600
MOST_CLASSES = 64
MOST_SYMBOLS = 1 << 18  # cells of the table of symbols and classes
SHUFFLES = 19  # of the classes, against which what is found is held
SURE = 6  # standard errors from which something is no chance
FEWEST_ROWS, MOST_ROWS = 4, 64
PLACES = 64  # of a series that are compared


class Look(NamedTuple):
    """How often each class was asked for and chosen at one step."""

    step: int
    asked: Float[Tensor, " classes"]
    chosen: Float[Tensor, " classes"]


class Choices:
    """The latest looks at the first loss, and what its inputs say of the class of each place."""

    def __init__(self) -> None:
        self.looks: deque[Look] = deque(maxlen=MOST_LOOKS)
        self.series = Tie()
        self._pairs: deque[Int[Tensor, "n 2"]] = deque(maxlen=MOST_LOOKS)
        self._kept = 0

    def add(self, step: int, asked: Tensor, chosen: Tensor) -> None:
        """Add the counts of one look; of another number of classes they begin anew."""
        if self.looks and self.looks[-1].asked.shape != asked.shape:
            self.looks.clear()
        self.looks.append(Look(step, asked.detach().cpu().double(), chosen.detach().cpu().double()))

    def since(self, step: float) -> list[Look]:
        """The looks from a step on."""
        return [look for look in self.looks if look.step >= step]

    def frequencies(self) -> Float[Tensor, " classes"] | None:
        """The share of each class among all that were asked for; None where nothing was."""
        if not self.looks:
            return None
        asked = torch.stack([look.asked for look in self.looks]).sum(0)
        return asked / asked.sum() if float(asked.sum()) > 0 else None

    def pair(self, symbols: Int[Tensor, "B T"], classes: Int[Tensor, "B T"]) -> None:
        """Add the symbol and the class of each place, where classes are not ignored."""
        if self._kept >= MOST_PAIRS:
            return
        pairs = torch.stack([symbols.detach().reshape(-1), classes.detach().reshape(-1)], 1).long().cpu()
        pairs = pairs[(pairs >= 0).all(1)][: MOST_PAIRS - self._kept]
        self._pairs.append(pairs)
        self._kept += len(pairs)

    def sound(self, x: Float[Tensor, "B C T"], classes: Int[Tensor, "B T"]) -> None:
        """Add series and the class of each place: how strong they are there beside the targets of other series."""
        asked = (classes.detach()[:MOST_ROWS] > 0).float()
        goal = _over_time(asked)
        if len(goal) >= FEWEST_ROWS and float(goal.abs().amax()) > 0:
            strong = _over_time(x.detach()[:MOST_ROWS].float().abs().mean(1))
            self.series.add(strong @ goal.T, kept_variance(asked, _averaged(asked)))

    def told(self) -> float:
        """The share of the entropy of the classes that the symbol of a place tells; 0 where that may be chance."""
        if self._kept < FEWEST_PAIRS:
            return 0.0
        symbols, classes = torch.cat(list(self._pairs)).T
        many = int(classes.max()) + 1
        if (int(symbols.max()) + 1) * many > MOST_SYMBOLS:
            return 0.0
        generator = torch.Generator().manual_seed(0)
        orders = [torch.randperm(len(classes), generator=generator) for _ in range(SHUFFLES)]
        chance = [_information(symbols, classes[order], many) for order in orders]
        beyond = _information(symbols, classes, many) - statistics.fmean(chance)
        p = torch.bincount(classes).double() / len(classes)
        entropy = float(-(p[p > 0] * p[p > 0].log()).sum())
        return beyond / entropy if entropy > 0 and beyond > SURE * statistics.stdev(chance) else 0.0


def beyond_chance(tie: Tie) -> bool:
    """Whether a tie is stronger than chance can make it."""
    return tie.rows > 0 and tie.error > 0 and abs(tie.strength) > SURE * tie.error


def _information(symbols: Int[Tensor, " n"], classes: Int[Tensor, " n"], many: int) -> float:
    """Mutual information in nats, from counts alone."""
    joint = torch.bincount(symbols * many + classes, minlength=(int(symbols.max()) + 1) * many).double()
    joint = joint.view(-1, many) / len(classes)
    seen = joint > 0
    product = joint.sum(1, keepdim=True) * joint.sum(0)
    return max(float((joint[seen] * (joint[seen] / product[seen]).log()).sum()), 0.0)


def _over_time(x: Float[Tensor, "B T"]) -> Float[Tensor, "B places"]:
    """What differs between rows, over a few places, each row scaled to the length 1."""
    x = _averaged(x)
    x = x - x.mean(1, keepdim=True)
    return F.normalize(x - x.mean(0), dim=1)


def _averaged(x: Float[Tensor, "B T"]) -> Float[Tensor, "B places"]:
    return F.adaptive_avg_pool1d(x[:, None], min(PLACES, x.shape[1]))[:, 0]
