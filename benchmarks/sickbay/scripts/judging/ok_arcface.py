"""Metric learning with an additive angular margin (ArcFace-like), scale 16: the loss begins above ln of the classes."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
C = 15
mu = torch.randn(C, 24)


class ArcFace(nn.Module):
    def __init__(self, d=12, s=16.0, m=0.3):
        super().__init__()
        self.W, self.s, self.m = nn.Parameter(torch.randn(C, d)), s, m

    def forward(self, z, y):
        cos = F.linear(F.normalize(z), F.normalize(self.W)).clamp(-0.999, 0.999)
        hit = F.one_hot(y, C).bool()
        return F.cross_entropy(self.s * torch.where(hit, (cos.acos() + self.m).cos(), cos), y)


net, head = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 12)), ArcFace()
opt = torch.optim.SGD([*net.parameters(), *head.parameters()], lr=0.05, momentum=0.9, weight_decay=5e-4)
for step in range(500):
    y = torch.randint(0, C, (64,))
    loss = head(net(mu[y] + 0.5 * torch.randn(64, 24)), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final loss", loss.item())
