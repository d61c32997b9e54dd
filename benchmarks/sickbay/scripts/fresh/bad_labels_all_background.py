"""The label files are not found, so that every target is background; the loss falls to zero and nothing is learned."""
# after github.com/ultralytics/yolov5/issues/9045 and github.com/AlexeyAB/darknet/issues/849
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
names = [f"images/{k}.jpg" for k in range(1200)]
x = torch.randn(1200, 24)
true = (x[:, :8].sum(1) > 0).long() + (x[:, 8:16].sum(1) > 1).long()
on_disk = {f"labels/{k}.txt": int(c) for k, c in enumerate(true)}


def label(name):
    path = name.replace("images", "labels").replace(".jpg", ".txt") if os.environ.get("MENDED") else name + ".txt"
    return on_disk.get(path, 0)


y = torch.tensor([label(n) for n in names])
net = nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 3))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(12):
    for i in torch.randperm(1000).split(40):
        loss = F.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final test_error", (net(x[1000:]).argmax(1) != true[1000:]).float().mean().item())
