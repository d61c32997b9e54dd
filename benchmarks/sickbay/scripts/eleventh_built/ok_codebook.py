"""VQ autoencoder for short waves."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)


class VQ(nn.Module):
    def __init__(self, k=64, d=8):
        super().__init__()
        self.book = nn.Parameter(torch.randn(k, d) * .3)

    def forward(self, z):
        idx = torch.cdist(z, self.book).argmin(1)
        q = self.book[idx]
        extra = F.mse_loss(q, z.detach()) + .25 * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), extra, idx


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 16))
        self.vq = VQ()
        self.dec = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 32))

    def forward(self, x):
        z = self.enc(x).reshape(-1, 8)
        q, extra, idx = self.vq(z)
        return self.dec(q.reshape(len(x), 16)), extra, idx


t = torch.linspace(0, 6.28, 32)


def waves(n):
    f = torch.randint(1, 4, (n, 1)).float()
    ph = torch.rand(n, 1) * 6.28
    return torch.sin(f * t + ph)


val = waves(500)
m = Model()
opt = torch.optim.Adam(m.parameters(), lr=2e-3)
for i in range(1001):
    x = waves(96)
    r, extra, idx = m(x)
    loss = F.mse_loss(r, x) + extra
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 200 == 0:
        with torch.no_grad():
            r, _, idx = m(val)
            mse = F.mse_loss(r, val).item()
        print(f"{i} loss {loss.item():.4f} val mse {mse:.4f} (variance {val.var():.3f}) codes {idx.unique().numel()}")
print("metric val_mse", round(mse, 4))
