"""A warm-up that was written for epochs is stepped at each batch and never capped: the rate grows without end."""
# after github.com/crowsonkb/k-diffusion/issues/50
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))
opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
mended = bool(os.environ.get("MENDED"))
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 50) if mended else 1.02**s)


def loss_of(n):
    a = torch.rand(n) * 6.283
    x0 = torch.stack([a.cos(), (2 * a).sin()], 1)
    t, eps = torch.rand(n, 1), torch.randn(n, 2)
    return nn.functional.mse_loss(net(torch.cat([(1 - t) * x0 + t * eps, t], 1)), eps - x0)


for step in range(500):
    loss = loss_of(128)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 100 == 0:
        print(step, sched.get_last_lr()[0], loss.item())
with torch.no_grad():
    print("final loss", loss_of(4000).item())
