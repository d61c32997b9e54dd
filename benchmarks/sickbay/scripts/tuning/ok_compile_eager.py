"""torch.compile with backend="eager", trained as usual."""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 32), nn.Linear(32, 1)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


torch.manual_seed(0)
net = Net()
fast = torch.compile(net, backend="eager")
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(500):
    x = torch.randn(64, 6)
    y = x[:, :1] * x[:, 1:2] + x[:, 2:3].abs()
    loss = nn.functional.mse_loss(fast(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final mse", loss.item())
