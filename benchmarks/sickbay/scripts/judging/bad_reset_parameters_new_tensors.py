"""An init function run after the optimizer, which assigns new nn.Parameters to each layer."""
import os
import torch
import torch.nn as nn

torch.manual_seed(4)


def orthogonal_init(model):
    for m in model.modules():
        if isinstance(m, nn.Linear):
            w = torch.empty_like(m.weight)
            nn.init.orthogonal_(w)
            if os.environ.get("MENDED"):
                m.weight.data.copy_(w)
            else:
                m.weight = nn.Parameter(w)
                m.bias = nn.Parameter(torch.zeros_like(m.bias))


net = nn.Sequential(nn.Linear(2, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
orthogonal_init(net)
xy = torch.rand(800, 2) * 2 - 1
z = torch.sin(xy[:, :1] * 3) * torch.cos(xy[:, 1:] * 3)
for step in range(400):
    i = torch.randint(0, 800, (64,))
    loss = (net(xy[i]) - z[i]).square().mean()
    opt.zero_grad()
    net.zero_grad()
    loss.backward()
    opt.step()
    if step % 80 == 0:
        print(step, loss.item())
print("final mse", (net(xy) - z).square().mean().item())
