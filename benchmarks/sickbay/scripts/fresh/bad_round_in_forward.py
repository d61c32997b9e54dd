"""A learned quantiser rounds its code with torch.round, without a straight-through gradient."""
# after discuss.pytorch.org questions on torch.round having no gradient
import os
import torch
import torch.nn as nn

torch.manual_seed(0)


class Coder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 4))
        self.dec = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 12))

    def forward(self, x):
        z = 3 * torch.tanh(self.enc(x))
        code = torch.round(z)
        if os.environ.get("MENDED"):
            code = z + (code - z).detach()
        return self.dec(code)


basis = torch.randn(3, 12)
net = Coder()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(800):
    x = torch.randn(64, 3) @ basis
    loss = nn.functional.mse_loss(net(x), x)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        print(step, loss.item())
print("final mse", loss.item())
