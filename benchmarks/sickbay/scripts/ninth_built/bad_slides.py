"""Attention pooling over patch features of a slide (one label per slide)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(99)
N_PATCH, DIM = 40, 24


def slides(n):
    y = torch.randint(0, 2, (n,))
    x = torch.randn(n, N_PATCH, DIM)
    where = torch.randint(0, N_PATCH, (n,))
    rows = torch.arange(n)
    x[rows, where, 0] += 5.0
    x[rows, where, 1:4] += (2.0 * y.float() - 1.0)[:, None] * 1.5
    return x, y.float()


class AttentionPool(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.v, self.u, self.w = nn.Linear(d, h), nn.Linear(d, h), nn.Linear(h, 1)

    def forward(self, z):
        a = self.w(torch.tanh(self.v(z)) * torch.sigmoid(self.u(z)))    # B, N, 1
        a = F.softmax(a, dim=1 if MENDED else -1)
        return (a * z).sum(1), a.squeeze(-1)


class SlideNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(DIM, 32)
        self.pool = AttentionPool(32, 32)
        self.cls = nn.Linear(32, 1)

    def forward(self, x):
        pooled, a = self.pool(self.proj(x))
        return self.cls(pooled).squeeze(1), a


xtr, ytr = slides(800)
xva, yva = slides(400)
net = SlideNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-4)
for ep in range(40):
    tl = 0
    for i in torch.randperm(800).split(32):
        logit, _ = net(xtr[i])
        loss = F.binary_cross_entropy_with_logits(logit, ytr[i])
        opt.zero_grad(); loss.backward(); opt.step()
        tl += loss.item() * len(i) / 800
    if ep % 4 == 3:
        with torch.no_grad():
            logit, a = net(xva)
            acc = ((logit > 0).float() == yva).float().mean().item()
        print(f"epoch {ep + 1}: loss {tl:.4f} val_acc {acc:.4f}")
print(f"metric val_acc {acc:.4f}")
