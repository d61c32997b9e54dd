"""A student is distilled by F.kl_div(softmax, softmax): the first argument should be log-probabilities."""
# after questions on a negative KL divergence in discuss.pytorch.org
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
x = torch.randn(2000, 10)
y = (x[:, 0] > 0).long() * 2 + (x[:, 1] * x[:, 2] > 0).long()
teacher = nn.Sequential(nn.Linear(10, 96), nn.ReLU(), nn.Linear(96, 4))
ot = torch.optim.Adam(teacher.parameters(), lr=5e-3)
for _ in range(400):
    i = torch.randint(0, 1600, (64,))
    loss = F.cross_entropy(teacher(x[i]), y[i])
    ot.zero_grad()
    loss.backward()
    ot.step()
teacher.eval().requires_grad_(False)
student = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, 4))
os_ = torch.optim.Adam(student.parameters(), lr=5e-3)
T = 2.0
for step in range(500):
    i = torch.randint(0, 1600, (64,))
    p = (teacher(x[i]) / T).softmax(1)
    q = (student(x[i]) / T).log_softmax(1) if os.environ.get("MENDED") else (student(x[i]) / T).softmax(1)
    loss = T * T * F.kl_div(q, p, reduction="batchmean")
    os_.zero_grad()
    loss.backward()
    os_.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final student_loss", F.cross_entropy(student(x[1600:]), y[1600:]).item())
