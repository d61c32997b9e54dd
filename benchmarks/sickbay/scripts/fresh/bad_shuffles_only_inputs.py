"""At each epoch the rows are shuffled and the labels are not, so the pairs change all the time."""
# after stackoverflow.com questions on a loss that stays at the start
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
mu = 2 * torch.randn(6, 12)
Y = torch.randint(0, 6, (1300,))
X = mu[Y] + torch.randn(1300, 12)
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 6))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(15):
    perm = torch.randperm(1000)
    xs, ys = X[perm], Y[:1000]
    if os.environ.get("MENDED"):
        ys = Y[perm]
    for k in range(0, 1000, 50):
        loss = F.cross_entropy(net(xs[k : k + 50]), ys[k : k + 50])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(X[1000:]), Y[1000:]).item())
