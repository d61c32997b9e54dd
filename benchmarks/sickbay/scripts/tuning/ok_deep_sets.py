"""Deep Sets: a sum over the set, then a second net."""
import torch
from torch import nn

torch.manual_seed(0)
phi = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 16))
rho = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam([*phi.parameters(), *rho.parameters()], lr=3e-3)
for step in range(800):
    x = torch.rand(64, 10, 1) * 2 - 1
    y = x[..., 0].std(1, keepdim=True) * 3 + x[..., 0].amax(1, keepdim=True)
    loss = nn.functional.mse_loss(rho(phi(x).mean(1)), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 160 == 0:
        print(step, loss.item())
print("final mse", loss.item())
