"""The mean loss of the steps since the last record, which a training that is stopped between two records keeps."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer
from torch import Tensor, stack

from moreish.training import distributed


class LossMean:
    """Losses and tokens since the last record.

    last : the mean of the last record
    """

    def __init__(self) -> None:
        self.losses: list[Tensor | Float[np.ndarray, " S"]] = []
        self.sizes: list[Integer[np.ndarray, " S"]] = []
        self.last = 0.0

    def add(self, losses: Tensor | Float[np.ndarray, " S"], tokens: Integer[np.ndarray, " S"]) -> None:
        """Of one step, or of several."""
        self.losses.append(losses)
        self.sizes.append(tokens)

    def take(self) -> tuple[float, int]:
        """(mean over all tokens, tokens), and begin anew."""
        losses, sizes = self._together(), np.concatenate(self.sizes)
        tokens = int(sizes.sum())
        self.last = float(np.dot(losses, sizes) / tokens)
        self.losses, self.sizes = [], []
        return self.last, tokens

    def _together(self) -> Float[np.ndarray, " S"]:
        by_torch = [each for each in self.losses if isinstance(each, Tensor)]
        if by_torch and len(by_torch) == len(self.losses):
            of_rows = stack(by_torch).double().cpu()  # the one time that the device is waited for
            return distributed.summed(of_rows).numpy()
        return np.concatenate([np.atleast_1d(np.asarray(each, np.float64)) for each in self.losses])

    def plain(self) -> list[list[float | int | None]]:
        """[[loss, tokens], ...] of the steps, as JSON holds it; a loss that is not finite as null.

        Of several processes none has all, and none can ask the others when it alone is stopped.
        """
        if not self.losses or distributed.size() > 1:
            return []
        losses, sizes = self._together().tolist(), np.concatenate(self.sizes).tolist()
        return [[loss if math.isfinite(loss) else None, size] for loss, size in zip(losses, sizes, strict=True)]

    def restore(self, steps: Sequence[Sequence[float | int | None]]) -> None:
        """Go on from what `plain` said."""
        self.losses = [np.array([math.nan if loss is None else loss]) for loss, _ in steps]
        self.sizes = [np.array([size], np.int64) for _, size in steps]
