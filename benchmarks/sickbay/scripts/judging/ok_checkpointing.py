"""Gradient checkpointing over residual blocks: each block's forward runs twice."""
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.ln, self.f = nn.LayerNorm(d), nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.f(self.ln(x))


class Net(nn.Module):
    def __init__(self, d=32, depth=5):
        super().__init__()
        self.inp, self.blocks, self.out = nn.Linear(4, d), nn.ModuleList(Block(d) for _ in range(depth)), nn.Linear(d, 1)

    def forward(self, x):
        x = self.inp(x)
        for b in self.blocks:
            x = checkpoint(b, x, use_reentrant=False)
        return self.out(x)


torch.manual_seed(0)
net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 400)
for step in range(400):
    x = torch.rand(64, 4) * 2 - 1
    y = (x[:, :1] * x[:, 1:2] * 3 + x[:, 2:3].sin() - x[:, 3:].abs())
    loss = nn.functional.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 80 == 0:
        print(step, loss.item())
print("final loss", loss.item())
