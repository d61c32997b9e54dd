"""Long short-term memory (Hochreiter & Schmidhuber 1997): a memory that is written, kept and read through gates."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from moreish.models.recurrent import Recurrent, RecurrentOptions


class LSTM(Recurrent[nn.LSTM]):
    """c' = f c + i g, h' = o tanh(c'), with gates i, f, o and candidate g = tanh(W x + U h + b).

    https://www.bioinf.jku.at/publications/older/2604.pdf; the forget gate is that of Gers et al. 2000. A layer's
    state is h and c side by side.
    """

    Options = RecurrentOptions

    def __init__(self, options: RecurrentOptions, vocab_size: int) -> None:
        layers = [nn.LSTM(i, o, batch_first=True) for i, o in pairwise(options.sizes)]
        super().__init__(options, vocab_size, layers)
        for layer in self.layers:
            _, weight_hh, *biases = layer.all_weights[0]
            for block in weight_hh.chunk(4):
                nn.init.orthogonal_(block)
            for bias in biases:
                nn.init.zeros_(bias)
            nn.init.ones_(biases[0].chunk(4)[1])  # forget little at first (Jozefowicz et al. 2015)

    def read_layer(
        self, layer: nn.LSTM, x: Float[Tensor, "B T C"], state: Float[Tensor, "B S"] | None
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B S"]]:
        """One layer over all positions."""
        before = None if state is None else tuple(part[None].contiguous() for part in state.chunk(2, 1))
        x, (h, c) = layer(x, before)
        return x, torch.cat([h[0], c[0]], 1)
