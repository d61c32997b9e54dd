"""The BatchNorm MLP in the small steps of the backprop lecture, each step a gradient to be derived."""

import torch
from torch import Tensor, nn


class Chunked(nn.Module):
    """Embedding 10, hidden 64, block 3: 4,137 parameters, none of them zero, since zeros hide mistakes."""

    def __init__(self, vocab_size: int, rng: torch.Generator) -> None:
        super().__init__()

        def normal(*shape: int, scale: float = 1.0, shift: float = 0.0) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=rng) * scale + shift)

        self.C = normal(vocab_size, 10)
        self.W1, self.b1 = normal(30, 64, scale=(5 / 3) / 30**0.5), normal(64, scale=0.1)
        self.W2, self.b2 = normal(64, vocab_size, scale=0.1), normal(vocab_size, scale=0.1)
        self.bngain, self.bnbias = normal(1, 64, scale=0.1, shift=1.0), normal(1, 64, scale=0.1)

    def forward(self, idx: Tensor, targets: Tensor) -> Tensor:
        """Loss of windows (n, 3)."""
        n = len(idx)
        embcat = self.C[idx].view(n, -1)
        hprebn = embcat @ self.W1 + self.b1
        bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
        bndiff = hprebn - bnmeani
        bnvar = 1 / (n - 1) * (bndiff**2).sum(0, keepdim=True)
        bnvar_inv = (bnvar + 1e-5) ** -0.5
        bnraw = bndiff * bnvar_inv
        hpreact = self.bngain * bnraw + self.bnbias
        h = torch.tanh(hpreact)
        logits = h @ self.W2 + self.b2
        logit_maxes = logits.max(1, keepdim=True).values
        counts = (logits - logit_maxes).exp()
        counts_sum_inv = counts.sum(1, keepdim=True) ** -1
        logprobs = (counts * counts_sum_inv).log()
        return -logprobs[torch.arange(n), targets].mean()
