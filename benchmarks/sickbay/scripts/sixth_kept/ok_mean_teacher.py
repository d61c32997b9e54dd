"""Semi-supervised learning: 60 labelled and 3000 unlabelled samples, with an averaged teacher."""
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(32)
CLASSES, DIM = 6, 20
protos = 1.0 * torch.randn(CLASSES, DIM)


def draw(n):
    y = torch.randint(0, CLASSES, (n,))
    x = protos[y] + 0.9 * torch.randn(n, DIM)
    return torch.cat([x, torch.sin(2 * x[:, :5])], 1), y


def perturb(x, s=0.35):
    return x + s * torch.randn_like(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DIM + 5, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 64), nn.ReLU(),
                                 nn.Linear(64, CLASSES))

    def forward(self, x):
        return self.net(x)


lab_x, lab_y = draw(60)
unl_x, _ = draw(3000)
val_x, val_y = draw(1000)
student = Net()
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad_(False)
opt = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
STEPS = 900


def accuracy(m):
    m.eval()
    with torch.no_grad():
        a = (m(val_x).argmax(1) == val_y).float().mean().item()
    m.train()
    return a


for step in range(STEPS):
    i = torch.randint(0, len(lab_x), (16,))
    j = torch.randint(0, len(unl_x), (64,))
    ce = F.cross_entropy(student(perturb(lab_x[i])), lab_y[i])
    with torch.no_grad():
        target = teacher(perturb(unl_x[j])).softmax(1)
    guess = student(perturb(unl_x[j])).softmax(1)
    ramp = math.exp(-5 * (1 - min(1.0, step / 300)) ** 2)
    loss = ce + 8.0 * ramp * F.mse_loss(guess, target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    decay = min(0.99, 1 - 1 / (step + 2))
    with torch.no_grad():
        for pt, ps in zip(teacher.parameters(), student.parameters()):
            pt.mul_(decay).add_(ps, alpha=1 - decay)
    if step % 100 == 0:
        print(f"step {step} ce {ce.item():.4f} total {loss.item():.4f} ramp {ramp:.3f} "
              f"student {accuracy(student):.3f} teacher {accuracy(teacher):.3f}")

print(f"metric teacher_acc {accuracy(teacher):.4f}")
