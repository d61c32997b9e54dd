"""Seq2seq with attention and teacher forcing: the decoder sees the target shifted by a start symbol."""
import random

import torch
from torch import nn
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)
V, T = 10, 6


class Attn(nn.Module):
    def __init__(self, d=40):
        super().__init__()
        self.es, self.et = nn.Embedding(V + 1, d), nn.Embedding(V + 1, d)
        self.enc, self.dec = nn.GRU(d, d, batch_first=True), nn.GRUCell(2 * d, d)
        self.out = nn.Linear(2 * d, V)

    def forward(self, src, tgt, force=1.0):
        mem, h = self.enc(self.es(src))
        h, tok, outs = h[0], torch.full((len(src),), V), []
        for t in range(tgt.size(1)):
            w = torch.softmax((mem @ h[:, :, None])[..., 0], 1)
            ctx = (w[..., None] * mem).sum(1)
            h = self.dec(torch.cat([self.et(tok), ctx], 1), h)
            outs.append(self.out(torch.cat([h, ctx], 1)))
            tok = tgt[:, t] if random.random() < force else outs[-1].argmax(1)
        return torch.stack(outs, 1)


net = Attn()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for step in range(450):
    src = torch.randint(0, V, (48, T))
    tgt = (src + 1).remainder(V).flip(1)
    loss = F.cross_entropy(net(src, tgt, 0.7).flatten(0, 1), tgt.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 90 == 0:
        print(step, loss.item())
print("final loss", loss.item())
