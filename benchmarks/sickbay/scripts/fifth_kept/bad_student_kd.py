"""Knowledge distillation: a wide teacher, a narrow student, few labels for the student but many unlabelled images."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(7)
NUM_CLASSES = 8
DIM = 40
centers = torch.randn(NUM_CLASSES * 3, DIM) * 0.55


def sample(n):
    k = torch.randint(0, NUM_CLASSES * 3, (n,))
    return centers[k] + torch.randn(n, DIM), k % NUM_CLASSES


class MLP(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(DIM, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, NUM_CLASSES)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return self.out(F.relu(self.fc2(x)))


def score(net, x, y):
    net.eval()
    with torch.no_grad():
        out = net(x)
        return (out.argmax(1) == y).float().mean().item(), F.cross_entropy(out, y).item()


def train_teacher():
    net = MLP(256)
    opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
    x, y = sample(12000)
    for epoch in range(6):
        net.train()
        for xb, yb in DataLoader(TensorDataset(x, y), batch_size=128, shuffle=True):
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return net.eval()


class DistillationLoss(nn.Module):
    def __init__(self, temperature=2.0, alpha=0.9):
        super().__init__()
        self.t = temperature
        self.alpha = alpha

    def forward(self, student_logits, teacher_logits, labels, labelled):
        teacher = F.softmax(teacher_logits / self.t, dim=1)
        if MENDED:
            student = F.log_softmax(student_logits / self.t, dim=1)
        else:
            student = F.softmax(student_logits / self.t, dim=1)
        kd = F.kl_div(student, teacher, reduction="batchmean") * self.t ** 2
        ce = (F.cross_entropy(student_logits, labels, reduction="none") * labelled).sum() / labelled.sum().clamp(min=1)
        return self.alpha * kd + (1 - self.alpha) * ce, kd.detach(), ce.detach()


test_x, test_y = sample(3000)
teacher = train_teacher()
print("teacher accuracy %.3f nll %.4f" % score(teacher, test_x, test_y))

x, y = sample(8000)
labelled = (torch.arange(len(x)) < 160).float()
loader = DataLoader(TensorDataset(x, y, labelled), batch_size=64, shuffle=True)
student = MLP(24)
criterion = DistillationLoss()
optimizer = torch.optim.Adam(student.parameters(), lr=2e-3)

for epoch in range(15):
    student.train()
    s_kd = s_ce = 0.0
    for xb, yb, lb in loader:
        with torch.no_grad():
            t_logits = teacher(xb)
        loss, kd, ce = criterion(student(xb), t_logits, yb, lb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        s_kd += kd.item()
        s_ce += ce.item()
    acc, nll = score(student, test_x, test_y)
    print(f"epoch {epoch} kd {s_kd / len(loader):.4f} ce {s_ce / len(loader):.4f} acc {acc:.3f} test_nll {nll:.4f}")
