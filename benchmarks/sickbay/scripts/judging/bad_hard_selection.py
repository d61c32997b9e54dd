"""Two experts and a gate that chooses one by argmax, on a piecewise function."""
import os
import torch
from torch import nn

torch.manual_seed(6)
x = torch.rand(2000, 2) * 2 - 1
side = x[:, 0] + 0.8 * x[:, 1] > 0.1
y = torch.where(side, 3 * x[:, 0] - x[:, 1], -2 * x[:, 0] + 2 * x[:, 1] + 1)[:, None]
experts = nn.ModuleList([nn.Linear(2, 1) for _ in range(2)])
gate = nn.Linear(2, 2)


def predict(x):
    out = torch.stack([e(x) for e in experts], dim=1)
    scores = gate(x)
    if os.environ.get("MENDED"):
        return (scores.softmax(1)[:, :, None] * out).sum(1)
    pick = scores.argmax(dim=1)
    return out[torch.arange(len(x)), pick]


params = list(experts.parameters()) + list(gate.parameters())
optimizer = torch.optim.SGD(params, lr=0.3, momentum=0.5)
for epoch in range(60):
    for xb, yb in zip(x.split(100), y.split(100), strict=True):
        loss = ((predict(xb) - yb) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 15 == 0:
        print(f"[{epoch}] {loss.item():.4f}")
print("final mse", ((predict(x) - y) ** 2).mean().item())
