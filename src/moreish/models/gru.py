"""The gated recurrent unit of Cho et al. 2014: a memory that each symbol may keep, reset or overwrite."""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from moreish.models.recurrent import Recurrent, RecurrentOptions

GRUOptions = RecurrentOptions


class GRU(Recurrent[nn.GRU]):
    """h' = (1 - z) n + z h, with reset gate r, update gate z and candidate n = tanh(W x + b + r (U h + c)).

    https://arxiv.org/abs/1406.1078; the form with r after the product is torch's and cuDNN's.
    """

    Options = GRUOptions

    def __init__(self, options: GRUOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size, (nn.GRU(i, o, batch_first=True) for i, o in pairwise(options.sizes)))
        for layer in self.layers:
            _, weight_hh, _, _ = layer.all_weights[0]
            for block in weight_hh.chunk(3):
                nn.init.orthogonal_(block)  # keeps the memory's size through many steps (Saxe et al. 2013)

    def read_layer(
        self, layer: nn.GRU, x: Float[Tensor, "B T C"], state: Float[Tensor, "B S"] | None
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B S"]]:
        """One layer over all positions."""
        x, h = layer(x, None if state is None else state[None].contiguous())
        return x, h[0]
