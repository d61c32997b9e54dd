"""Recurrent layers as plain operations, step by step, for engines that do not know torch's own (`torch.vmap`)."""

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)


class UnrolledGRU(nn.GRU):
    """h' = (1 - z) n + z h: `nn.GRU` of one layer with its equations written out."""

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input: Tensor, hx: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """(B, T, C) and (1, B, H) to (B, T, H) and the last memory (1, B, H)."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.all_weights[0]
        h = input.new_zeros(input.shape[0], self.hidden_size) if hx is None else hx[0]
        memories = []
        for a in F.linear(input, weight_ih, bias_ih).unbind(1):
            ar, az, an = a.chunk(3, 1)
            ur, uz, un = F.linear(h, weight_hh, bias_hh).chunk(3, 1)
            r, z = torch.sigmoid(ar + ur), torch.sigmoid(az + uz)
            n = torch.tanh(an + r * un)
            h = (1 - z) * n + z * h
            memories.append(h)
        return torch.stack(memories, 1), h[None]


class UnrolledLSTM(nn.LSTM):
    """c' = f c + i g, h' = o tanh(c'): `nn.LSTM` of one layer with its equations written out."""

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(B, T, C) and two of (1, B, H) to (B, T, H) and the last two."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.all_weights[0]
        zeros = input.new_zeros(input.shape[0], self.hidden_size)
        h, c = (zeros, zeros) if hx is None else (hx[0][0], hx[1][0])
        memories = []
        for a in F.linear(input, weight_ih, bias_ih).unbind(1):
            i, f, g, o = (a + F.linear(h, weight_hh, bias_hh)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            memories.append(h)
        return torch.stack(memories, 1), (h[None], c[None])


WRITTEN = {nn.GRU: UnrolledGRU, nn.LSTM: UnrolledLSTM}


def unrolled(net: Module) -> Module:
    """The net with torch's recurrent layers of one layer written out, in place; parameters keep their names."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if written := WRITTEN.get(type(child)):
                assert isinstance(child, nn.GRU | nn.LSTM)
                assert child.num_layers == 1
                assert child.batch_first
                layer = written(child.input_size, child.hidden_size, batch_first=True)
                layer.load_state_dict(child.state_dict())
                setattr(parent, name, layer.to(child.all_weights[0][0].dtype))
    return net
