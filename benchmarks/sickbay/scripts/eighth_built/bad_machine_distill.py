"""Knowledge distillation: a wide teacher for vibration faults is compressed into a tiny student."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(77)
FAULTS, FEATS = 24, 40

proto = torch.randn(FAULTS, 2, FEATS)


def measurements(n):
    y = torch.randint(0, FAULTS, (n,))
    side = torch.randint(0, 2, (n,))
    x = proto[y, side] + 1.1 * torch.randn(n, FEATS)
    return x, y


def mlp(widths):
    mods = []
    for a, b in zip(widths[:-2], widths[1:-1]):
        mods += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*mods, nn.Linear(widths[-2], widths[-1]))


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


def train_teacher(net, x, y, epochs):
    opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
    for _ in range(epochs):
        net.train()
        for idx in torch.randperm(len(y)).split(128):
            opt.zero_grad()
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()


class Distiller:
    def __init__(self, teacher, student, temperature=4.0, lr=0.02):
        self.teacher, self.student, self.t = teacher.eval(), student, temperature
        self.opt = torch.optim.SGD(student.parameters(), lr=lr)

    def loss(self, s_logits, t_logits):
        activation = F.log_softmax if MENDED else F.softmax
        s = activation(s_logits / self.t, dim=1)
        t = F.softmax(t_logits / self.t, dim=1)
        return F.kl_div(s, t, reduction="batchmean") * self.t ** 2

    def epoch(self, x):
        self.student.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(128):
            with torch.no_grad():
                t_logits = self.teacher(x[idx])
            loss = self.loss(self.student(x[idx]), t_logits)
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            total += loss.item() * len(idx)
        return total / len(x)


x_lab, y_lab = measurements(6000)
x_val, y_val = measurements(1500)
x_unl, _ = measurements(5000)
teacher = mlp([FEATS, 256, 128, FAULTS])
train_teacher(teacher, x_lab, y_lab, 6)
print(f"teacher val acc {accuracy(teacher, x_val, y_val):.3f}")

student = mlp([FEATS, 48, FAULTS])
distiller = Distiller(teacher, student)
for ep in range(15):
    value = distiller.epoch(x_unl)
    if ep % 3 == 2:
        print(f"epoch {ep + 1} kd loss {value:.4f} student val acc {accuracy(student, x_val, y_val):.3f}")
print(f"metric student_acc {accuracy(student, x_val, y_val):.4f}")
