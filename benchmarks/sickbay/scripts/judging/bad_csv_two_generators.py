"""Two numpy shuffles with different seeds on images and labels, a CNN that learns its training set by heart."""
import os
import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(0)
labels = rng.integers(0, 2, 500)
imgs = rng.normal(size=(500, 1, 8, 8)).astype("float32")
imgs[labels == 1, :, 2:5, 2:5] += 0.9
np.random.default_rng(1).shuffle(imgs)
np.random.default_rng(1 if os.environ.get("MENDED") else 2).shuffle(labels)
X, Y = torch.from_numpy(imgs), torch.from_numpy(labels)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 24, 3), nn.Conv2d(24, 48, 3)
        self.f1, self.f2 = nn.Linear(48 * 16, 96), nn.Linear(96, 2)

    def forward(self, x):
        x = torch.relu(self.c2(torch.relu(self.c1(x)))).flatten(1)
        return self.f2(torch.relu(self.f1(x)))


torch.manual_seed(0)
net, lossf = Cnn(), nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(18):
    net.train()
    total = 0.0
    for i in torch.randperm(300).split(15):
        opt.zero_grad()
        loss = lossf(net(X[i]), Y[i])
        loss.backward()
        opt.step()
        total += loss.item() / 20
    net.eval()
    with torch.no_grad():
        val = lossf(net(X[300:]), Y[300:]).item()
    print(epoch, round(total, 3), round(val, 3))
    if os.environ.get("MENDED") and epoch >= 3:
        break
print("final val_loss", val)
