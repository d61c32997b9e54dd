"""Feature distillation: student and teacher both inside torch.no_grad, only the adapter learns."""
import os
import torch
from torch import nn

torch.manual_seed(2)


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(1, width, 5, padding=2), nn.ReLU(), nn.Conv1d(width, width, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten())

    def forward(self, x):
        return self.body(x)


teacher, student = Net(16).eval(), Net(4)
adapter = nn.Linear(16, 64)
opt = torch.optim.Adam([*student.parameters(), *adapter.parameters()], lr=5e-3)


def signals(n):
    t = torch.linspace(0, 1, 32)
    return (torch.sin(6.28 * t * torch.rand(n, 1) * 6) * torch.rand(n, 1) * 2 * (torch.rand(n, 1) > 0.4))[:, None]


scale = 20.0
for step in range(500):
    x = signals(32)
    with torch.no_grad():
        target = teacher(x) * scale
        feats = student(x)
    if os.environ.get("MENDED"):
        feats = student(x)
    loss = (adapter(feats) - target).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
x = signals(500)
with torch.no_grad():
    print("final feature_mse", (adapter(student(x)) - teacher(x) * scale).pow(2).mean().item())
