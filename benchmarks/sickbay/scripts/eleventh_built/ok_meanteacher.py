"""Semi-supervised: 60 labels, 4000 unlabelled points, mean teacher."""
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
mu = torch.randn(6, 12) * 1.1


def draw(n):
    y = torch.randint(0, 6, (n,))
    return mu[y] + torch.randn(n, 12), y


xl, yl = draw(60)
xu, _ = draw(4000)
xv, yv = draw(1500)
student = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Dropout(.2), nn.Linear(64, 6))
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(student.parameters(), lr=3e-3)
for step in range(601):
    j = torch.randint(0, len(xu), (128,))
    noisy = lambda t: t + .3 * torch.randn_like(t)
    sup = F.cross_entropy(student(noisy(xl)), yl)
    cons = F.mse_loss(student(noisy(xu[j])).softmax(1), teacher(noisy(xu[j])).softmax(1))
    ramp = min(1.0, step / 200)
    loss = sup + 8 * ramp * cons
    opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        m = min(0.99, 1 - 1 / (step + 1))
        for a, b in zip(teacher.parameters(), student.parameters()):
            a.mul_(m).add_(b, alpha=1 - m)
    if step % 100 == 0:
        teacher.eval()
        acc = (teacher(xv).argmax(1) == yv).float().mean().item()
        teacher.train()
        print(f"step {step} sup {sup.item():.4f} cons {cons.item():.5f} teacher val acc {acc:.4f}")
print("metric teacher_val_acc", round(acc, 4))
