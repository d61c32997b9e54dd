"""Crowd labels for training, expert labels for validation."""
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(7)
C = 8
m = torch.randn(C, 20)


def data(n, wrong):
    y = torch.randint(0, C, (n,))
    x = m[y] + .9 * torch.randn(n, 20)
    bad = torch.rand(n) < wrong
    return TensorDataset(x, torch.where(bad, torch.randint(0, C, (n,)), y))


train, val = data(4000, .4), data(1000, 0.)
model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Dropout(.3), nn.Linear(32, C))
opt = torch.optim.SGD(model.parameters(), lr=.05, momentum=.9, weight_decay=1e-3)
crit = nn.CrossEntropyLoss(label_smoothing=0.2)
xv, yv = val.tensors
for ep in range(8):
    model.train(); tl = ta = 0
    for x, y in DataLoader(train, 64, shuffle=True):
        out = model(x)
        loss = crit(out, y)
        opt.zero_grad(); loss.backward(); opt.step()
        tl += loss.item() * len(y); ta += (out.argmax(1) == y).sum().item()
    model.eval()
    with torch.no_grad():
        va = (model(xv).argmax(1) == yv).float().mean().item()
    print(f"epoch {ep} train loss {tl / 4000:.4f} train acc {ta / 4000:.3f} val acc {va:.3f}")
print("metric val_acc", round(va, 4))
