"""Plausibility: how an item's loss stands among those of the list's own items that the model never saw."""

import numpy as np
from jaxtyping import Float

from moreish.data import Split, Vocab
from moreish.data.ragged import gather
from moreish.models.contract import LanguageModel
from moreish.rng import rng_for

MOST = 2_000  # held-out items that make the scale: a share is then right to about a hundredth


class Plausibility:
    """The losses of held-out items, as a scale for those of others.

    Loss is in nats a predicted symbol, the end included, so that long items can be compared with short ones.
    """

    def __init__(self, losses: Float[np.ndarray, " items"], vocab: Vocab) -> None:
        """Raises ValueError where there are none."""
        if not len(losses):
            raise ValueError("there are no held-out items to compare with")
        self.losses, self.vocab = np.sort(losses), vocab

    @classmethod
    def of(cls, model: LanguageModel, held_out: Split, vocab: Vocab) -> "Plausibility":
        """From items that the model was not fitted to; of many, some. Raises ValueError where there are none."""
        if len(held_out) > MOST:
            which = np.sort(rng_for(0, "plausibility").permutation(len(held_out))[:MOST])
            ids = np.append(held_out.ids[:1], gather(held_out.ids, held_out.offsets, which))
            held_out = Split(ids, np.flatnonzero(ids == 0))
        if not len(held_out):
            return cls(np.zeros(0), vocab)
        scores = model.score(held_out.ids, held_out.offsets)[1:].astype(np.float64)
        return cls(-np.add.reduceat(scores, held_out.offsets[:-1]) / np.diff(held_out.offsets), vocab)

    def __call__(self, text: str, logprob: float) -> float:
        """The share of the held-out items that are no more plausible than this one; 0.5: as the middle of them.

        logprob : of the whole item, its end included, in nats
        """
        loss = -logprob / (len(self.vocab.split(text)) + 1)
        return 1 - int(np.searchsorted(self.losses, loss)) / len(self.losses)
