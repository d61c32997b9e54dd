"""A hypernetwork that makes the weights of a small net from a task code; the small net has no parameters of its own."""
import torch
from torch import nn

torch.manual_seed(0)
H = 12


class Hyper(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 3 * H + 1))

    def forward(self, code, x):
        w = self.net(code)
        w1, b1, w2, b2 = w[:, :H], w[:, H : 2 * H], w[:, 2 * H : 3 * H], w[:, 3 * H :]
        h = torch.tanh(x[..., None] * w1[:, None] * 3 + b1[:, None])
        return (h * w2[:, None]).sum(-1) + b2


net = Hyper()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(900):
    code = torch.rand(32, 2)
    x = torch.rand(32, 16) * 4 - 2
    y = (0.5 + code[:, :1]) * torch.sin(x + 3 * code[:, 1:])
    loss = (net(code, x) - y).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        print(step, loss.item())
print("final mse", loss.item())
