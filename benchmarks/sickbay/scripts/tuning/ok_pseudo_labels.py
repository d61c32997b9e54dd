"""Pseudo-labels: the model labels the unlabelled set in train mode under no_grad and learns from sure ones."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
mu = torch.randn(4, 8) * 1.3
y = torch.randint(0, 4, (2000,))
x = mu[y] + torch.randn(2000, 8)
lab = torch.arange(80)
net = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 4))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(700):
    i = lab[torch.randint(0, 80, (32,))]
    loss = F.cross_entropy(net(x[i]), y[i])
    if step > 200:
        u = torch.randint(80, 1600, (64,))
        with torch.no_grad():
            p, guess = net(x[u]).softmax(1).max(1)
        sure = p > 0.9
        if sure.any():
            loss = loss + 0.5 * F.cross_entropy(net(x[u] + 0.3 * torch.randn(64, 8))[sure], guess[sure])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 140 == 0:
        print(step, loss.item())
net.eval()
print("final accuracy", (net(x[1600:]).argmax(1) == y[1600:]).float().mean().item())
