"""A WaveNet-like model for symbols that pads on both sides, so that it sees what it should predict."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
V = 10
P = torch.softmax(3 * torch.randn(V, V, V), -1)


def draw(n, T=26):
    s = torch.randint(0, V, (n, 2))
    while s.size(1) < T:
        s = torch.cat([s, torch.multinomial(P[s[:, -2], s[:, -1]], 1)], 1)
    return s


class Residual(nn.Module):
    def __init__(self, c, dilation):
        super().__init__()
        self.d = dilation
        self.f = nn.Conv1d(c, c, 3, dilation=dilation)
        self.g = nn.Conv1d(c, c, 3, dilation=dilation)

    def forward(self, x):
        pad = (2 * self.d, 0) if os.environ.get("MENDED") else (self.d, self.d)
        p = F.pad(x, pad)
        return x + torch.tanh(self.f(p)) * torch.sigmoid(self.g(p))


class WaveNet(nn.Module):
    def __init__(self, c=32):
        super().__init__()
        self.emb = nn.Embedding(V, c)
        self.stack = nn.Sequential(*[Residual(c, 2**i) for i in range(3)])
        self.end = nn.Conv1d(c, V, 1)

    def forward(self, s):
        return self.end(self.stack(self.emb(s).transpose(1, 2)))


net = WaveNet()
opt = torch.optim.Adam(net.parameters(), 3e-3)
for i in range(400):
    s = draw(32)
    loss = F.cross_entropy(net(s[:, :-1]), s[:, 1:])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 100 == 0:
        print(i, loss.item())
s = draw(500)
with torch.no_grad():
    print("final next_symbol_loss", F.cross_entropy(net(s[:, :15])[..., -1], s[:, 15]).item())
