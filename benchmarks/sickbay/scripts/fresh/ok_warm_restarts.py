"""Cosine annealing with warm restarts, down to a rate of almost nothing at the end of each cycle."""
import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.rand(1500, 4) * 4 - 2
y = (torch.sin(x[:, 0]) * x[:, 1] + x[:, 2].abs())[:, None]
net = nn.Sequential(nn.Linear(4, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=100, T_mult=2, eta_min=1e-6)
for step in range(700):
    i = torch.randint(0, 1200, (50,))
    loss = nn.functional.mse_loss(net(x[i]), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 100 == 99:
        with torch.no_grad():
            print(step, sched.get_last_lr()[0], nn.functional.mse_loss(net(x[1200:]), y[1200:]).item())
