"""CLIP on pairs: two towers, a learned temperature that is clamped, cross-entropy both ways."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Towers(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Linear(20, 64), nn.GELU(), nn.Linear(64, 16))
        self.b = nn.Sequential(nn.Linear(12, 64), nn.GELU(), nn.Linear(64, 16))
        self.scale = nn.Parameter(torch.tensor(2.66))

    def forward(self, x, y):
        return self.scale.exp() * F.normalize(self.a(x), dim=1) @ F.normalize(self.b(y), dim=1).T


A, B = torch.randn(5, 20), torch.randn(5, 12)
net = Towers()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
for step in range(400):
    z = torch.randn(48, 5)
    logits = net(z @ A + 0.3 * torch.randn(48, 20), z @ B + 0.3 * torch.randn(48, 12))
    labels = torch.arange(48)
    loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        net.scale.clamp_(0, 4.6)
    if step % 100 == 0:
        print(step, loss.item())
