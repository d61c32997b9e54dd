"""A deep regression net with its hidden layers in a Python list, trained with Adam."""
# after a blog's "layers in a Python list: model.parameters() never sees them"
import os
import torch
from torch import nn

torch.manual_seed(5)


class DeepNet(nn.Module):
    def __init__(self, width=24, depth=3):
        super().__init__()
        self.inp = nn.Linear(3, width)
        layers = [nn.Linear(width, width) for _ in range(depth)]
        self.hidden = nn.ModuleList(layers) if os.environ.get("MENDED") else layers
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        x = torch.tanh(self.inp(x))
        for layer in self.hidden:
            x = torch.tanh(layer(x))
        return self.head(x).squeeze(-1)


def f(x):
    return torch.sin(3 * x[:, 0]) * torch.cos(2 * x[:, 1]) + x[:, 2] * torch.sin(4 * x[:, 1])


x = torch.rand(1000, 3) * 4 - 2
y = f(x)
model = DeepNet()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(1500):
    i = torch.randint(0, 900, (64,))
    loss = nn.functional.mse_loss(model(x[i]), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(step, f"{loss.item():.4f}")
print("final val_mse", nn.functional.mse_loss(model(x[900:]), y[900:]).item())
