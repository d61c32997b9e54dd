"""The background net: an LSTM that reads lists, behind a small projection onto the vectors of the symbols.

It reads a list as one stream, the boundary, an item, the boundary, an item, and carries its memory on, so that what
it read of the list is how it goes on.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.fast.lstm import LSTMGradients
from moreish.models.lstm import LSTM
from moreish.models.recurrent import RecurrentOptions
from moreish.options import option


@dataclass(frozen=True)
class ListOptions(RecurrentOptions):
    """Sizes of the network."""

    n_embd: int = option(64, "size of a symbol's vector", low=1, high=4096)
    n_hidden: int = option(512, "units of the memory", low=1, high=8192)


class SymbolHead(nn.Module):
    """Logits from the memory: a projection to C numbers, held against the vector of each symbol."""

    def __init__(self, n_hidden: int, n_embd: int, vocab_size: int) -> None:
        super().__init__()
        self.projection = nn.Linear(n_hidden, n_embd, bias=False)
        self.weight = nn.Parameter(torch.zeros(vocab_size, n_embd))
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, x: Float[Tensor, "*rows H"]) -> Float[Tensor, "*rows V"]:
        """Logits of every symbol."""
        return nn.functional.linear(self.projection(x), self.weight, self.bias)


class ListLSTM(LSTM):
    """An LSTM of one layer whose symbols have vectors of their own for reading and for writing."""

    Options = ListOptions
    head: SymbolHead

    def __init__(self, options: ListOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        self.head = SymbolHead(options.n_hidden, options.n_embd, vocab_size)

    @property
    def lstm(self) -> nn.LSTM:
        """Its layer."""
        return next(iter(self.layers))


class ListGradients(LSTMGradients):
    """The fused step of a `ListLSTM`, which goes on from the memory after the step before."""

    keeps_memory = True
    impossible: Tensor | None = None  # (B, V), added to the logits of each row: -inf for symbols its list never has

    def _head(self, x: Float[Tensor, "N H"], targets: Integer[Tensor, " N"], weight: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the logits; the gradient with respect to x, and those of the head's parameters.

        y = P x, logits = W y + b: dW = dlogits^T y, dy = dlogits W, dP = dy^T x, dx = dy P.
        """
        head = self.model.head
        assert isinstance(head, SymbolHead)
        y = x @ head.projection.weight.T
        logits = torch.addmm(head.bias[:, None], head.weight, y.T)
        if self.impossible is not None:
            rows, size = self.impossible.shape
            logits.view(size, -1, rows).add_(self.impossible.T[:, None])
        loss, dlogits = self.cross_entropy(logits, targets, weight)
        head.weight.grad = dlogits @ y
        head.bias.grad = dlogits.sum(1)
        dy = dlogits.T @ head.weight
        head.projection.weight.grad = dy.T @ x
        return loss, torch.mm(dy, head.projection.weight, out=self.buffer("dx", *x.shape))
