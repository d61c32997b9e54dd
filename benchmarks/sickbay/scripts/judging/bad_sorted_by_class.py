"""A folder-like data set, class after class, with shuffle=False."""
# after github.com/keras-team/keras/issues/6955 and github.com/cleverhans-lab/cleverhans/issues/232
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
C = 8
mu = torch.randn(C, 16) * 0.5
y = torch.arange(C).repeat_interleave(600)
x = mu[y] + 0.9 * torch.randn(len(y), 16)
loader = DataLoader(TensorDataset(x, y), batch_size=30, shuffle=bool(os.environ.get("MENDED")))
yt = torch.randint(0, C, (500,))
xt = mu[yt] + 0.9 * torch.randn(500, 16)
net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, C))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(6):
    for xb, yb in loader:
        loss = criterion(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        acc = (net(xt).argmax(1) == yt).float().mean().item()
    print("epoch", epoch, "train loss", round(loss.item(), 4), "test acc", round(acc, 3))
print("final test_loss", criterion(net(xt), yt).item())
