"""Captions by an LSTM: the decay that is meant for epochs is stepped after each batch and after each epoch."""
# after github.com/aimagelab/meshed-memory-transformer/issues/71
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, T, N = 16, 6, 1200
feats = torch.randn(N, 8)
words = torch.stack([(feats[:, t] * 3 + feats[:, t + 1]).sigmoid().mul(V - 2).long() + 1 for t in range(T)], 1)


class Captioner(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.inp = nn.Embedding(V, 24), nn.Linear(8, 24)
        self.rnn, self.out = nn.LSTM(48, 64, batch_first=True), nn.Linear(64, V)

    def forward(self, f, w):
        prev = torch.cat([torch.zeros_like(w[:, :1]), w[:, :-1]], 1)
        h = torch.cat([self.emb(prev), self.inp(f)[:, None].expand(-1, w.shape[1], -1)], -1)
        return self.out(self.rnn(h)[0])


net = Captioner()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(opt, 0.8)
for epoch in range(10):
    for i in torch.randperm(1000).split(25):
        loss = F.cross_entropy(net(feats[i], words[i]).flatten(0, 1), words[i].flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if not os.environ.get("MENDED"):
            scheduler.step()
    scheduler.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(feats[1000:], words[1000:]).flatten(0, 1), words[1000:].flatten()).item())
