# Semi-supervised learning with a mean teacher: 60 labelled points, 3000 unlabelled ones
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(14)


def spirals(n):
    y = torch.randint(0, 3, (n,))
    r = torch.rand(n) * 0.9 + 0.1
    a = r * 6.0 + y * 2 * math.pi / 3
    return torch.stack([r * torch.cos(a), r * torch.sin(a)], 1) * 2 + 0.07 * torch.randn(n, 2), y


def net():
    return nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 3))


@torch.no_grad()
def update_teacher(teacher, student, decay):
    for t, s in zip(teacher.parameters(), student.parameters()):
        t.mul_(decay).add_(s, alpha=1 - decay)


@torch.no_grad()
def accuracy(m, x, y):
    return (m(x).argmax(1) == y).float().mean().item()


x_lab, y_lab = spirals(60)
x_unl, _ = spirals(3000)
x_test, y_test = spirals(1500)
student = net()
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)

for step in range(3001):
    ramp = math.exp(-5 * (1 - min(1.0, step / 1200)) ** 2)
    xu = x_unl[torch.randint(0, len(x_unl), (200,))]
    sup = F.cross_entropy(student(x_lab + 0.03 * torch.randn_like(x_lab)), y_lab)
    with torch.no_grad():
        target = teacher(xu + 0.06 * torch.randn_like(xu)).softmax(1)
    cons = F.mse_loss(student(xu + 0.06 * torch.randn_like(xu)).softmax(1), target)
    loss = sup + 10 * ramp * cons
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    update_teacher(teacher, student, min(0.99, 1 - 1 / (step + 1)))
    if step % 500 == 0:
        print(f"step {step} sup {sup.item():.4f} cons {cons.item():.5f} total {loss.item():.4f} "
              f"acc student {accuracy(student, x_test, y_test):.3f} teacher {accuracy(teacher, x_test, y_test):.3f}")
