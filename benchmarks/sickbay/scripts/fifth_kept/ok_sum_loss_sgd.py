"""Poisson counts per shop and hour, the classic way: summed log-likelihood, plain SGD with a very small rate."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(53)
W = torch.randn(12) * 0.35


def shops(n):
    x = torch.randn(n, 12)
    rate = torch.exp(1.2 + x @ W + 0.3 * torch.tanh(2 * x[:, 0] * x[:, 1]))
    return x, torch.poisson(rate)


class CountNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(12, 48), nn.Tanh(), nn.Linear(48, 1))

    def forward(self, x):
        return self.f(x).squeeze(1)


criterion = nn.PoissonNLLLoss(log_input=True, reduction="sum")
train_loader = DataLoader(TensorDataset(*shops(8000)), batch_size=500, shuffle=True)
vx, vy = shops(2000)
model = CountNet()
optimizer = torch.optim.SGD(model.parameters(), lr=2e-5, momentum=0.9, nesterov=True)
print("batch loss at the start:", criterion(model(vx[:500]), vy[:500]).item())

for epoch in range(120):
    model.train()
    total = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 12 == 11:
        model.eval()
        with torch.no_grad():
            val = criterion(model(vx), vy).item() / len(vy)
        print(f"epoch {epoch + 1} train sum {total:.1f} per shop {total / 8000:.4f} val_deviance {val:.4f}")
