"""A pretrained body is loaded with strict=False, its keys begin with "module.": nothing fits, the frozen body is random."""
# after discuss.pytorch.org "missing keys & unexpected keys in state_dict when loading self-trained model" (DataParallel)
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
mix = torch.randn(3, 40)


def data(n):
    z = torch.randn(n, 3)
    return z @ mix + 1.5 * torch.randn(n, 40), z


class Net(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(40, 48), nn.ReLU(), nn.Linear(48, 3), nn.Tanh())
        self.head = nn.Linear(3, outputs)

    def forward(self, x):
        return self.head(self.body(x))


pretrained = nn.DataParallel(Net(3))
optimizer = torch.optim.Adam(pretrained.parameters(), lr=3e-3)
for step in range(400):
    x, z = data(64)
    loss = nn.functional.mse_loss(pretrained(x), z)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
checkpoint = {k: v for k, v in pretrained.state_dict().items() if "head" not in k}

net = Net(2)
if os.environ.get("MENDED"):
    checkpoint = {k.removeprefix("module."): v for k, v in checkpoint.items()}
net.load_state_dict(checkpoint, strict=False)
for p in net.body.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam(net.head.parameters(), lr=5e-3)
for step in range(500):
    x, z = data(64)
    loss = nn.functional.cross_entropy(net(x), (z[:, 0] + z[:, 1] > 0).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    x, z = data(1000)
    print("final val_loss", nn.functional.cross_entropy(net(x), (z[:, 0] + z[:, 1] > 0).long()).item())
