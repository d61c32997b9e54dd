"""A conv net for stripes without any zero_grad."""
# after github.com/jcjohnson/pytorch-examples/issues/31
import os
import torch
from torch import nn

torch.manual_seed(19)


def stripes(n):
    y = torch.randint(0, 5, (n,))
    g = torch.arange(12).float()
    ang = y.float() * 0.628
    wave = g[None, :, None] * ang.cos()[:, None, None] + g[None, None, :] * ang.sin()[:, None, None]
    return torch.sin(wave + torch.rand(n, 1, 1) * 6).unsqueeze(1) + 0.7 * torch.randn(n, 1, 12, 12), y


net = nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(160, 32), nn.ReLU(), nn.Linear(32, 5))
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(300):
    x, y = stripes(48)
    loss = nn.functional.cross_entropy(net(x), y)
    if os.environ.get("MENDED"):
        opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.3f}")
x, y = stripes(400)
print("final test_loss", nn.functional.cross_entropy(net(x), y).item())
