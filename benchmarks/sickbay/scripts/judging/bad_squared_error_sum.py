"""An autoencoder by SGD whose squared error is summed over the batch and all pixels."""
import os
import torch
from torch import nn


def bars(n):
    x = torch.zeros(n, 8, 8)
    r, c = torch.randint(0, 8, (n,)), torch.randint(0, 8, (n,))
    x[torch.arange(n), r] = 1
    x[torch.arange(n), :, c] = 1
    return x.flatten(1)


class AE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 48), nn.Tanh(), nn.Linear(48, 16), nn.Tanh())
        self.dec = nn.Sequential(nn.Linear(16, 48), nn.Tanh(), nn.Linear(48, 64))

    def forward(self, x):
        return self.dec(self.enc(x))


torch.manual_seed(1)
ae = AE()
opt = torch.optim.SGD(ae.parameters(), lr=0.5 if os.environ.get("MENDED") else 0.02, momentum=0.9)
for step in range(500):
    x = bars(64)
    err = (ae(x) - x) ** 2
    loss = err.mean() if os.environ.get("MENDED") else err.sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
x = bars(500)
print("final mse", ((ae(x) - x) ** 2).mean().item())
