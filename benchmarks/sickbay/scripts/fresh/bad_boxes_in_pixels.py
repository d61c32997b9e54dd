"""A bounding box is regressed in pixels of a 640 x 480 picture, by SGD with the rate of the classifier."""
# after posts on detection heads that do not learn, as github.com/yastrebksv/TennisCourtDetector/issues/7
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
unit = torch.tensor([640.0, 480.0, 640.0, 480.0])
x = torch.randn(1500, 20)
boxes = torch.sigmoid(x @ torch.randn(20, 4) * 0.5)
target = boxes if os.environ.get("MENDED") else boxes * unit
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
opt = torch.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9)
for epoch in range(12):
    for i in torch.randperm(1200).split(30):
        loss = nn.functional.mse_loss(net(x[i]), target[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    out, t = net(x[1200:]), target[1200:]
    print("final unexplained", ((out - t).square().mean(0) / t.var(0)).mean().item())
