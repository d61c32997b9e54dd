"""Recurrent layers as plain operations, step by step, for engines that do not know torch's own (`torch.vmap`)."""

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn


Module = TypeVar("Module", bound=nn.Module)


class _Unrolled(nn.Module):
    """A layer with the parameters of torch's, by their names, and its equations written out."""

    gates: int

    def __init__(self, layer: nn.GRU | nn.LSTM) -> None:
        super().__init__()
        for name, p in layer.named_parameters():
            setattr(self, name, nn.Parameter(p.detach().clone()))
        self.size = layer.hidden_size

    def _weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        ih, hh, b, c = (getattr(self, name) for name in names)
        return ih, hh, b, c


class UnrolledGRU(_Unrolled):
    """h' = (1 - z) n + z h, as `nn.GRU` with one layer."""

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, T, C) and (1, B, H) to (B, T, H) and the last memory (1, B, H)."""
        ih, hh, b, c = self._weights()
        h = x.new_zeros(x.shape[0], self.size) if state is None else state[0]
        memories = []
        for a in F.linear(x, ih, b).unbind(1):
            ar, az, an = a.chunk(3, 1)
            ur, uz, un = F.linear(h, hh, c).chunk(3, 1)
            r, z = torch.sigmoid(ar + ur), torch.sigmoid(az + uz)
            n = torch.tanh(an + r * un)
            h = (1 - z) * n + z * h
            memories.append(h)
        return torch.stack(memories, 1), h[None]


class UnrolledLSTM(_Unrolled):
    """c' = f c + i g, h' = o tanh(c'), as `nn.LSTM` with one layer."""

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(B, T, C) and two of (1, B, H) to (B, T, H) and the last two."""
        ih, hh, b, bias = self._weights()
        h = x.new_zeros(x.shape[0], self.size) if state is None else state[0][0]
        c = x.new_zeros(x.shape[0], self.size) if state is None else state[1][0]
        memories = []
        for a in F.linear(x, ih, b).unbind(1):
            i, f, g, o = (a + F.linear(h, hh, bias)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            memories.append(h)
        return torch.stack(memories, 1), (h[None], c[None])


def unrolled(net: Module) -> Module:
    """The net with torch's recurrent layers written out, in place; parameters have the same names."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.GRU):
                setattr(parent, name, UnrolledGRU(child))
            elif isinstance(child, nn.LSTM):
                setattr(parent, name, UnrolledLSTM(child))
    return net
