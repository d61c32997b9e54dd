"""Sound level of an airfoil from five inputs, residual MLP, AdamW with a small rate."""
import os
import numpy as np
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
dtype = torch.float32 if MENDED else torch.bfloat16
torch.manual_seed(7)
gen = np.random.default_rng(7)

raw = gen.uniform(-1, 1, (3600, 5)).astype(np.float32)
lvl = (np.sin(2.2 * raw[:, 0]) + raw[:, 1] * raw[:, 2] * 1.5 - 0.8 * raw[:, 3] ** 2
       + 0.6 * np.cos(3 * raw[:, 4] + raw[:, 0]) + 0.05 * gen.normal(size=3600)).astype(np.float32)
lvl = (lvl - lvl.mean()) / lvl.std()
X, Y = torch.from_numpy(raw), torch.from_numpy(lvl)[:, None]
Xt, Yt, Xv, Yv = X[:3000], Y[:3000], X[3000:], Y[3000:]


class Block(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.norm = nn.LayerNorm(w)
        self.fc1, self.fc2 = nn.Linear(w, 2 * w), nn.Linear(2 * w, w)

    def forward(self, x):
        return x + self.fc2(nn.functional.gelu(self.fc1(self.norm(x))))


class Net(nn.Module):
    def __init__(self, w=32, depth=2):
        super().__init__()
        self.inp = nn.Linear(5, w)
        self.blocks = nn.Sequential(*[Block(w) for _ in range(depth)])
        self.out = nn.Linear(w, 1)

    def forward(self, x):
        return self.out(self.blocks(self.inp(x)))


net = Net().to(dtype)
opt = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01)


def val_r2():
    with torch.no_grad():
        p = net(Xv.to(dtype)).float()
    return (1 - ((p - Yv) ** 2).mean() / Yv.var()).item()


for step in range(1, 1201):
    i = torch.randint(0, 3000, (64,))
    pred = net(Xt[i].to(dtype))
    loss = ((pred.float() - Yt[i]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 120 == 0:
        print(f"step {step:5d}  loss {loss.item():.4f}  val r2 {val_r2():.3f}")
print(f"metric val_r2 {val_r2():.4f}")
