"""Distil a wide teacher into a small student with softened targets only (no labels)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(20)
N_IN, N_CLASSES = 20, 10
w1 = torch.randn(N_IN, 24) / N_IN ** 0.5
w2 = torch.randn(24, N_CLASSES)


def world(n):
    x = torch.randn(n, N_IN)
    logits = 1.2 * torch.tanh(2 * x @ w1) @ w2
    y = torch.distributions.Categorical(logits=logits).sample()
    return x, y


class Mlp(nn.Module):
    def __init__(self, hidden, depth):
        super().__init__()
        layers, n = [], N_IN
        for _ in range(depth):
            layers += [nn.Linear(n, hidden), nn.ReLU()]
            n = hidden
        self.net = nn.Sequential(*layers, nn.Linear(n, N_CLASSES))

    def forward(self, x):
        return self.net(x)


def train_teacher(x, y):
    teacher = Mlp(128, 2)
    opt = torch.optim.AdamW(teacher.parameters(), lr=1e-3, weight_decay=0.1)
    for step in range(400):
        idx = torch.randint(0, len(x), (128,))
        loss = F.cross_entropy(teacher(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"teacher trained, loss {loss.item():.3f}")
    return teacher.eval()


train_x, train_y = world(6000)
val_x, val_y = world(1500)
teacher = train_teacher(train_x, train_y)
student = Mlp(32, 1)
optimizer = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9)
T = 2.0
criterion = nn.KLDivLoss(reduction="batchmean")


def distill_loss(student_logits, teacher_logits):
    soft_teacher = F.softmax(teacher_logits / T, dim=1)
    if MENDED:
        soft_student = F.log_softmax(student_logits / T, dim=1)
    else:
        soft_student = F.softmax(student_logits / T, dim=1)
    return criterion(soft_student, soft_teacher) * T * T


def validate():
    student.eval()
    with torch.no_grad():
        s, t = student(val_x), teacher(val_x)
        agree = (s.argmax(1) == t.argmax(1)).float().mean().item()
        nll = F.cross_entropy(s, val_y).item()
        nll_teacher = F.cross_entropy(t, val_y).item()
    student.train()
    return agree, nll, nll_teacher


for epoch in range(15):
    order = torch.randperm(len(train_x))
    total = 0.0
    for i in range(0, len(order), 64):
        x = train_x[order[i:i + 64]]
        with torch.no_grad():
            t_logits = teacher(x)
        loss = distill_loss(student(x), t_logits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    agree, nll, nll_t = validate()
    print(f"epoch {epoch} distill loss {total / len(order):.4f} agreement {agree:.3f} val nll {nll:.3f} (teacher {nll_t:.3f})")

print(f"metric val_nll {validate()[1]:.4f}")
