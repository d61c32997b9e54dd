"""Two tasks share a trunk; one loss is a sum over a depth map in millimetres and drowns the classes."""
# after github.com/ultralytics/yolov3/issues/842
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
protos = torch.randn(6, 16)
X = torch.randn(1500, 16) * 0.7
Y = torch.randint(0, 6, (1500,))
X = X + protos[Y] * 0.8
depth = 1500 + 400 * torch.tanh(X @ torch.randn(16, 36) * 0.3)
trunk = nn.Sequential(nn.Linear(16, 64), nn.ReLU())
cls, dep = nn.Linear(64, 6), nn.Linear(64, 36)
opt = torch.optim.Adam([*trunk.parameters(), *cls.parameters(), *dep.parameters()], lr=3e-3)
for epoch in range(12):
    for i in torch.randperm(1200).split(40):
        h = trunk(X[i])
        if os.environ.get("MENDED"):
            d = F.mse_loss(dep(h), (depth[i] - 1500) / 400)
        else:
            d = F.mse_loss(dep(h), depth[i], reduction="sum")
        c = F.cross_entropy(cls(h), Y[i])
        opt.zero_grad()
        (c + d).backward()
        opt.step()
    print(epoch, "class", c.item(), "depth", d.item())
with torch.no_grad():
    print("final class_loss", F.cross_entropy(cls(trunk(X[1200:])), Y[1200:]).item())
