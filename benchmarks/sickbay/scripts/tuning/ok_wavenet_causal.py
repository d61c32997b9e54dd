"""A causal WaveNet on a symbol process, left padding only, gated units and skip connections."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
V = 8
P = torch.softmax(2 * torch.randn(V, V, V), -1)


def sample(n, T):
    s = torch.randint(0, V, (n, 2))
    for _ in range(T - 2):
        s = torch.cat([s, torch.multinomial(P[s[:, -2], s[:, -1]], 1)], 1)
    return s


class Gated(nn.Module):
    def __init__(self, c, d):
        super().__init__()
        self.d, self.conv = d, nn.Conv1d(c, 2 * c, 2, dilation=d)
        self.res, self.skip = nn.Conv1d(c, c, 1), nn.Conv1d(c, c, 1)

    def forward(self, x):
        a, b = self.conv(F.pad(x, (self.d, 0))).chunk(2, 1)
        z = a.tanh() * b.sigmoid()
        return x + self.res(z), self.skip(z)


class WaveNet(nn.Module):
    def __init__(self, c=24):
        super().__init__()
        self.e = nn.Embedding(V, c)
        self.blocks = nn.ModuleList(Gated(c, 2**i) for i in range(3))
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(c, V, 1))

    def forward(self, s):
        x, total = self.e(s).transpose(1, 2), 0
        for b in self.blocks:
            x, k = b(x)
            total = total + k
        return self.head(total)


net = WaveNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(300):
    s = sample(24, 24)
    loss = F.cross_entropy(net(s[:, :-1]), s[:, 1:])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 60 == 0:
        print(it, loss.item())
print("final loss", loss.item())
