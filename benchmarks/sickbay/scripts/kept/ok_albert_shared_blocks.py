"""One block is applied four times on purpose, as ALBERT and deep equilibrium nets do, with dropout by F.dropout."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp, self.block, self.out = nn.Linear(12, 48), nn.Sequential(nn.Linear(48, 96), nn.GELU(), nn.Linear(96, 48)), nn.Linear(48, 1)
        self.norm = nn.LayerNorm(48)

    def forward(self, x):
        h = self.inp(x)
        for _ in range(4):
            h = h + F.dropout(self.block(self.norm(h)), 0.1, training=self.training)
        return self.out(h).squeeze(1)


x = torch.randn(1600, 12)
y = torch.sin(x[:, 0] * 2) + x[:, 1] * x[:, 2] + 0.2 * torch.randn(1600)
net = Shared()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(10):
    net.train()
    for i in torch.randperm(1200).split(32):
        loss = F.smooth_l1_loss(net(x[i]), y[i])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, F.smooth_l1_loss(net(x[1200:]), y[1200:]).item())
