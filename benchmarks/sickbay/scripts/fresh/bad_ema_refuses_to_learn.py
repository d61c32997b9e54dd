"""A denoiser whose averaged copy is what is evaluated, with a decay of 0.9999 over 400 steps."""
# after github.com/lucidrains/DALLE2-pytorch/issues/131
import copy
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16))
ema = copy.deepcopy(net).requires_grad_(False)
decay = 0.98 if os.environ.get("MENDED") else 0.9999
basis = torch.randn(3, 16)
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)


def batch(n):
    x = torch.randn(n, 3) @ basis
    return x + torch.randn(n, 16), x


for step in range(400):
    noisy, clean = batch(64)
    loss = nn.functional.mse_loss(net(noisy), clean)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for p, q in zip(ema.parameters(), net.parameters(), strict=True):
            p.mul_(decay).add_(q, alpha=1 - decay)
    if step % 100 == 99:
        with torch.no_grad():
            noisy, clean = batch(500)
            print(step, "net", loss.item(), "averaged", nn.functional.mse_loss(ema(noisy), clean).item())
with torch.no_grad():
    print("final averaged_mse", nn.functional.mse_loss(ema(noisy), clean).item())
