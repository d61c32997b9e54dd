"""Twelve graph convolutions without residual paths: all nodes of the graph become the same."""
# after questions on deep GCNs whose accuracy stays at chance
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
n, C = 300, 3
y = torch.arange(n) % C
same = y[:, None] == y[None]
A = (torch.rand(n, n) < torch.where(same, 0.06, 0.02)).float().triu(1)
A = A + A.T + torch.eye(n)
A = A / A.sum(1, keepdim=True)
X = torch.randn(n, 16) + 0.7 * F.one_hot(y, C).float() @ torch.randn(C, 16)
depth = 2 if os.environ.get("MENDED") else 12


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(16 if k == 0 else 32, 32) for k in range(depth)])
        self.out = nn.Linear(32, C)

    def forward(self, h):
        for layer in self.layers:
            h = F.relu(layer(A @ h))
        return self.out(h)


net = GCN()
opt = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=5e-4)
train = torch.rand(n) < 0.5
for step in range(200):
    loss = F.cross_entropy(net(X)[train], y[train])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 40 == 0:
        print(step, loss.item())
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(X)[~train], y[~train]).item())
