"""A mean teacher: few labels, a consistency loss that is ramped up, the teacher an average of weights and buffers."""
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
a = torch.rand(1000) * 3.1416
half = torch.rand(1000) < 0.5
x = torch.where(half[:, None], torch.stack([a.cos(), a.sin()], 1), torch.stack([1 - a.cos(), 0.5 - a.sin()], 1))
x = x + 0.08 * torch.randn(1000, 2)
y = half.long()
student = nn.Sequential(nn.Linear(2, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(),
                        nn.Linear(64, 2))
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.detach_()
opt = torch.optim.Adam(student.parameters(), lr=3e-3)
labelled = torch.randperm(1000)[:40]
for step in range(500):
    i, j = labelled[torch.randint(0, 40, (16,))], torch.randint(0, 1000, (64,))
    xs = torch.cat([x[i], x[j]])
    out = student(xs + 0.05 * torch.randn_like(xs))
    with torch.no_grad():
        aim = teacher(xs + 0.05 * torch.randn_like(xs)).softmax(1)
    ramp = math.exp(-5 * (1 - min(1.0, step / 200)) ** 2)
    loss = F.cross_entropy(out[:16], y[i]) + 5 * ramp * F.mse_loss(out.softmax(1), aim)
    opt.zero_grad()
    loss.backward()
    opt.step()
    alpha = min(1 - 1 / (step + 1), 0.99)
    with torch.no_grad():
        for p, q in zip(teacher.parameters(), student.parameters(), strict=True):
            p.mul_(alpha).add_(q, alpha=1 - alpha)
    if step % 100 == 99:
        teacher.eval()
        with torch.no_grad():
            print(step, loss.item(), (teacher(x).argmax(1) == y).float().mean().item())
        teacher.train()
