"""Fit one picture with a sine network: the same full batch of pixels at every step."""
import math
import torch
import torch.nn as nn

torch.manual_seed(16)
S = 32
g = torch.linspace(-1, 1, S)
yy, xx = torch.meshgrid(g, g, indexing="ij")
coords = torch.stack([xx, yy], -1).view(-1, 2)
picture = (0.5 + 0.25 * torch.sin(14 * xx) * torch.cos(9 * yy) + 0.25 * torch.sign(xx ** 2 + yy ** 2 - 0.4)).view(-1, 1)


class Sine(nn.Module):
    def __init__(self, i, o, w0, first=False):
        super().__init__()
        self.l, self.w0 = nn.Linear(i, o), w0
        b = 1 / i if first else math.sqrt(6 / i) / w0
        nn.init.uniform_(self.l.weight, -b, b)

    def forward(self, x):
        return torch.sin(self.w0 * self.l(x))


net = nn.Sequential(Sine(2, 64, 20.0, True), Sine(64, 64, 20.0), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
keep = torch.rand(S * S) < 0.8
for it in range(1, 601):
    loss = ((net(coords[keep]) - picture[keep]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 60 == 0:
        with torch.no_grad():
            m = ((net(coords) - picture) ** 2)
        psnr = -10 * math.log10(m[keep].mean().item())
        print(f"it {it} mse {loss.item():.5f} psnr {psnr:.2f} held-out pixels {-10 * math.log10(m[~keep].mean().item()):.2f}")
print("metric psnr %.3f" % psnr)
