"""A value function whose forward applies relu after each layer, on returns of both signs."""
import os
from torch import nn
import torch

torch.manual_seed(11)


class Value(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))

    def forward(self, s):
        for k, layer in enumerate(self.layers):
            s = layer(s)
            if k < len(self.layers) - 1 or not os.environ.get("MENDED"):
                s = s.relu()
        return s.squeeze(-1)


def rollouts(n, gamma=0.9, horizon=12):
    s0 = torch.randn(n, 4)
    s, ret = s0.clone(), torch.zeros(n)
    for t in range(horizon):
        ret += gamma**t * (s[:, 0] - 0.3 * s[:, 1] ** 2 * s[:, 2].sign())
        s = 0.9 * s + 0.1 * s.roll(1, 1)
    return s0, ret


v = Value([4, 64, 64, 1])
opt = torch.optim.Adam(v.parameters(), lr=1e-3)
for it in range(600):
    s, g = rollouts(64)
    loss = torch.nn.functional.smooth_l1_loss(v(s), g)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print("iteration", it, "value loss", loss.item())
s, g = rollouts(2000)
print("final value_loss", torch.nn.functional.smooth_l1_loss(v(s), g).item())
