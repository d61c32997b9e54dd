"""Compress a wide text-topic classifier into a small one with soft targets only."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(17)
C, D, TEMP = 8, 40, 2.0

W = torch.randn(D, C) * 0.35


def sample(n):
    x = torch.randn(n, D)
    p = F.softmax(x @ W + 0.8 * torch.tanh(x[:, :C] * x[:, C:2 * C]), 1)
    return x, torch.multinomial(p, 1).squeeze(1)


def mlp(h):
    return nn.Sequential(nn.Linear(D, h), nn.ReLU(), nn.Linear(h, C))


Xtr, Ytr = sample(6000)
Xva, Yva = sample(2000)

teacher = mlp(256)
opt = torch.optim.AdamW(teacher.parameters(), lr=1e-3, weight_decay=0.05)
for ep in range(4):
    for i in torch.randperm(6000).split(100):
        loss = F.cross_entropy(teacher(Xtr[i]), Ytr[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
teacher.eval()
for p in teacher.parameters():
    p.requires_grad_(False)
print("teacher val nll %.4f acc %.3f" % (F.cross_entropy(teacher(Xva), Yva).item(), (teacher(Xva).argmax(1) == Yva).float().mean().item()))

student = mlp(24)
squash = F.log_softmax if MENDED else F.softmax
opt = torch.optim.Adam(student.parameters(), lr=2e-3)
for ep in range(1, 21):
    total = 0.0
    for i in torch.randperm(6000).split(100):
        with torch.no_grad():
            soft = F.softmax(teacher(Xtr[i]) / TEMP, dim=1)
        kd = F.kl_div(squash(student(Xtr[i]) / TEMP, dim=1), soft, reduction="batchmean") * TEMP ** 2
        opt.zero_grad()
        kd.backward()
        opt.step()
        total += kd.item() * len(i)
    if ep % 2 == 0:
        with torch.no_grad():
            lv = student(Xva)
            nll = F.cross_entropy(lv, Yva).item()
            acc = (lv.argmax(1) == Yva).float().mean().item()
        print(f"epoch {ep} kd {total / 6000:.4f} val_nll {nll:.4f} val_acc {acc:.3f}")
print("metric val_nll %.4f" % nll)
