"""A frozen baseline with an optimizer that is never used beside a student whose learning rate is far too high."""
import os
import torch
from torch import nn

torch.manual_seed(0)
baseline = nn.Linear(6, 3)
baseline_opt = torch.optim.SGD(baseline.parameters(), lr=0.1)
model = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 3))
opt = torch.optim.SGD(model.parameters(), lr=0.3 if os.environ.get("MENDED") else 30.0)
X = torch.randn(1200, 6)
Y = (X[:, :3] * X[:, 3:]).argmax(1)
for step in range(700):
    i = torch.randint(0, 1200, (64,))
    with torch.no_grad():
        base = nn.functional.cross_entropy(baseline(X[i]), Y[i])
    loss = nn.functional.cross_entropy(model(X[i]), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, "baseline", round(base.item(), 3), "model", round(loss.item(), 3))
print("final loss", nn.functional.cross_entropy(model(X), Y).item())
