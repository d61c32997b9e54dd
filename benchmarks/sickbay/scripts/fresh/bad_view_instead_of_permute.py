"""Pictures come as height, width, channel and are brought into shape for a convolution by view."""
# after questions on permute and view, as github.com/pytorch/pytorch/issues/16258
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def pictures(n):
    """A bar of one of three colours, upright or lying: six classes."""
    y = torch.randint(0, 6, (n,))
    x = 0.8 * torch.randn(n, 12, 12, 3)
    for i in range(n):
        k = int(torch.randint(0, 12, (1,)))
        if y[i] < 3:
            x[i, k, :, y[i]] += 1.5
        else:
            x[i, :, k, y[i] - 3] += 1.5
    return x, y


def to_tensor(x):
    return x.permute(0, 3, 1, 2) if os.environ.get("MENDED") else x.view(len(x), 3, 12, 12)


net = nn.Sequential(nn.Conv2d(3, 24, 5), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(24, 6))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
X, Y = pictures(1500)
Xv, Yv = pictures(400)
for epoch in range(8):
    for i in torch.randperm(1500).split(50):
        loss = F.cross_entropy(net(to_tensor(X[i])), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(to_tensor(Xv)), Yv).item())
