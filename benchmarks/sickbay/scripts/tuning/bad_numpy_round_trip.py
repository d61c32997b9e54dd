"""A spectrum classifier that standardises its hidden features with numpy in the forward pass."""
import os
import numpy as np
import torch
from torch import nn

torch.manual_seed(8)
rng = np.random.default_rng(8)


def spectra(n):
    y = rng.integers(0, 3, n)
    t = np.arange(40)
    phase = rng.uniform(0, 6, (n, 1))
    x = np.sin(t[None] * (0.3 + 0.25 * y[:, None]) + phase) + rng.normal(0, 0.8, (n, 40))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


class SpectrumNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(40, 64)
        self.layer2 = nn.Linear(64, 24)
        self.layer3 = nn.Linear(24, 3)

    def forward(self, x):
        h = torch.relu(self.layer2(torch.relu(self.layer1(x))))
        if os.environ.get("MENDED"):
            h = (h - h.mean(0)) / (h.std(0) + 1e-3)
        else:
            a = h.detach().numpy()
            a = (a - a.mean(axis=0)) / (a.std(axis=0) + 1e-3)
            h = torch.from_numpy(a)
        return self.layer3(h)


x, y = spectra(1500)
net = SpectrumNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(20):
    for i in torch.randperm(1200).split(60):
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 4 == 0:
        with torch.no_grad():
            acc = (net(x[1200:]).argmax(1) == y[1200:]).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.3f} val acc {acc:.3f}")
print("final val_loss", nn.functional.cross_entropy(net(x[1200:]), y[1200:]).item())
