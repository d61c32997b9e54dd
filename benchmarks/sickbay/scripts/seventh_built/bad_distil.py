"""Compressing a wide teacher into a narrow student (logit matching at T=4)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(30)
K, D, T = 25, 20, 4.0
g = torch.Generator().manual_seed(30)
proj = torch.randn(D, 60, generator=g)
cls = torch.randn(60, K, generator=g)


def data(n):
    x = torch.randn(n, D, generator=g)
    y = (torch.relu(x @ proj / D ** 0.5) @ cls + 0.4 * torch.randn(n, K, generator=g)).argmax(1)
    return x, y


def mlp(h):
    return nn.Sequential(nn.Linear(D, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, K))


def accuracy(m, x, y):
    m.eval()
    with torch.no_grad():
        return (m(x).argmax(1) == y).float().mean().item()


x_tr, y_tr = data(6000)
x_va, y_va = data(1500)
teacher, student = mlp(192), mlp(48)

opt = torch.optim.Adam(teacher.parameters(), 2e-3)
for step in range(500):
    i = torch.randint(0, len(x_tr), (128,))
    loss = F.cross_entropy(teacher(x_tr[i]), y_tr[i])
    opt.zero_grad(); loss.backward(); opt.step()
print("teacher val acc %.3f" % accuracy(teacher, x_va, y_va))
teacher.eval()
for p in teacher.parameters():
    p.requires_grad = False

squash = F.log_softmax if MENDED else F.softmax
criterion = nn.KLDivLoss(reduction="batchmean")
opt = torch.optim.Adam(student.parameters(), 2e-3)
for step in range(900):
    student.train()
    i = torch.randint(0, len(x_tr), (128,))
    with torch.no_grad():
        soft = F.softmax(teacher(x_tr[i]) / T, dim=1)
    loss = criterion(squash(student(x_tr[i]) / T, dim=1), soft) * T * T
    opt.zero_grad()
    loss.backward()
    opt.step()
    if (step + 1) % 100 == 0:
        print("step %4d  kd loss %.4f  val acc %.3f" % (step + 1, loss.item(), accuracy(student, x_va, y_va)))
print("metric val_acc %.4f" % accuracy(student, x_va, y_va))
