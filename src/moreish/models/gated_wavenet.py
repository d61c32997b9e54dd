"""WaveNet as van den Oord et al. 2016 describe it: causal dilated convolutions with gates, residuals and skips."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.models.net import Layers, Net
from moreish.options import option


@dataclass(frozen=True)
class GatedWaveNetOptions:
    """Sizes of the network; layer i joins symbols 2 ** i apart, so it looks back on 2 ** n_layer."""

    n_embd: int = option(64, "channels that go from block to block", low=1, high=4096)
    n_hidden: int = option(64, "channels of the gated units", low=1, high=4096)
    n_layer: int = option(4, "blocks; it looks back on 2 ** n_layer symbols", low=1, high=16)
    dropout: float = option(0.0, "share of gated units left out while training", low=0, below=1)


class GatedBlock(nn.Module):
    """z = tanh(Wf * x) sigmoid(Wg * x); x + W z goes on to the next block, V z to the logits.

    * is a convolution over this symbol and the one `dilation` before it (the paper's equation 2 and figure 4).
    """

    def __init__(self, channels: int, hidden: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation, self.channels = dilation, channels
        self.gated = nn.Linear(2 * channels, 2 * hidden)  # filter and gate; both taps side by side
        self.out = nn.Linear(hidden, 2 * channels)  # residual and skip
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.gated.weight, std=(2 * channels) ** -0.5)
        nn.init.zeros_(self.gated.bias)

    def forward(
        self, x: Float[Tensor, "B T C"], before: Float[Tensor, "B dilation C"]
    ) -> tuple[Float[Tensor, "B T C"], Float[Tensor, "B T C"], Float[Tensor, "B dilation C"]]:
        """(to the next block, to the logits, the last inputs), `before` being the inputs that came before x."""
        seen = torch.cat([before, x], 1)
        taps = torch.cat([seen[:, : x.shape[1]], x], 2)  # (B, T, 2C)
        filtered, gate = self.gated(taps).chunk(2, 2)
        z = self.dropout(torch.tanh(filtered) * torch.sigmoid(gate))
        residual, skip = self.out(z).chunk(2, 2)
        return x + residual, skip, seen[:, x.shape[1] :]


class GatedWaveNet(Net):
    """Embeddings, gated blocks with dilation 1, 2, 4, ..., the sum of their skips, and two more layers to the logits.

    https://arxiv.org/abs/1609.03499
    """

    Options = GatedWaveNetOptions
    windowed = False
    block_size = None

    def __init__(self, options: GatedWaveNetOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        size = options.n_embd
        self.wte = nn.Embedding(vocab_size, size)
        self.blocks = Layers(
            GatedBlock(size, options.n_hidden, 2**i, options.dropout) for i in range(options.n_layer)
        )
        self.mix = nn.Linear(size, size)
        self.head = nn.Linear(size, vocab_size)
        nn.init.normal_(self.head.weight, std=0.1 / size**0.5)  # no opinion yet: loss near ln V
        nn.init.zeros_(self.head.bias)

    def forward(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the next symbol at every position."""
        return self.read(idx, None)[0]

    def read(
        self, idx: Integer[Tensor, "B T"], state: Float[Tensor, "B reach C"] | None
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B reach C"]]:
        """Logits at every position, and for each block the inputs that it will still need (None: zeros)."""
        x, dilations = self.wte(idx), [block.dilation for block in self.blocks]
        seen = x.new_zeros(len(x), sum(dilations), x.shape[2]) if state is None else state
        skips, kept = torch.zeros_like(x), []
        for block, before in zip(self.blocks, seen.split(dilations, 1), strict=True):
            x, skip, last = block(x, before)
            skips = skips + skip
            kept.append(last)
        return self.head(F.relu(self.mix(F.relu(skips)))), torch.cat(kept, 1)

    def step(
        self, idx: Integer[Tensor, " B"], state: Float[Tensor, "B reach C"] | None
    ) -> tuple[Float[Tensor, "B V"], Float[Tensor, "B reach C"]]:
        """Logits after reading one id a row: one product a block, however long the item is."""
        logits, state = self.read(idx[:, None], state)
        return logits[:, -1], state
