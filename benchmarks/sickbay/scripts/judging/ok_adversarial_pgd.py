"""Adversarial training with three PGD steps: gradients with respect to inputs between the updates."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
mu = torch.randn(5, 12)
y = torch.randint(0, 5, (1000,))
x = mu[y] + 0.5 * torch.randn(1000, 12)
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 5))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


def attack(x, y, eps=0.3):
    delta = torch.zeros_like(x).uniform_(-eps, eps).requires_grad_(True)
    for _ in range(3):
        F.cross_entropy(net(x + delta), y).backward()
        delta.data = (delta + 0.15 * delta.grad.sign()).clamp(-eps, eps).detach()
        delta.grad.zero_()
    return (x + delta).detach()


for epoch in range(10):
    for i in torch.randperm(1000).split(50):
        adv = attack(x[i], y[i])
        opt.zero_grad()
        loss = F.cross_entropy(net(adv), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
print("final clean_loss", F.cross_entropy(net(x), y).item())
