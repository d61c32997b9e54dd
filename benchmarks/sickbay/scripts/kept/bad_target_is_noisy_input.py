"""A denoiser's loss compares the reconstruction with the noisy picture that went in, and not with the clean one."""
# after github.com/irom-princeton/dppo/issues/14
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 64))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)


def clean(n):
    t = torch.linspace(0, 6.28, 64)
    return torch.sin(t * (1 + 2 * torch.rand(n, 1)) + 6.28 * torch.rand(n, 1))


def p_losses(x_start):
    noise_level = torch.rand(len(x_start), 1)
    x_noisy = x_start + noise_level * torch.randn_like(x_start)
    x_recon = net(x_noisy)
    if os.environ.get("MENDED"):
        return F.mse_loss(x_recon, x_start, reduction="mean")
    return F.mse_loss(x_recon, x_noisy, reduction="mean")


for step in range(1000):
    loss = p_losses(clean(64))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 200 == 0:
        print(step, loss.item())
with torch.no_grad():
    x = clean(500)
    print("final denoised_error", F.mse_loss(net(x + 0.8 * torch.randn_like(x)), x).item())
