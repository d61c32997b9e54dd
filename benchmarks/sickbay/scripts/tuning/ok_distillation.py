"""Distillation with temperature: a trained teacher in eval mode under no_grad, a small student learns from its logits."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
X = torch.randn(1600, 10)
Y = (X[:, 0] * X[:, 1] > 0).long() + (X[:, 2] > 0.5).long()
teacher = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 3))
student = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3))


def train(model, loss_of, steps):
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(steps):
        i = torch.randint(0, 1300, (64,))
        loss = loss_of(model(X[i]), i)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 200 == 0:
            print(step, loss.item())


train(teacher, lambda out, i: F.cross_entropy(out, Y[i]), 500)
teacher.eval()


def distil(out, i, T=3.0):
    with torch.no_grad():
        soft = F.softmax(teacher(X[i]) / T, dim=1)
    kd = F.kl_div(F.log_softmax(out / T, dim=1), soft, reduction="batchmean") * T * T
    return 0.7 * kd + 0.3 * F.cross_entropy(out, Y[i])


train(student, distil, 600)
print("final val_loss", F.cross_entropy(student(X[1300:]), Y[1300:]).item())
