"""A sequence reverser whose decoder is fed with exactly the tokens that it must emit."""
# after github.com/IpsumDominum/Pytorch-Simple-Transformer/issues/3
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, T, BOS = 12, 7, 0


class Seq2Seq(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.src, self.tgt = nn.Embedding(V, d), nn.Embedding(V, d)
        self.encoder = nn.GRU(d, d, batch_first=True)
        self.decoder = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, V)

    def forward(self, src, tgt_in):
        _, h = self.encoder(self.src(src))
        o, _ = self.decoder(self.tgt(tgt_in), h)
        return self.out(o)

    @torch.no_grad()
    def greedy(self, src):
        _, h = self.encoder(self.src(src))
        tok = torch.zeros(len(src), 1, dtype=torch.long)
        res = []
        for _ in range(T):
            o, h = self.decoder(self.tgt(tok), h)
            tok = self.out(o).argmax(-1)
            res.append(tok)
        return torch.cat(res, 1)


model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(700):
    src = torch.randint(1, V, (64, T))
    tgt = src.flip(1)
    inp = tgt
    if os.environ.get("MENDED"):
        inp = torch.cat([torch.full((64, 1), BOS), tgt[:, :-1]], 1)
    loss = F.cross_entropy(model(src, inp).reshape(-1, V), tgt.reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
src = torch.randint(1, V, (300, T))
print("final token_errors", (model.greedy(src) != src.flip(1)).float().mean().item())
