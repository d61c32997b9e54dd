"""Weights kept in bfloat16 with a small learning rate: most updates are less than half a unit in the last place."""
# after reports on pure bfloat16 training, as github.com/karpathy/nanoGPT/issues/269 on dtypes
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
dtype = torch.float32 if os.environ.get("MENDED") else torch.bfloat16
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
for p in net.parameters():
    p.data += 0.5 * p.data.sign()  # loaded weights of ordinary size, 0.5 to 1
    p.data *= 0.2
net.to(dtype)
opt = torch.optim.SGD(net.parameters(), lr=1e-3)
x = torch.randn(2000, 10)
y = (x[:, 0] - x[:, 1] * x[:, 2]).unsqueeze(1)
for step in range(1500):
    i = torch.randint(0, 2000, (32,))
    loss = nn.functional.mse_loss(net(x[i].to(dtype)), y[i].to(dtype))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(step, loss.item())
with torch.no_grad():
    print("final mse", nn.functional.mse_loss(net(x.to(dtype)).float(), y).item())
