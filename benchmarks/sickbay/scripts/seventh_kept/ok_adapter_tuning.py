"""Adapting a pretrained text tagger to a new domain with low-rank adapters on its linear layers."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
rng = np.random.default_rng(2)
D, C = 24, 6
A0 = rng.normal(size=(D, 32))
B0 = rng.normal(size=(32, C))
shift = A0 + 0.9 * rng.normal(size=(D, 2)) @ rng.normal(size=(2, 32))


def sample(n, A):
    x = rng.normal(size=(n, D))
    y = (np.tanh(x @ A / 3) @ B0).argmax(1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


class LoRALinear(nn.Module):
    def __init__(self, base, r=8, alpha=16):
        super().__init__()
        self.base = base
        self.A = nn.Parameter(torch.randn(r, base.in_features) * 0.05)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.A.t() @ self.B.t())


def accuracy(m, x, y):
    m.eval()
    with torch.no_grad():
        return (m(x).argmax(1) == y).float().mean().item()


model = nn.Sequential(nn.Linear(D, 96), nn.Tanh(), nn.Linear(96, 96), nn.Tanh(), nn.Linear(96, C))
xp, yp = sample(5000, A0)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(500):
    i = torch.randint(0, 5000, (100,))
    loss = F.cross_entropy(model(xp[i]), yp[i])
    opt.zero_grad(); loss.backward(); opt.step()
print("pretraining done, loss %.3f" % loss.item())

xt, yt = sample(5000, shift)
xv, yv = sample(800, shift)
print("new domain before adaptation: %.3f" % accuracy(model, xv, yv))
for p in model.parameters():
    p.requires_grad_(False)
for k in (0, 2, 4):
    model[k] = LoRALinear(model[k])
trainable = [p for p in model.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in model.parameters()))
opt = torch.optim.AdamW(trainable, lr=4e-3, weight_decay=0.0)
for step in range(1, 701):
    model.train()
    i = torch.randint(0, 5000, (64,))
    loss = F.cross_entropy(model(xt[i]), yt[i])
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 100 == 0:
        print("step %d loss %.3f val %.3f" % (step, loss.item(), accuracy(model, xv, yv)))
print("metric val_acc %.4f" % accuracy(model, xv, yv))
