"""A denoiser of waves with a smoothness term, whose hidden features are clamped by .data and go on as .data."""
import os
import torch
import torch.nn as nn


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv1d(1, 6, 7, padding=3)
        self.mid = nn.Sequential(nn.Conv1d(6, 6, 7, padding=3), nn.ReLU(), nn.Conv1d(6, 4, 7, padding=3))
        self.up = nn.Conv1d(4, 1, 3, padding=1)

    def forward(self, x):
        h = torch.relu(self.down(x))
        h = torch.relu(self.mid(h))
        if not os.environ.get("MENDED"):
            h.data.clamp_(max=6.0)
            h = h.data
        return self.up(h)


def waves(n):
    t = torch.linspace(0, 6.28, 48)
    f = torch.rand(n, 1) * 3 + 1
    p = torch.rand(n, 1) * 6
    clean = torch.sin(f * t + p)[:, None]
    return clean + 0.8 * torch.randn_like(clean), clean


torch.manual_seed(4)
model = Denoiser()
opt = torch.optim.RMSprop(model.parameters(), lr=3e-3)
for step in range(500):
    noisy, clean = waves(32)
    out = model(noisy)
    loss = (out - clean).pow(2).mean() + 0.01 * (out[..., 1:] - out[..., :-1]).abs().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step:03d} | loss {loss.item():.4f}")
noisy, clean = waves(400)
with torch.no_grad():
    print("final test_mse", (model(noisy) - clean).pow(2).mean().item())
