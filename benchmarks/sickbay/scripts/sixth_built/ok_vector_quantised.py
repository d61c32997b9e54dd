"""Vector-quantised autoencoder: straight-through codes, codebook moved by running averages without gradients."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(39)
S, CODES, DIM = 16, 32, 8


def waves(n):
    t = torch.linspace(0, 1, 64)
    kind = torch.randint(0, 3, (n, 4))
    out = torch.zeros(n, 64)
    for k in range(4):
        seg = t[:16] * 4
        f = 1.0 + kind[:, k].float()
        part = torch.sin(6.28 * f[:, None] * seg[None, :]) * (kind[:, k, None] != 2) + (kind[:, k, None] == 2) * (seg - 2)
        out[:, 16 * k:16 * k + 16] = part * 0.8
    return (out + 0.05 * torch.randn(n, 64))[:, None]


class Codebook(nn.Module):
    def __init__(self, decay=0.97):
        super().__init__()
        self.decay = decay
        self.register_buffer("vectors", torch.randn(CODES, DIM))
        self.register_buffer("count", torch.ones(CODES))
        self.register_buffer("total", self.vectors.clone())

    def forward(self, z):
        flat = z.permute(0, 2, 1).reshape(-1, DIM)
        idx = torch.cdist(flat, self.vectors).argmin(1)
        q = self.vectors[idx]
        if self.training:
            with torch.no_grad():
                hot = F.one_hot(idx, CODES).float()
                self.count.mul_(self.decay).add_(hot.sum(0), alpha=1 - self.decay)
                self.total.mul_(self.decay).add_(hot.t() @ flat, alpha=1 - self.decay)
                n = self.count.sum()
                size = (self.count + 1e-3) / (n + CODES * 1e-3) * n
                self.vectors.copy_(self.total / size[:, None])
                dead = self.count < 0.05
                if dead.any():
                    pick = flat[torch.randint(0, len(flat), (int(dead.sum()),))]
                    self.vectors[dead], self.total[dead], self.count[dead] = pick, pick, 1.0
        q = q.view(z.shape[0], -1, DIM).permute(0, 2, 1)
        commit = F.mse_loss(z, q.detach())
        return z + (q - z).detach(), commit, idx


class VQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv1d(1, 24, 4, 2, 1), nn.ReLU(), nn.Conv1d(24, 24, 4, 2, 1), nn.ReLU(),
                                 nn.Conv1d(24, DIM, 3, padding=1))
        self.book = Codebook()
        self.dec = nn.Sequential(nn.Conv1d(DIM, 24, 3, padding=1), nn.ReLU(), nn.ConvTranspose1d(24, 24, 4, 2, 1),
                                 nn.ReLU(), nn.ConvTranspose1d(24, 1, 4, 2, 1))

    def forward(self, x):
        q, commit, idx = self.book(self.enc(x))
        return self.dec(q), commit, idx


model = VQ()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
train, val = waves(3000), waves(400)
print(f"power of the signal {val.pow(2).mean():.4f}")
for step in range(900):
    x = train[torch.randint(0, len(train), (48,))]
    rec, commit, idx = model(x)
    loss = F.mse_loss(rec, x) + 0.25 * commit
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0 or step == 899:
        model.eval()
        with torch.no_grad():
            r, _, i = model(val)
        model.train()
        mse = F.mse_loss(r, val).item()
        print(f"step {step} loss {loss.item():.4f} commit {commit.item():.4f} val mse {mse:.5f} codes in use {i.unique().numel()}")

print(f"metric val_mse {mse:.5f}")
