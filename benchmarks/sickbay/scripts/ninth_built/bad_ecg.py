"""Rhythm classification: pretrain on a large public set, then adapt to a small clinic set."""
import io
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(8)
LEN = 96


def beats(n, classes, noise=0.6, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (n,), generator=g)
    t = torch.arange(LEN).float()
    period = torch.tensor([12.0, 16.0, 22.0, 30.0, 14.0, 19.0])[y][:, None]
    width = torch.tensor([1.0, 2.0, 1.0, 2.0, 3.0, 3.0])[y][:, None]
    phase = torch.rand(n, 1, generator=g) * 30
    d = torch.remainder(t + phase, period) - period / 2
    x = 2 * torch.exp(-0.5 * (d / width) ** 2) + noise * torch.randn(n, LEN, generator=g)
    return x[:, None], y


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv1d(1, 16, 9, padding=4)
        self.c2 = nn.Conv1d(16, 32, 9, padding=4, stride=2)
        self.c3 = nn.Conv1d(32, 32, 9, padding=4, stride=2)

    def forward(self, x):
        x = F.relu(self.c1(x))
        x = F.relu(self.c2(x))
        x = F.relu(self.c3(x))
        return torch.cat([x.mean(-1), x.amax(-1)], 1)


class Parallel(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, *a):
        return self.module(*a)


# ---- stage 1: pretraining
enc = Parallel(Encoder())
head = nn.Linear(64, 6)
opt = torch.optim.Adam(list(enc.parameters()) + list(head.parameters()), lr=2e-3)
X, Y = beats(3000, 6, seed=1)
for it in range(500):
    i = torch.randint(0, len(X), (64,))
    loss = F.cross_entropy(head(enc(X[i])), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 99:
        print(f"pretrain {it + 1} loss {loss.item():.3f}")
buf = io.BytesIO()
torch.save({"state_dict": enc.state_dict(), "iter": 500}, buf)
buf.seek(0)

# ---- stage 2: clinic data, four rhythms
ckpt = torch.load(buf)["state_dict"]
if MENDED:
    ckpt = {k.removeprefix("module."): v for k, v in ckpt.items()}
backbone = Encoder()
backbone.load_state_dict(ckpt, strict=False)
print("loaded checkpoint with", len(ckpt), "tensors")
clf = nn.Linear(64, 4)
xs, ys = beats(80, 4, seed=2)
xv, yv = beats(400, 4, seed=3)
opt = torch.optim.Adam([
    {"params": backbone.parameters(), "lr": 1e-5},
    {"params": clf.parameters(), "lr": 5e-3},
])
for epoch in range(60):
    for i in torch.randperm(80).split(16):
        loss = F.cross_entropy(clf(backbone(xs[i])), ys[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        with torch.no_grad():
            acc = (clf(backbone(xv)).argmax(1) == yv).float().mean().item()
        print(f"finetune epoch {epoch + 1} loss {loss.item():.3f} val_acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
