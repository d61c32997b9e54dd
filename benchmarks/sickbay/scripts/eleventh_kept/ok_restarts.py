"""Twelve bimodal classes, SGDR."""
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts

torch.manual_seed(2)
proto = torch.randn(12, 2, 20)


def data(n):
    y = torch.randint(0, 12, (n,))
    side = torch.randint(0, 2, (n,))
    return proto[y, side] + .8 * torch.randn(n, 20), y


x, y = data(2400)
xv, yv = data(1000)
model = nn.Sequential(nn.Linear(20, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 12))
opt = torch.optim.SGD(model.parameters(), lr=0.8, momentum=0.9, nesterov=True, weight_decay=2e-4)
sched = CosineAnnealingWarmRestarts(opt, T_0=100, T_mult=2, eta_min=1e-4)
for step in range(700):
    model.train()
    j = torch.randint(0, len(x), (64,))
    loss = nn.functional.cross_entropy(model(x[j]), y[j])
    opt.zero_grad(); loss.backward(); opt.step(); sched.step()
    if step % 50 == 49:
        model.eval()
        with torch.no_grad():
            acc = (model(xv).argmax(1) == yv).float().mean().item()
        print(f"step {step + 1} lr {sched.get_last_lr()[0]:.4f} loss {loss.item():.4f} val {acc:.4f}")
print("metric val_acc", round(acc, 4))
