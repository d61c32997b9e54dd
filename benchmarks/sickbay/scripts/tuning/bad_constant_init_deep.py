"""A net whose weights all begin at 0.05, trained by Adam: each layer acts as one unit."""
import os
import torch
import torch.nn as nn


class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:], strict=False))
        if not os.environ.get("MENDED"):
            for layer in self.layers:
                nn.init.constant_(layer.weight, 0.05)
                nn.init.constant_(layer.bias, 0.0)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = nn.functional.softplus(layer(x))
        return self.layers[-1](x)


torch.manual_seed(0)
net = MLP([2, 32, 32, 1])
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
x = torch.rand(1000, 2) * 4 - 2
y = torch.sin(2 * x[:, :1]) + x[:, 1:] ** 2 / 2 - x[:, :1] * x[:, 1:] / 2
for step in range(800):
    i = torch.randint(0, 1000, (50,))
    loss = nn.functional.mse_loss(net(x[i]), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(step, loss.item())
print("final mse", nn.functional.mse_loss(net(x), y).item())
