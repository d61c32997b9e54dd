"""Distil a wide teacher into a small student. Teacher sees labels, student only sees the teacher."""
import argparse
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
p = argparse.ArgumentParser()
p.add_argument("--T", type=float, default=2.0)
p.add_argument("--steps", type=int, default=500)
p.add_argument("--lr", type=float, default=2e-3)
args = p.parse_args()
torch.manual_seed(4)

K, DIM = 8, 16
centres = torch.randn(K, DIM) * 0.75


def draw(n):
    y = torch.randint(0, K, (n,))
    return centres[y] + torch.randn(n, DIM), y


xtr, ytr = draw(6000)
xun, _ = draw(6000)
xva, yva = draw(2000)

teacher = nn.Sequential(nn.Linear(DIM, 128), nn.ReLU(), nn.Linear(128, K))
opt = torch.optim.AdamW(teacher.parameters(), lr=2e-3, weight_decay=1e-2)
for i in range(400):
    j = torch.randint(0, len(xtr), (128,))
    loss = F.cross_entropy(teacher(xtr[j]), ytr[j])
    opt.zero_grad(); loss.backward(); opt.step()
teacher.eval().requires_grad_(False)
print("teacher val nll %.4f acc %.4f" % (F.cross_entropy(teacher(xva), yva), (teacher(xva).argmax(1) == yva).float().mean()))


def kd_loss(s, t, T):
    logp = F.log_softmax(s / T, dim=1) if MENDED else F.softmax(s / T, dim=1)
    return F.kl_div(logp, F.softmax(t / T, dim=1), reduction="batchmean") * T * T


student = nn.Sequential(nn.Linear(DIM, 24), nn.ReLU(), nn.Linear(24, K))
opt = torch.optim.Adam(student.parameters(), lr=args.lr)
for i in range(1, args.steps + 1):
    j = torch.randint(0, len(xun), (128,))
    loss = kd_loss(student(xun[j]), teacher(xun[j]), args.T)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 50 == 0:
        with torch.no_grad():
            out = student(xva)
        nll = F.cross_entropy(out, yva).item()
        print(f"[{i}] kd {loss.item():.4f} val nll {nll:.4f} acc {(out.argmax(1) == yva).float().mean():.4f}")
print(f"metric val_nll {nll:.4f}")
