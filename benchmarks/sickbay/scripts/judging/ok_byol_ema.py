"""BYOL with predictor, stop-gradient and a target network that follows by moving average."""
import copy

import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(1)
things = torch.randn(12, 20) * 1.5


def view(x):
    return x + 0.7 * torch.randn_like(x)


online = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16), nn.BatchNorm1d(16))
predictor = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16))
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad = False
opt = torch.optim.SGD([*online.parameters(), *predictor.parameters()], lr=0.05, momentum=0.9)


def regression_loss(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=1).mean()


for step in range(400):
    x = things[torch.randint(0, 12, (96,))]
    a, b = view(x), view(x)
    with torch.no_grad():
        ta, tb = target(a), target(b)
    loss = regression_loss(predictor(online(a)), tb) + regression_loss(predictor(online(b)), ta)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for t, o in zip(target.parameters(), online.parameters(), strict=True):
            t.mul_(0.99).add_(o, alpha=0.01)
    if step % 80 == 0:
        print(step, loss.item())
online.eval()
with torch.no_grad():
    z = F.normalize(online(view(things[torch.randint(0, 12, (500,))])), dim=1)
print("final std_times_sqrt_d", z.std(0).mean().item() * 4)
