"""Distil a wide teacher into a small student (40 leaf species, tabular features)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(4)
C, D = 40, 24
mu = torch.randn(C, D) * 0.9


def get(n):
    y = torch.randint(C, (n,))
    x = mu[y] + torch.randn(n, D) * 0.8
    return x, y


def mlp(h):
    return nn.Sequential(nn.Linear(D, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, C))


xtr, ytr = get(4000)
xva, yva = get(1000)
acc = lambda m: (m(xva).argmax(1) == yva).float().mean().item()

teacher = mlp(256)
opt = torch.optim.Adam(teacher.parameters(), lr=1e-3)
for step in range(300):
    i = torch.randint(len(xtr), (128,))
    loss = F.cross_entropy(teacher(xtr[i]), ytr[i])
    opt.zero_grad(); loss.backward(); opt.step()
teacher.eval()
print(f"teacher acc {acc(teacher):.3f}")

TEMP = 4.0
student = mlp(48)
kl = nn.KLDivLoss(reduction="batchmean")
student_out = F.log_softmax if MENDED else F.softmax
opt = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9)
for step in range(1200):
    i = torch.randint(len(xtr), (128,))
    with torch.no_grad():
        soft = F.softmax(teacher(xtr[i]) / TEMP, dim=1)
    loss = kl(student_out(student(xtr[i]) / TEMP, dim=1), soft) * TEMP ** 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(f"step {step:4d} kd loss {loss.item():.4f} student acc {acc(student):.3f}")
print(f"metric student_acc {acc(student):.4f}")
