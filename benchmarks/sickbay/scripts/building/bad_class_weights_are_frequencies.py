"""The class weights of cross-entropy are the frequencies themselves and not their inverses: rare classes count even less."""
# after questions on the weight argument of nn.CrossEntropyLoss at discuss.pytorch.org
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
share = torch.tensor([0.86, 0.08, 0.04, 0.02])
centres = 1.6 * torch.randn(4, 10)


def sample(n, p):
    y = torch.multinomial(p, n, replacement=True)
    return centres[y] + 1.5 * torch.randn(n, 10), y


x, y = sample(3000, share)
counts = torch.bincount(y, minlength=4).float()
weights = counts / counts.sum()
if os.environ.get("MENDED"):
    weights = 1 / weights / 4
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 4))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss(weight=weights)
for epoch in range(6):
    for i in torch.randperm(3000).split(50):
        loss = criterion(net(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    x, y = sample(2000, torch.full((4,), 0.25))
    print("final balanced_error", (net(x).argmax(1) != y).float().mean().item())
