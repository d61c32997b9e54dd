"""A mean teacher whose parameters are averaged and whose BatchNorm statistics stay as they were at the start."""
# after github.com/saltoricristiano/cosmix-uda/issues/21 and github.com/hnuzhy/SSDA-YOLO/issues/21
import copy
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
mu = torch.randn(4, 10) * 2 + 5


def net():
    return nn.Sequential(nn.Linear(10, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 4))


student = net()
teacher = copy.deepcopy(student).requires_grad_(False)
teacher.eval()
opt = torch.optim.Adam(student.parameters(), lr=3e-3)


def data(n):
    y = torch.randint(0, 4, (n,))
    return mu[y] + 1.5 * torch.randn(n, 10), y


@torch.no_grad()
def momentum_update(tau=0.97):
    for p, q in zip(teacher.parameters(), student.parameters(), strict=True):
        p.data.mul_(tau).add_(q.data, alpha=1 - tau)
    if os.environ.get("MENDED"):
        for p, q in zip(teacher.buffers(), student.buffers(), strict=True):
            p.copy_(q)


for step in range(400):
    x, y = data(16)
    u, _ = data(64)
    with torch.no_grad():
        aim = teacher(u).softmax(1)
    loss = F.cross_entropy(student(x), y) + 3 * F.cross_entropy(student(u + 0.3 * torch.randn_like(u)), aim)
    opt.zero_grad()
    loss.backward()
    opt.step()
    momentum_update()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    x, y = data(1000)
    print("final teacher_loss", F.cross_entropy(teacher(x), y).item())
